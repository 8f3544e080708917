"""Real runs of the launcher as a program, on a real instance in PostgreSQL, over the tiniest corpus."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from dagster import AssetCheckKey, AssetKey, DagsterInstance, DagsterRunStatus
from sqlalchemy import Engine, text, update

from modelmill import plan
from modelmill.errors import UserError
from modelmill.settings import CHECKOUT, Settings
from modelmill.store import corpora, publications, tables
from orchestration import reaper
from orchestration.definitions import defs

CODE = '''"""Numbers."""


def largest(numbers):
    """The largest of the numbers, or None when there is none."""
    found = None
    for number in numbers:
        if found is None or number > found:
            found = number
    return found
'''


@pytest.fixture
def corpus(settings: Settings, db: Engine, tmp_path: Path) -> Path:
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "numbers.py").write_text(CODE)
    corpora.add(settings, db, "code", str(folder), "Apache-2.0", consent=True)
    return folder


def _start(*argv: str) -> subprocess.Popen[str]:
    program = [sys.executable, "-m", "orchestration.launch", *argv]
    return subprocess.Popen(
        program, env=dict(os.environ), cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def _launch(*argv: str) -> tuple[int, str, str]:
    started = _start(*argv)
    out, err = started.communicate(timeout=240)
    return started.returncode, out, err


def _newest(dagster: DagsterInstance) -> DagsterRunStatus:
    return dagster.get_runs(limit=1)[0].status


def _page(dagster: DagsterInstance, check: str) -> dict[str, object]:
    """What the check's page says of whom it judged, at its newest run."""
    key = AssetCheckKey(AssetKey("units"), check)
    event = dagster.event_log_storage.get_latest_asset_check_execution_by_key([key])[key].event
    assert event is not None
    shown = event.get_dagster_event().asset_check_evaluation_data.metadata
    return {name: value.value for name, value in shown.items() if name not in ("failures", "corpus")}


def test_a_corpus_is_taken_in_once_and_a_secret_found_later_stops_the_chain(
    settings: Settings, db: Engine, dagster: DagsterInstance, corpus: Path
) -> None:
    assert [str(reason) for reason in plan.reasons(settings, db, ["code"])] == ["extract code: never taken in"]
    code, out, err = _launch("intake", "--corpus", "code", "--reason", "a test")
    assert code == 0, err
    assert "embed code: 2/2" in out
    run = dagster.get_runs(limit=1)[0]
    assert (run.status, run.tags["reason"]) == (DagsterRunStatus.SUCCESS, "a test")
    assert dagster.get_latest_materialization_event(AssetKey("vectors")) is not None
    assert _page(dagster, "units_expectations") == {"units": 2, "judged_now": 2, "judged_by": "Great Expectations"}
    assert plan.reasons(settings, db, ["code"]) == ()
    assert _launch("intake", "--corpus", "code", "--stage", "normalize", "--only")[0] == 0
    for check in ("units_expectations", "no_secret_left"):
        shown = _page(dagster, check)
        assert (shown["units"], shown["judged_now"], shown["said_again"]) == (2, 0, 2)
        assert shown["said_again_since"]
        assert shown["said_by"]

    secrets = AssetCheckKey(AssetKey("units"), "no_secret_left")
    alone = defs.resolve_implicit_global_asset_job_def().get_subset(asset_check_selection={secrets})
    judged = alone.execute_in_process(instance=dagster, partition_key="code").get_asset_check_evaluations()
    assert [(one.asset_check_key, one.passed) for one in judged] == [(secrets, True)]

    vectors = publications.current(db, "vectors", "code")
    (corpus / "more.py").write_text(CODE.replace("largest", "smallest").replace(">", "<"))
    with db.begin() as conn:  # as an older version would have left it, in a file that is not read again
        leaked = tables.unit.c.text + '\nKEY = "AKIAIOSFODNN7EXAMPLQ"'
        conn.execute(update(tables.unit).where(tables.unit.c.path == "numbers.py").values(text=leaked))
    assert [reason.stage for reason in plan.reasons(settings, db, ["code"])] == ["extract"]
    code, out, err = _launch("intake", "--corpus", "code")
    assert code != 0
    assert "the check no_secret_left of units said no" in err
    assert all(part in err for part in ("allowed:", "found:", "next:"))
    assert "AKIA" not in err + out
    assert _newest(dagster) == DagsterRunStatus.FAILURE
    assert publications.current(db, "vectors", "code") == vectors
    keys = [AssetCheckKey(AssetKey("units"), check) for check in ("units_expectations", "no_secret_left")]
    judged = dagster.event_log_storage.get_latest_asset_check_execution_by_key(keys)
    assert {judged[key].run_id for key in keys} == {dagster.get_runs(limit=1)[0].run_id}, "each, though one says no"
    assert [judged[key].status.value for key in keys] == ["SUCCEEDED", "FAILED"]


def _typed(*words: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "modelmill.cli", "run", *words]
    return subprocess.run(argv, cwd=CHECKOUT, capture_output=True, text=True, check=False)


def _made(db: Engine) -> list[str]:
    return [noun for noun in ("documents", "units", "vectors") if publications.current(db, noun, "code")]


def test_one_stage_is_made_by_the_command_as_it_is_typed(
    settings: Settings, db: Engine, dagster: DagsterInstance, corpus: Path
) -> None:
    for name, code in (("code", 0), ("nobody", 2)):
        done = _typed("--only", "--stage", "extract", "--corpus", name)
        assert done.returncode == code, done.stderr
    assert all(part in done.stderr for part in ("there is no corpus 'nobody'", "allowed:", "found:", "next:"))
    assert _made(db) == ["documents"]
    [run] = dagster.get_runs()
    assert (run.status, run.tags["reason"]) == (DagsterRunStatus.SUCCESS, "extract: asked for by itself")
    assert _typed("--only", "--stage", "embed").returncode == UserError.exit_code, "of what is not there"


def test_up_to_a_stage_all_is_made_that_changed(
    settings: Settings, db: Engine, dagster: DagsterInstance, corpus: Path
) -> None:
    for stage, made in (("normalize", ["documents", "units"]), ("embed", ["documents", "units", "vectors"])):
        done = _typed("--stage", stage)
        assert (done.returncode, _made(db)) == (0, made), done.stderr
    before = publications.current(db, "vectors", "code")
    (corpus / "more.py").write_text(CODE.replace("largest", "smallest").replace(">", "<"))
    assert _typed("--stage", "embed", "--corpus", "code").returncode == 0
    after = publications.current(db, "vectors", "code")
    assert before and after and after.rows > before.rows
    assert {run.tags["reason"] for run in dagster.get_runs(limit=2)} == {"up to embed: asked for"}
    done = _typed("--stage", "datasets", "--task", "semantic_search")
    assert done.returncode == 0, done.stderr
    assert "nothing changed: code" in done.stdout
    assert publications.current(db, "semantic_search/dataset") is not None
    assert publications.current(db, "semantic_search/candidate") is None
    assert "nothing is released yet" not in done.stdout, "nothing is asked either"


def test_a_killed_run_is_found_dead_and_an_interrupted_one_ends_itself(
    settings: Settings, db: Engine, dagster: DagsterInstance, corpus: Path
) -> None:
    ends = (
        (signal.SIGTERM, 130, DagsterRunStatus.FAILURE),
        (signal.SIGKILL, -signal.SIGKILL, DagsterRunStatus.STARTED),
    )
    with db.connect() as conn:  # normalize waits for this lock, so that the runs are caught in the middle
        conn.execute(text("SELECT pg_advisory_xact_lock(hashtext('mill units'))"))
        for sent, code, status in ends:
            _wait(lambda: not _waiting(db))
            started = _start("intake", "--corpus", "code")
            _wait(lambda started=started: _waiting(db) or started.poll() is not None)
            assert started.poll() is None, started.communicate()[1]
            started.send_signal(sent)
            started.communicate(timeout=60)
            assert (started.returncode, _newest(dagster)) == (code, status)
    dead = dagster.get_runs(limit=1)[0].run_id
    assert reaper.reap(settings, dagster, db) == [dead]
    assert _newest(dagster) == DagsterRunStatus.FAILURE
    assert reaper.reap(settings, dagster, db) == []


def _waiting(db: Engine) -> bool:
    with db.connect() as conn:
        return (
            conn.execute(text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")).scalar_one()
            > 0
        )


def _wait(until: Callable[[], bool]) -> None:
    end = time.monotonic() + 90
    while not until():
        assert time.monotonic() < end
        time.sleep(0.2)


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("intake", "--corpus", "nowhere"), "there is no corpus 'nowhere'"),
        (("train", "--task", "nothing"), "there is no task 'nothing'"),
    ],
)
def test_an_unknown_name_is_an_error_in_four_parts_before_a_run_begins(
    settings: Settings, dagster: DagsterInstance, argv: tuple[str, ...], said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    from orchestration import launch

    assert launch.main(argv) == 2
    err = capfd.readouterr().err
    assert said in err
    assert "allowed:" in err
    assert dagster.get_runs_count() == 0


def test_a_dial_that_cannot_be_is_said_by_the_first_step_and_no_second_run_begins(
    settings: Settings, dagster: DagsterInstance, capfd: pytest.CaptureFixture[str]
) -> None:
    from orchestration import launch

    # From its first stage on it would wait.
    words = ["train", "--task", "semantic_search", "--stage", "finetune", "--only"]
    assert launch.main([*words, "--seed", "-1"]) == 2
    err = capfd.readouterr().err
    assert all(part in err for part in ("the setting seed cannot be used", "allowed:", "found:   -1", "next:"))
    [run] = dagster.get_runs()
    assert run.tags["dagster/will_retry"] == "false"
