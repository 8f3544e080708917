"""A second machine on the same database, with an empty home: it serves what the first released, or says why not."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from ports import free_port
from serving_chain import TASK, add_release
from serving_programs import tiny_path, tiny_tasks, until
from sqlalchemy import Engine

from modelmill import asking, programs, readiness, supervise
from modelmill.deploy import at_hand, bento
from modelmill.deploy.stage import rebuild
from modelmill.errors import PrerequisiteError, UserError
from modelmill.settings import CHECKOUT, Settings
from modelmill.store import artifacts, audit, releases
from modelmill.task import Task, get_task

ASKED = {"text": "banana bread"}
# As a sitecustomize: the pause before a Bento is tried again, which is 20 s long, ends when the file MENDED is there.
PAUSE = """
import os, sys, time

if "modelmill.deploy.at_hand" in sys.orig_argv:
    slept = time.sleep

    def pause(seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end and not os.path.exists(os.environ["MENDED"]):
            slept(0.1)

    time.sleep = pause
"""


@pytest.fixture
def task() -> Iterator[Task]:
    with tiny_tasks():
        yield get_task(TASK)


@pytest.fixture
def first(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The machine that releases. Programs started from here find the tiny task and the shared store."""
    monkeypatch.setenv("PYTHONPATH", tiny_path(tmp_path))
    monkeypatch.setenv("MILL_STORE_URL", f"file://{tmp_path}/shared")
    return _machine(settings, settings.root)


@pytest.fixture
def second(first: Settings, tmp_path: Path) -> Settings:
    """The machine that only serves."""
    root = tmp_path / "second"
    root.mkdir()
    shutil.copy(first.root / "params.yaml", root)
    return _machine(first, root)


def _machine(settings: Settings, root: Path) -> Settings:
    return Settings(  # type: ignore[call-arg]
        root=root,
        home=root / ".mill",
        database_url=settings.database_url,
        gateway_port=free_port(),
        release_port_base=free_port(9),
    )


def log(settings: Settings, number: int) -> str:
    """What the release's program said."""
    return (supervise.logs(settings) / f"release-{number}.log").read_text()


def nobody(program: programs.Program, seconds: float) -> None:
    """Hears that a program answers."""


def test_it_makes_the_bento_fetches_the_model_and_gives_the_same_answer(
    first: Settings, second: Settings, db: Engine, task: Task, tmp_path: Path
) -> None:
    candidate = add_release(first, db, task, tmp_path, "aeiou")
    [made] = releases.live(db)
    assert made.bento_tag is not None
    assert not bento.stored(second, made.bento_tag) and not artifacts.location(second, candidate).exists()
    wanted = [programs.gateway(second), *programs.live_programs(second, db)]
    with supervise.supervised(second, wanted), asking.passing_key(second, db) as key:
        readiness.wait_ready(second, wanted, nobody)
        there = asking.over_http(second, task, ASKED, key)
    here = asking.predict(first, db, task, ASKED)
    assert there["release"] == here["release"] == f"{TASK}@1.0.0"
    assert there["answer"]["count"] == here["answer"]["count"] == 5
    assert bento.stored(second, made.bento_tag)
    artifacts.verify(artifacts.location(second, candidate), candidate)
    assert "is not here: building it" in log(second, 1)
    assert releases.live(db) == [made], "nothing was released anew"


def test_what_another_code_released_is_told_of_and_the_others_are_served(
    first: Settings, second: Settings, db: Engine, task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tmp_path / "site" / "sitecustomize.py").open("a") as site:
        site.write(PAUSE)
    monkeypatch.setenv("MENDED", str(tmp_path / "mended"))
    candidate = add_release(first, db, task, tmp_path, "aeiou")
    add_release(first, db, task, tmp_path, "xyz", against=candidate)
    champion = next(one for one in releases.live(db) if one.status == "champion")
    assert champion.bento_tag is not None
    releases.retag(db, champion, f"{champion.bento_tag[:-8]}00000000", by="another version")
    wanted = [programs.gateway(second), *programs.live_programs(second, db)]
    with supervise.supervised(second, wanted), asking.passing_key(second, db) as key:
        readiness.wait_ready(second, wanted[:2], nobody)
        until(lambda: "cannot be served here" in log(second, 2), 60)
        assert asking.over_http(second, task, ASKED, key)["release"] == f"{TASK}@1.0.0", "the one kept warm"
        [(silent, error)] = readiness.unready(second, wanted, nobody, seconds=1)
        assert silent.name == "release-2" and "cannot be served here" in error.found
        rebuilt = rebuild(second, db, task, by="me")
        (tmp_path / "mended").touch()
        readiness.wait_ready(second, programs.live_programs(second, db), nobody)  # what waited takes the one of now
        until(lambda: asking.over_http(second, task, ASKED, key)["release"] == champion.name, 20)
    line, *_ = [json.loads(line) for line in log(second, 2).splitlines() if "cannot be served here" in line]
    assert line["level"] == "error"
    for part in (f"what is here makes {champion.bento_tag[:-8]}", "next:    run here", f"mill rebuild {TASK}"):
        assert part in line["said"]
    assert not bento.stored(second, f"{champion.bento_tag[:-8]}00000000")

    assert {one.bento_tag for one in rebuilt} == {one.bento_tag for one in releases.live(db)}
    assert next(one for one in releases.live(db) if one.status == "champion").bento_tag == champion.bento_tag
    length = audit.check(db)
    rebuild(second, db, task)
    assert audit.check(db) == length, "the same again changes nothing"


def test_nothing_to_rebuild_and_a_model_that_nobody_has_are_errors_with_the_next_command(
    first: Settings, db: Engine, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UserError, match="no release to rebuild"):
        rebuild(first, db, task)
    monkeypatch.setenv("MILL_HOME", str(first.home_dir))
    with pytest.raises(PrerequisiteError, match="is not in the store"):
        at_hand.make(TASK, "a" * 64, "letter-count:aaaaaaaaaaaa-00000000")


def test_several_at_once_build_it_once(first: Settings, task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[str] = []
    run = bento._run  # pyright: ignore[reportPrivateUsage]

    def counted(settings: Settings, tag: str, *folders: Path) -> None:
        built.append(tag)
        run(settings, tag, *folders)

    monkeypatch.setattr(bento, "_run", counted)
    with ThreadPoolExecutor(4) as pool:
        tags = set(pool.map(lambda _: bento.build(first, task, "ab" * 32), range(4)))
    assert built == list(tags)


def test_what_a_killed_build_left_is_no_bento_and_hinders_nobody(first: Settings, task: Task) -> None:
    tag = bento.tag(first, task, "ab" * 32)
    store = first.home_dir / "bentoml"
    for half in (at_hand.folder(store, tag) / "src", store / ".tmp" / "draft-of-a-killed-one"):
        half.mkdir(parents=True)
        (half / "release.json").write_text("{")
    assert not bento.stored(first, tag)
    assert bento.build(first, task, "ab" * 32) == tag
    assert json.loads((at_hand.folder(store, tag) / "src" / "release.json").read_text())["task"] == TASK
    assert [left.name for left in (store / ".tmp").iterdir()] == ["lock"]


def test_where_nothing_is_missing_the_program_begins_at_once_and_nothing_of_ours_is_imported(
    first: Settings, task: Task
) -> None:
    tag = bento.build(first, task, "ab" * 32)
    argv = [sys.executable, "-X", "importtime", "-m", "modelmill.deploy.at_hand", TASK, "ab" * 32, tag]
    done = subprocess.run(
        [*argv, "/bin/echo", "served"],
        env=first.child_env() | {"PYTHONPATH": str(CHECKOUT)},
        cwd=first.root, capture_output=True, text=True, check=True, timeout=30,
    )  # fmt: skip
    assert done.stdout == "served\n"
    names = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    ours = {name for name in names if name.startswith("modelmill")}
    assert ours <= {"modelmill", "modelmill.telemetry", "modelmill.deploy"}, "but that telemetry is off"
