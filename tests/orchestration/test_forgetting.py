"""What Dagster, the logs and the pages keep of a corpus goes with it; what they keep of others stays."""

from __future__ import annotations

import json
import time
from pathlib import Path

import dagster as dg
import pytest
from dagster import AssetKey, DagsterInstance
from dagster._core.scheduler.instigation import InstigatorType, TickData, TickStatus
from sqlalchemy import Engine, text

from modelmill import erasure, logs
from modelmill.settings import Settings
from modelmill.store import artifacts, corpora
from orchestration.definitions import defs
from orchestration.jobs import INTAKE

CANARY = "quetzalcoatlus"
CODE = (
    'def {0}_area(radius):\n    """Give the {0} area of a circle around nothing."""\n    return radius * {0}_factor\n'
)
RUN_OF_TRAINING = "11111111-2222-3333-4444-555555555555"


@pytest.fixture
def own_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process opens one home's log, and a test before this one may have opened another's."""
    monkeypatch.setattr(logs.logger(), "handlers", [])


def take_in(settings: Settings, db: Engine, dagster: DagsterInstance, name: str, folder: Path, word: str) -> str:
    """By the job that the night starts; returns the run. The environment says the same tenant as the settings."""
    folder.mkdir()
    (folder / f"{word}_plane.py").write_text(CODE.format(word))
    key = corpora.add(settings, db, name, str(folder), "MIT", consent=True).key
    dagster.add_dynamic_partitions("corpora", [key])
    selected = [AssetKey("documents"), AssetKey("units")]
    done = defs.resolve_job_def(INTAKE).execute_in_process(
        instance=dagster, partition_key=key, asset_selection=selected
    )
    assert done.success
    return done.run_id


def tables_with(db: Engine, word: str) -> set[str]:
    """Tables of all schemas in which a row, written out, holds the word."""
    with db.connect() as conn:
        names = conn.execute(
            text("SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('mill', 'dagster', 'mlflow')")
        ).all()
        return {
            f"{schema}.{table}" for schema, table in names
            if conn.scalar(text(f'SELECT count(*) FROM "{schema}"."{table}" t WHERE t::text ILIKE :word'),
                           {"word": f"%{word}%"})
        }  # fmt: skip


def files_with(root: Path, word: str) -> set[Path]:
    files = (file for file in root.rglob("*") if file.is_file())
    return {file for file in files if word in file.name or word.encode() in file.read_bytes()}


def tick(run: str, reason: str) -> TickData:
    """What the sensor leaves behind that asked for the run."""
    return TickData(
        "origin", "changed_corpora", InstigatorType.SENSOR, TickStatus.SUCCESS, time.time(), run_ids=[run],
        run_requests=[dg.RunRequest(tags={"reason": reason})], selector_id="selector",
    )  # fmt: skip


@pytest.fixture
def trained(settings: Settings, db: Engine) -> str:
    """A dataset of `shop`, its candidate, a report with an example it did badly on, its page and Dagster's event."""
    dataset, candidate = "d" * 64, "c" * 64
    failure = {"input": {"query": f"where is the {CANARY} area"}, "target": {}, "kind": "plain", "score": 0.0}
    body = {"n": 7, "details": {"failures": [failure], "confusions": [{"group": CANARY}], "mistaken": []}}
    with db.begin() as conn:
        conn.execute(
            text("INSERT INTO dataset (sha256, task, path, counts, manifest) VALUES (:d, 't', '/nowhere', '{}', '{}')"),
            {"d": dataset},
        )
        conn.execute(
            text(
                "INSERT INTO dataset_unit (dataset_sha256, unit_sha256, corpus, path, name, split, document_sha256, "
                "revision) VALUES (:d, 'u', 'shop', 'p', 'n', 'train', 'x', 'r')"
            ),
            {"d": dataset},
        )
        conn.execute(
            text(
                "INSERT INTO candidate (sha256, task, dataset_sha256, profile, seed, params, manifest) "
                "VALUES (:c, 't', :d, 'tiny', 1, '{}', '{}')"
            ),
            {"c": candidate, "d": dataset},
        )
        conn.execute(
            text("INSERT INTO report (task, candidate_sha256, dataset_sha256, passed, body) "
                 "VALUES ('t', :c, :d, true, cast(:body AS jsonb))"),
            {"c": candidate, "d": dataset, "body": json.dumps(body)},
        )  # fmt: skip
        conn.execute(
            text("INSERT INTO dagster.event_logs (run_id, event, dagster_event_type, timestamp, asset_key) "
                 "VALUES (:run, :event, 'ASSET_MATERIALIZATION', now(), :key)"),
            {"run": RUN_OF_TRAINING, "event": json.dumps({"version": candidate, "worst": failure}),
             "key": '["t", "report"]'},
        )  # fmt: skip
    for folder in (settings.home_dir / "reports", settings.mlruns_dir / "t" / "run" / "artifacts"):
        folder.mkdir(parents=True)
        (folder / f"t-{candidate[:12]}.html").write_text(CANARY)
    model = artifacts.location(settings, candidate)
    model.mkdir(parents=True)
    (model / "words.json").write_text(json.dumps({CANARY: 3}))
    return candidate


def test_a_canary_is_in_no_schema_no_log_and_no_page_after_removal(
    settings: Settings,
    db: Engine,
    dagster: DagsterInstance,
    tmp_path: Path,
    trained: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(logs.logger(), "handlers", [])  # a test before this one may have opened another home's log
    mine = take_in(settings, db, dagster, "shop", tmp_path / "shop", CANARY)
    other = take_in(settings, db, dagster, "other", tmp_path / "other", "diplodocus")
    (settings.home_dir / "logs" / "mill.jsonl").open("a").write(
        json.dumps({"run": mine, "said": f"record 3 of {CANARY}_plane.py is bad"}) + "\n"
    )
    for run, folder in ((mine, CANARY), (other, "diplodocus")):
        dagster.create_tick(tick(run, f"extract: '/srv/{folder}' cannot be read"))
    before = tables_with(db, CANARY)
    assert {"mill.unit", "mill.report", "dagster.event_logs", "dagster.job_ticks"} <= before
    assert len(files_with(settings.root, CANARY)) == 4

    counts = erasure.remove(settings, db, "default", "shop", by="a test").counts

    assert tables_with(db, CANARY) == set()
    assert files_with(settings.root, CANARY) == set()
    assert (counts["runs"], counts["reports_emptied"]) == (2, 1)
    assert counts["log_lines"] > 1
    assert dagster.get_run_by_id(mine) is None
    assert dagster.get_dynamic_partitions("corpora") == ["other"]
    assert {"mill.unit", "dagster.event_logs", "dagster.job_ticks"} <= tables_with(db, "diplodocus")
    assert dagster.get_run_by_id(other) is not None
    assert dagster.get_latest_materialization_event(AssetKey("units")) is not None
    with db.connect() as conn:
        assert conn.scalar(text("SELECT body->>'n' FROM mill.report")) == "7"


def test_what_is_kept_of_another_tenants_corpus_of_the_name_stays(
    settings: Settings,
    db: Engine,
    dagster: DagsterInstance,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    own_log: None,
) -> None:
    mine = take_in(settings, db, dagster, "shop", tmp_path / "shop", CANARY)
    monkeypatch.setenv("MILL_TENANT", "acme")
    acme = settings.model_copy(update={"tenant": "acme"})
    theirs = take_in(acme, db, dagster, "shop", tmp_path / "theirs", "diplodocus")
    before = tables_with(db, CANARY)
    log = settings.home_dir / "logs" / "mill.jsonl"

    erasure.remove(acme, db, "acme", "shop", by="a test")

    assert dagster.get_run_by_id(theirs) is None and tables_with(db, "diplodocus") == set()
    assert dagster.get_run_by_id(mine) is not None and tables_with(db, CANARY) == before
    assert dagster.get_dynamic_partitions("corpora") == ["shop"]
    said = [json.loads(line) for line in log.read_text().splitlines()]
    assert {one["partition"] for one in said if "partition" in one} == {"shop"}


def test_runs_of_before_keys_had_tenants_go_with_the_only_corpus_of_their_name(
    settings: Settings, db: Engine, dagster: DagsterInstance, tmp_path: Path, own_log: None
) -> None:
    run = take_in(settings, db, dagster, "shop", tmp_path / "shop", CANARY)
    with db.begin() as conn:  # as an installation of one tenant with a name of its own has it
        conn.execute(text("UPDATE corpus SET tenant = 'acme'"))
    erasure.remove(settings.model_copy(update={"tenant": "acme"}), db, "acme", "shop", by="a test")
    assert dagster.get_run_by_id(run) is None and tables_with(db, CANARY) == set()
    assert dagster.get_dynamic_partitions("corpora") == []
