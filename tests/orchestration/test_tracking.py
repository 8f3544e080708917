"""What training writes to MLflow is there afterwards, and the registry's aliases follow our own tables."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest
from dagster import DagsterExecutionInterruptedError
from sqlalchemy import Engine, insert, update

from modelmill import tracking
from modelmill.evaluate import reports
from modelmill.processes import RUN
from modelmill.records import Dataset, Interval, Report
from modelmill.settings import Settings
from modelmill.store import tables

TASK = "intent_classification"


def test_a_run_keeps_its_parameters_curve_data_and_files_and_one_that_fails_says_so(
    settings: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "curve.json"
    file.write_text("{}")
    with tracking.run(settings, TASK, "first", tags={"profile": "tiny"}, params={"lr": 1e-4}) as run:
        for step in range(150):
            run.metric("loss", 1 / (step + 1), step)
        run.dataset(Dataset("ab" * 32, TASK, tmp_path, {"train": 3}, {}))
        run.artifact(file)
        run.text("seen", "notes.md")
    mlflow = tracking.client(settings)
    kept = mlflow.get_run(run.id)
    assert kept.info.status == "FINISHED"
    assert kept.data.params == {"lr": "0.0001"}
    assert kept.data.tags["dataset_sha256"] == "ab" * 32
    assert len(mlflow.get_metric_history(run.id, "loss")) == 150
    assert kept.inputs.dataset_inputs[0].dataset.name == TASK
    folder = settings.mlruns_dir / TASK / run.id / "artifacts"
    assert {path.name for path in folder.iterdir()} == {"curve.json", "notes.md"}
    with pytest.raises(ZeroDivisionError), tracking.run(settings, TASK, "bad") as bad:
        _ = 1 / 0
    assert mlflow.get_run(bad.id).info.status == "FAILED"


@pytest.mark.parametrize("ends", [KeyboardInterrupt, DagsterExecutionInterruptedError])
def test_a_run_that_was_ended_or_canceled_was_killed_and_did_not_fail(
    settings: Settings, ends: type[BaseException]
) -> None:
    with pytest.raises(ends), tracking.run(settings, TASK, "ended") as run:
        raise ends
    assert tracking.client(settings).get_run(run.id).info.status == "KILLED"


def test_what_a_killed_run_of_dagster_left_open_is_ended_and_nothing_else(
    settings: Settings, db: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracking.end_killed(db, "before MLflow has tables")
    with ExitStack() as still_open:
        runs = {}
        for by in ("dead", "alive"):
            monkeypatch.setenv(RUN, by)
            runs[by] = still_open.enter_context(tracking.run(settings, TASK, by)).id
        tracking.end_killed(db, "dead")
        told = {by: tracking.client(settings).get_run(run).info for by, run in runs.items()}
    assert {by: info.status for by, info in told.items()} == {"dead": "KILLED", "alive": "RUNNING"}
    assert told["dead"].end_time >= told["dead"].start_time


def test_the_aliases_follow_the_releases_and_projecting_twice_changes_nothing(settings: Settings, db: Engine) -> None:
    _candidate(db, "c1")
    assert tracking.project_aliases(settings, db, TASK) == {"challenger": "c1"}
    _release(db, "c1", "1.0.0", 1)
    assert tracking.project_aliases(settings, db, TASK) == {"champion": "c1"}
    _candidate(db, "c2")
    both = {"champion": "c1", "challenger": "c2"}
    assert tracking.project_aliases(settings, db, TASK) == both
    assert tracking.project_aliases(settings, db, TASK) == both
    mlflow = tracking.client(settings)
    assert mlflow.get_registered_model(TASK).aliases == {"champion": 1, "challenger": 2}
    champion = mlflow.get_model_version_by_alias(TASK, "champion")
    assert champion.tags["release"] == f"{TASK}@1.0.0"
    assert champion.tags["validation_status"] == "passed"
    assert "accuracy **0.500 [0.400, 0.600]**" in champion.description and "licence MIT" in champion.description
    challenger = mlflow.get_model_version_by_alias(TASK, "challenger")
    assert challenger.tags["validation_status"] == "pending" and "Not measured yet" in challenger.description


def _candidate(db: Engine, sha256: str) -> None:
    with db.begin() as conn:
        if sha256 == "c1":
            manifest = {"sources": [{"corpus": "code", "revision": "r1", "licence": "MIT"}]}
            conn.execute(insert(tables.dataset).values(sha256="d", task=TASK, path="x", counts={}, manifest=manifest))
        row = {"sha256": sha256, "task": TASK, "dataset_sha256": "d", "profile": "tiny", "seed": 1}
        conn.execute(insert(tables.candidate).values(**row, params={}, manifest={}))


def _release(db: Engine, sha256: str, version: str, number: int) -> None:
    body = reports.to_json(_report(sha256))
    with db.begin() as conn:
        report = conn.execute(
            insert(tables.report)
            .values(task=TASK, candidate_sha256=sha256, dataset_sha256="d", passed=True, body=body)
            .returning(tables.report.c.id)
        ).scalar_one()
        conn.execute(update(tables.release).where(tables.release.c.task == TASK).values(status="previous"))
        row = {"task": TASK, "number": number, "version": version, "candidate_sha256": sha256, "dataset_sha256": "d"}
        conn.execute(insert(tables.release).values(**row, report_id=report, status="champion"))


def _report(sha256: str) -> Report:
    return Report(
        id=0, task=TASK, candidate_sha256=sha256, dataset_sha256="d", main_score="accuracy", unit="share",
        value=Interval(0.5, 0.4, 0.6), baseline=0.3, champion=None, delta_baseline=Interval(0.2, 0.1, 0.3),
        delta_champion=None, n=100, seed=17, scores={}, slices={}, latency_ms=1.0, size_bytes=1, passed=True,
        reasons=(),
    )  # fmt: skip
