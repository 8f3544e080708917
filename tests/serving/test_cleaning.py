"""`mill clean`: what goes is what nothing goes back to, and nothing goes that something needs or a training makes."""

from __future__ import annotations

import inspect
import json
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import pytest
from serving_chain import TASK, add_candidate, add_dataset, add_release, add_report
from serving_programs import tiny_tasks
from sqlalchemy import Engine, func, update

from modelmill import cleaning, cli
from modelmill.commands import platform
from modelmill.deploy.stage import rollback
from modelmill.embed.encoder import identity
from modelmill.inference import base
from modelmill.settings import Settings
from modelmill.store import artifacts, candidates, publications
from modelmill.store.tables import candidate, dataset, release
from modelmill.task import Task, get_task

LONG_AGO = time.time() - 40 * 24 * 3600


@pytest.fixture
def task() -> Iterator[Task]:
    with tiny_tasks():
        yield get_task(TASK)


def trained(settings: Settings, db: Engine, folder: Path, letters: str) -> str:
    """A candidate that was published as a training does it."""
    lease = publications.take(db, f"{TASK}/candidate")
    made = add_candidate(settings, db, folder / letters, add_dataset(db, f"of {letters}"), letters)
    with db.begin() as conn:
        publications.publish(conn, lease, input_hash=letters, sha256=made, rows=1)
    return made


def aged(db: Engine, *sha256s: str) -> None:
    with db.begin() as conn:
        old = candidate.c.created_at - timedelta(days=40)
        conn.execute(update(candidate).where(candidate.c.sha256.in_(sha256s)).values(created_at=old))


def names(settings: Settings, db: Engine, days: int = cleaning.DAYS) -> set[str]:
    return {one.name for one in cleaning.leftovers(settings, db, days)}


def there(settings: Settings, sha256: str) -> bool:
    return artifacts.location(settings, sha256).is_dir()


def old_file(path: Path, content: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    for one in (path, path.parent):
        os.utime(one, (LONG_AGO, LONG_AGO))
    return path


def test_only_a_superseded_model_that_was_never_released_goes_with_its_page(
    settings: Settings, db: Engine, task: Task, tmp_path: Path
) -> None:
    first = add_release(settings, db, task, tmp_path, "d")
    second = add_release(settings, db, task, tmp_path, "e", against=first)
    third = add_release(settings, db, task, tmp_path, "f", against=second)
    superseded = trained(settings, db, tmp_path, "b")
    reported = add_candidate(settings, db, tmp_path / "g", add_dataset(db, "g"), "g")
    add_report(db, reported, add_dataset(db, "g again"), against=third)
    published, newest = trained(settings, db, tmp_path, "h"), trained(settings, db, tmp_path, "i")
    aged(db, superseded, first, second, third, reported, published, newest)
    lease = publications.take(db, f"{TASK}/candidate")  # data went back: the older one is the current one again
    with db.begin() as conn:
        publications.publish(conn, lease, input_hash="h", sha256=published, rows=1)
    page = old_file(settings.home_dir / "reports" / f"{TASK}-{superseded[:12]}.html")
    other = old_file(settings.home_dir / "reports" / f"{TASK}-{first[:12]}.html")
    assert names(settings, db, days=50) == set()

    [gone] = cleaning.remove(settings, db)

    assert gone.name == superseded
    assert not there(settings, superseded)
    assert (page.exists(), other.exists()) == (False, True)
    for kept in (first, second, third, reported, published, newest):
        artifacts.open_artifact(settings, kept)
    assert candidates.get(settings, db, superseded).task == TASK  # lineage tells of it
    assert rollback(settings, db, task).candidate_sha256 == second
    assert cleaning.leftovers(settings, db) == []


def test_a_model_that_learnt_from_something_erased_goes_as_soon_as_it_answers_no_more(
    settings: Settings, db: Engine, task: Task, tmp_path: Path
) -> None:
    marked = add_release(settings, db, task, tmp_path, "d")
    with db.begin() as conn:
        conn.execute(update(release).values(tainted="a corpus was erased"))
        conn.execute(update(dataset).values(tainted="a corpus was erased"))
    assert cleaning.leftovers(settings, db) == []
    second = add_release(settings, db, task, tmp_path, "e", against=marked)
    trained(settings, db, tmp_path, "f")
    assert [one.name for one in cleaning.remove(settings, db)] == [marked]
    assert not there(settings, marked) and there(settings, second)
    assert cleaning.leftovers(settings, db) == []


def test_while_a_training_is_at_work_no_model_of_its_task_goes(settings: Settings, db: Engine, tmp_path: Path) -> None:
    """It may be about to publish the very bytes of the old one."""
    old = trained(settings, db, tmp_path, "b")
    trained(settings, db, tmp_path, "c")
    aged(db, old)
    assert names(settings, db) == {old}
    at_work = publications.take(db, f"{TASK}/candidate")
    assert names(settings, db) == set()
    with db.begin() as conn:
        publications.publish(conn, at_work, input_hash="b", sha256=old, rows=1)
        conn.execute(update(candidate).where(candidate.c.sha256 == old).values(created_at=func.now()))
    assert cleaning.remove(settings, db) == []
    assert there(settings, old)


def test_a_training_that_begins_while_it_is_cleaned_waits(settings: Settings, db: Engine, tmp_path: Path) -> None:
    trained(settings, db, tmp_path, "b")
    begun = threading.Event()

    def begin() -> None:
        publications.take(db, f"{TASK}/candidate")
        begun.set()

    training = threading.Thread(target=begin)
    with db.begin() as conn:
        candidates.hold(conn, TASK)
        training.start()
        assert not begun.wait(0.5)
    training.join(10)
    assert begun.is_set()


def test_conversions_go_but_those_of_the_base_model_in_use(settings: Settings, db: Engine, tmp_path: Path) -> None:
    made: dict[str, str] = {}
    for name in (identity(settings.base_model), "another model"):
        staging = tmp_path / "engine"
        staging.mkdir(exist_ok=True)
        (staging / "engine.json").write_text(json.dumps(name))
        made[name], path = artifacts.publish_dir(settings, staging, kind="engine")
        for one in (*path.iterdir(), path):
            os.utime(one, (LONG_AGO, LONG_AGO))
        record = base._record(settings, name)  # pyright: ignore[reportPrivateUsage]
        old_file(record, json.dumps(asdict(base.Known(made[name], "fp32", "fp32, for a test"))))
    used, other = made.values()
    assert [(one.what, one.name) for one in cleaning.remove(settings, db)] == [("conversion", other)]
    assert (there(settings, used), there(settings, other)) == (True, False)
    assert base.peek(settings, "another model") is None
    known = base.peek(settings, identity(settings.base_model))
    assert known
    assert known.artifact == used


def test_drafts_go_when_nothing_was_written_to_them_for_long(settings: Settings, db: Engine) -> None:
    home = settings.home_dir
    old = old_file(home / "staging" / "train-1" / "model.safetensors")
    written = old_file(home / "staging" / "train-2" / "model.safetensors")
    written.write_text("still at work")
    kept = old_file(home / "checkpoints" / ("a" * 64) / "b-2" / "1.safetensors")
    assert {one.what for one in cleaning.remove(settings, db)} == {"draft", "checkpoints"}
    assert (old.parent.exists(), written.exists(), kept.parent.exists()) == (False, True, False)


def test_the_word_removes_nothing_unless_it_is_told_to(
    settings: Settings, db: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    old = trained(settings, db, tmp_path, "b")
    trained(settings, db, tmp_path, "c")
    aged(db, old)

    def said(*words: str) -> str:
        monkeypatch.setattr("sys.argv", ["mill", "clean", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert ended.value.code == 0
        return capsys.readouterr().out

    days = inspect.signature(platform.clean).parameters["days"].default
    assert days.default == cleaning.DAYS, "the word's help tells what happens without it"
    shown = said()
    assert old[:12] in shown
    assert "mill clean --yes removes them" in shown
    assert there(settings, old)
    assert "removed" in said("--yes")
    assert not there(settings, old)
    assert said().splitlines()[0] == "nothing is there that may go"
