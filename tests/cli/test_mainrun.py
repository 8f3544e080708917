"""The last minute of `mill run`: the released model is served, asked over HTTP, shown, and ended again.

The model is the tiny one of tests/serving, which can be checked by hand; gateway, release service, supervisor are real.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from ports import free_port
from rich.console import Console
from sqlalchemy import Engine, func, select

from modelmill import asking, erasure, mainrun, processes, programs, readiness, supervise
from modelmill.deploy.stage import rollback
from modelmill.errors import UserError
from modelmill.launching import Selection
from modelmill.settings import CHECKOUT, Settings
from modelmill.store import corpora, releases, tables
from modelmill.task import Task, get_task

SERVING = str(Path(__file__).parent.parent / "serving")
sys.path.insert(0, SERVING)  # its tiny task and the rows before a release

from serving_chain import TASK, add_release  # noqa: E402
from serving_programs import tiny_path, tiny_tasks  # noqa: E402


@pytest.fixture
def task() -> Iterator[Task]:
    with tiny_tasks():
        yield get_task(TASK)


@pytest.fixture
def served(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings with free ports; programs started with them find the tiny task."""
    monkeypatch.setenv("PYTHONPATH", tiny_path(tmp_path))
    return settings.model_copy(update={"gateway_port": free_port(), "release_port_base": free_port(9)})


def test_it_serves_asks_shows_and_ends_and_without_a_gateway_predict_loads_the_model(
    served: Settings, db: Engine, task: Task, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UserError, match="has no release to ask"):
        asking.predict(served, db, task, {"text": "aei"})
    add_release(served, db, task, tmp_path, "aeiou")
    mainrun.show(served, db, [task], Console(width=200, highlight=False))
    said = capsys.readouterr().out
    assert "POST /api/v1/letter-count" in said
    assert '"release": "letter_count@1.0.0"' in said
    assert "exact" in said
    assert supervise.control(served) is None
    assert processes.marked(supervise.place(served).mark) == []
    with db.connect() as conn:
        asked = conn.execute(select(func.count()).select_from(tables.prediction)).scalar_one()
        live = select(func.count()).select_from(tables.api_key).where(tables.api_key.c.revoked_at.is_(None))
        assert (asked, conn.execute(live).scalar_one()) == (1, 0)  # logged, and its key taken back
    reply = asking.predict(served, db, task, {"text": "aei"})
    assert (reply["release"], reply["answer"]["count"], reply["prediction_id"]) == ("letter_count@1.0.0", 3, None)
    assert (reply["confidence"], reply["alternatives"], reply["answer"]) == (0.75, [4], {"count": 3}), "as the gateway"


def test_releases_join_and_leave_a_running_supervisor(served: Settings, db: Engine, task: Task, tmp_path: Path) -> None:
    first = add_release(served, db, task, tmp_path, "aeiou")
    wanted = [programs.gateway(served), *programs.live_programs(served, db)]
    with supervise.supervised(served, wanted), asking.passing_key(served, db) as key:
        add_release(served, db, task, tmp_path, "xyz", against=first)
        assert supervise.reconcile(served, db) == (["release-2"], [])
        assert supervise.reconcile(served, db) == ([], [])
        readiness.wait_ready(served, [wanted[0], *programs.live_programs(served, db)], lambda program, seconds: None)
        assert asking.over_http(served, task, {"text": "xyz aei"}, key)["answer"]["count"] == 3
        with pytest.raises(UserError):
            asking.over_http(served, task, {"text": ""}, key)
        with pytest.raises(UserError, match="not let in"):
            asking.over_http(served, task, {"text": "xyz"}, "mk_" + "a" * 10 + "." + "b" * 43)
        rollback(served, db, task)
        assert supervise.reconcile(served, db) == ([], ["release-2"])
        assert asking.predict(served, db, task, {"text": "xyza"})["answer"]["count"] == 1


def test_who_joins_from_a_shell_with_other_settings_leaves_the_ports_and_what_runs_alone(
    served: Settings, db: Engine, task: Task, tmp_path: Path
) -> None:
    first = add_release(served, db, task, tmp_path, "aeiou")
    wanted = [programs.gateway(served), *programs.live_programs(served, db)]
    elsewhere = served.model_copy(update={"gateway_port": free_port(), "release_port_base": free_port(9)})
    with supervise.supervised(served, wanted), asking.passing_key(served, db) as key:
        readiness.wait_ready(served, wanted, lambda program, seconds: None)
        running = {process.pid for process in processes.marked(supervise.place(served).mark)}
        add_release(served, db, task, tmp_path, "xyz", against=first)
        [before] = [one for one in releases.live(db) if one.number == 1]
        releases.retag(db, before, f"{before.bento_tag}0")  # as after `mill rebuild` by another version
        assert supervise.reconcile(elsewhere, db) == (["release-2"], [])
        assert running <= {process.pid for process in processes.marked(supervise.place(served).mark)}
        readiness.wait_ready(served, [programs.release(served, releases.live(db)[-1])], lambda program, seconds: None)
        assert asking.over_http(served, task, {"text": "xyz aei"}, key)["answer"]["count"] == 3


def test_what_is_missing_is_told_first_and_a_task_with_nothing_to_learn_from_waits_unless_it_is_named(
    settings: Settings, db: Engine, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    corpora.ensure_defaults(settings, db)
    erasure.remove(settings, db, settings.tenant, "stdlib", by="a test")
    shutil.copytree(CHECKOUT / "data/eval", settings.data_dir / "eval")
    (settings.root / ".dvc").mkdir()
    settings = settings.model_copy(update={"dvc": tmp_path / "dvc"})
    console = Console(width=200, highlight=False)
    assert mainrun.run(settings, Selection(), console) == 0
    said = capfd.readouterr().out
    assert said.startswith("warning: corpora are taken in, but the dataset cannot be pinned: there is no DVC")
    assert "waits: intent_classification has nothing to learn from" in said
    assert "waits: semantic_search has nothing to learn from" in said
    asked_for = Selection(tasks=("intent_classification",))
    assert mainrun.run(settings, asked_for, console) == UserError.exit_code
    assert "error: intent_classification has nothing to learn from" in capfd.readouterr().err
