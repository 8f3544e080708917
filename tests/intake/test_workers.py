"""A document that brings down who reads it costs itself, and nothing else of its corpus.

The workers are real processes; one of them is killed, by itself, where a parser in C would have been.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from intake_project import write
from sqlalchemy import Engine, select, text

from modelmill.errors import PrerequisiteError
from modelmill.extract.stage import extract
from modelmill.normalize import stage, workers
from modelmill.normalize.stage import normalize
from modelmill.records import Corpus, Dropped
from modelmill.settings import CHECKOUT, Settings
from modelmill.store import corpora, documents, parsed, publications
from modelmill.store import tables as t

FILES = 12
DEADLY = "deadly"

# Python imports this in every process that is started: the parser of one is brought down by a word in the text.
SITECUSTOMIZE = f"""
import os, signal, sys

if "modelmill.normalize.workers" in sys.orig_argv:
    from modelmill.normalize import parsing

    clean = parsing.clean

    def or_die(source, *more, **named):
        if "{DEADLY} by signal" in source:
            os.kill(os.getpid(), signal.SIGKILL)
        if "{DEADLY} by exit" in source:
            os._exit(7)
        if "{DEADLY} once" in source and not os.path.exists(os.environ["DIED"]):
            open(os.environ["DIED"], "w").close()
            os.kill(os.getpid(), signal.SIGSEGV)
        return clean(source, *more, **named)

    parsing.clean = or_die
"""

# A whole intake of corpus "c" that parses in its own process, which is ended at its fourth document.
BY_ITSELF = """
import os, signal
from modelmill.normalize import workers
from modelmill.normalize.stage import normalize
from modelmill.settings import load
from modelmill.store import corpora, database

parse, workers.WORTH_A_WORKER = workers.parse_document, 1_000_000

def or_die(corpus, document, *more):
    if document.path == "m03.py":
        os.kill(os.getpid(), signal.SIGKILL)
    return parse(corpus, document, *more)

workers.parse_document = or_die
db = database.engine(load())
normalize(load(), db, corpora.get(db, "default", "c"))
"""


@pytest.fixture(autouse=True)
def fragile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers that a text can end; five documents, or so, go to one at a time."""
    write(tmp_path / "site", {"sitecustomize.py": SITECUSTOMIZE})
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path / "site"), *sys.path]))
    monkeypatch.setenv("DIED", str(tmp_path / "died"))
    monkeypatch.setattr(workers, "WORTH_A_WORKER", 100)
    monkeypatch.setattr(workers, "BATCH", 400)


@pytest.fixture
def take_in(settings: Settings, db: Engine, tmp_path: Path) -> Callable[..., Corpus]:
    """Extract twelve modules, some of them with such words."""

    def added(**words: str) -> Corpus:
        for n in range(FILES):
            said = words.get(f"m{n:02}", "")
            code = f'def step_{n}(value):\n    """Do step {n}. {said}"""\n    return value + {n}\n'
            write(tmp_path / "c", {f"m{n:02}.py": code})
        corpora.add(settings, db, "c", str(tmp_path / "c"), "MIT", consent=True)
        one = corpora.get(db, "default", "c")
        extract(settings, db, one)
        return one

    return added


def paths(db: Engine) -> set[str]:
    with db.connect() as conn:
        return set(conn.scalars(select(t.unit.c.path)))


def with_two(settings: Settings) -> Settings:
    return settings.model_copy(update={"threads": 2})


def test_a_document_that_ends_who_reads_it_is_left_out_and_named(
    settings: Settings, db: Engine, take_in: Callable[..., Corpus]
) -> None:
    corpus = take_in(m03=f"{DEADLY} by signal", m04=f"{DEADLY} by exit", m09=f"{DEADLY} once")
    result = normalize(with_two(settings), db, corpus)
    assert paths(db) == {f"m{n:02}.py" for n in range(FILES)} - {"m03.py", "m04.py"}
    assert result.dropped == {workers.ENDED: 2}
    assert documents.all_dropped(db, corpus.id, "normalize") == [
        Dropped("m03.py", workers.ENDED, "it ended with SIGKILL, 2 times by itself"),
        Dropped("m04.py", workers.ENDED, "it ended with exit status 7, 2 times by itself"),
    ]
    assert Path(os.environ["DIED"]).exists()


def test_the_units_are_those_that_there_would_be_without_it(
    settings: Settings, db: Engine, take_in: Callable[..., Corpus], tmp_path: Path
) -> None:
    deadly = normalize(with_two(settings), db, take_in(m03=f"{DEADLY} by signal"))
    (tmp_path / "c" / "m03.py").unlink()
    corpus = corpora.get(db, "default", "c")
    extract(settings, db, corpus)
    without = normalize(with_two(settings), db, corpus)
    assert (deadly.units, deadly.sha256) == (without.units, without.sha256)


def test_it_is_read_again_when_it_changes_and_not_by_us(
    settings: Settings, db: Engine, take_in: Callable[..., Corpus], monkeypatch: pytest.MonkeyPatch
) -> None:
    normalize(with_two(settings), db, take_in(m03=f"{DEADLY} by signal"))
    monkeypatch.setattr(workers, "WORTH_A_WORKER", 1_000_000)
    monkeypatch.setattr(workers, "parse_document", lambda *_: pytest.fail("it was parsed here"))
    still = normalize(settings, db, take_in(m03=f"still {DEADLY} by signal"))
    assert still.dropped == {workers.ENDED: 1} and still.fresh
    assert "m03.py" not in paths(db)
    mended = normalize(settings, db, take_in(m03="as it was"))
    assert mended.dropped == {} and "m03.py" in paths(db)


def test_of_few_documents_it_ends_us_once_and_is_left_out_the_next_time(
    settings: Settings, db: Engine, take_in: Callable[..., Corpus], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "WORTH_A_WORKER", 1_000_000)
    corpus = take_in(m03=f"{DEADLY} by signal")
    env = {**settings.child_env(), "PYTHONPATH": os.environ["PYTHONPATH"]}
    ended = subprocess.run([sys.executable, "-c", BY_ITSELF], env=env, cwd=CHECKOUT, check=False)
    assert ended.returncode == -signal.SIGKILL

    monkeypatch.setattr(workers, "parse_document", lambda *_: pytest.fail("it was parsed here"))
    assert normalize(settings, db, corpus).dropped == {workers.ENDED: 1}
    assert paths(db) == {f"m{n:02}.py" for n in range(FILES)} - {"m03.py"}

    assert list((settings.home_dir / "parsing").iterdir()) == [], "it is not taken for one that was ended for ever"


def test_where_too_many_do_it_is_the_machine_and_none_is_left_out(
    settings: Settings, db: Engine, take_in: Callable[..., Corpus], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "MAX_ENDED", 1)
    corpus = take_in(m03=f"{DEADLY} by signal", m08=f"{DEADLY} by signal")
    with pytest.raises(PrerequisiteError, match="end before their time") as told:
        normalize(with_two(settings), db, corpus)
    assert "SIGKILL" in told.value.found
    assert publications.current(db, "units", "c") is None
    with db.connect() as conn:
        assert conn.scalar(text("SELECT count(*) FROM mill.parsed WHERE dropped::text LIKE '%ends%'")) == 0
    monkeypatch.setattr(workers, "MAX_ENDED", 2)
    assert normalize(with_two(settings), db, corpus).dropped == {workers.ENDED: 2}


def test_workers_that_somebody_kills_cost_nothing(
    settings: Settings, db: Engine, take_in: Callable[..., Corpus], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "BATCH", 1)
    monkeypatch.setattr(stage, "PIECE", 1)
    put_aside = parsed.put_aside
    processes: list[subprocess.Popen[bytes]] = []
    popen = subprocess.Popen

    def kept(*args: Any, **more: Any) -> subprocess.Popen[bytes]:
        processes.append(popen(*args, **more))
        return processes[-1]

    def and_kill(*piece: Any) -> None:
        put_aside(*piece)
        for process in processes[:2]:
            process.kill()

    monkeypatch.setattr(workers.subprocess, "Popen", kept)
    monkeypatch.setattr(parsed, "put_aside", and_kill)
    result = normalize(with_two(settings), db, take_in())
    assert (result.units, result.dropped) == (2 * FILES, {})
    assert len(processes) == 4
