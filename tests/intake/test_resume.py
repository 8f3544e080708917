"""An intake that is killed goes on where it stopped, two at once make one result, and many processes that of one."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from intake_project import write
from sqlalchemy import Engine, func, select

from modelmill.errors import FencedError
from modelmill.extract.stage import extract
from modelmill.normalize import workers
from modelmill.normalize.stage import normalize
from modelmill.progress import Step
from modelmill.records import Corpus
from modelmill.settings import Settings
from modelmill.store import corpora, documents
from modelmill.store import tables as t

FILES, KILLED_AFTER = 12, 5

# Puts every document aside by itself and is killed as -9 does it, in the middle, with one piece not committed.
KILLED = f"""
import os, signal
from modelmill.normalize import stage
from modelmill.settings import load
from modelmill.store import corpora, database, parsed

put_aside, done = parsed.put_aside, []

def then_die(conn, corpus_id, piece):
    put_aside(conn, corpus_id, piece)
    done.append(piece)
    if len(done) > {KILLED_AFTER}:
        os.kill(os.getpid(), signal.SIGKILL)

parsed.put_aside, stage.PIECE = then_die, 1
settings = load()
db = database.engine(settings)
stage.normalize(settings, db, corpora.get(db, settings.tenant, "c"))
"""


@pytest.fixture
def corpus(settings: Settings, db: Engine, tmp_path: Path) -> Corpus:
    """Twelve modules, extracted."""
    files: dict[str, str | bytes] = {
        f"m{n:02}.py": f'def step_{n}(value):\n    """Do step {n}."""\n    return value + {n}\n' for n in range(FILES)
    }
    made = corpora.add(settings, db, "c", str(write(tmp_path / "c", files)), "MIT", consent=True)
    extract(settings, db, made)
    return made


def rows(db: Engine, table: str) -> int:
    with db.connect() as conn:
        return conn.scalar(select(func.count()).select_from(t.metadata.tables[f"mill.{table}"])) or 0


def kill_one_in_the_middle() -> None:
    done = subprocess.run([sys.executable, "-c", KILLED], capture_output=True, text=True, timeout=120)
    assert done.returncode == -signal.SIGKILL, done.stderr


def test_a_killed_intake_goes_on_where_it_stopped(settings: Settings, db: Engine, corpus: Corpus) -> None:
    kill_one_in_the_middle()
    assert (rows(db, "parsed"), rows(db, "unit")) == (KILLED_AFTER, 0)
    told: list[Step] = []
    result = normalize(settings, db, corpus, told.append)
    assert (told[-1].done, told[-1].total) == (FILES - KILLED_AFTER, FILES - KILLED_AFTER)
    assert (result.units, rows(db, "unit"), rows(db, "parsed")) == (2 * FILES, 2 * FILES, 0)
    assert all(one.parsed_as for one in documents.all_documents(db, corpus.id).values())


def test_what_a_killed_intake_left_is_not_taken_for_a_file_that_changed_since(
    settings: Settings, db: Engine, corpus: Corpus
) -> None:
    kill_one_in_the_middle()
    with db.connect() as conn:
        first = conn.scalars(select(t.parsed.c.document_id).order_by(t.parsed.c.document_id)).first()
    path = next(path for path, one in documents.all_documents(db, corpus.id).items() if one.id == first)
    Path(corpus.uri, path).write_text('def other(value):\n    """Do what is new."""\n    return value\n')
    extract(settings, db, corpus)
    told: list[Step] = []
    normalize(settings, db, corpus, told.append)
    assert told[-1].done == FILES - KILLED_AFTER + 1
    with db.connect() as conn:
        names = set(conn.scalars(select(t.unit.c.name).where(t.unit.c.kind == "function")))
    assert "other" in names and len(names) == FILES


def test_a_corpus_that_goes_takes_what_a_killed_intake_left_with_it(
    settings: Settings, db: Engine, corpus: Corpus
) -> None:
    from modelmill import erasure

    kill_one_in_the_middle()
    erasure.remove(settings, db, "default", "c", by="a test")
    assert rows(db, "parsed") == 0


def test_two_at_once_make_one_result(settings: Settings, db: Engine, corpus: Corpus) -> None:
    outcomes: list[str] = []
    together = threading.Barrier(2)

    def run() -> None:
        together.wait()
        try:
            outcomes.append("made" if normalize(settings, db, corpus).fresh else "found")
        except FencedError:
            outcomes.append("overtaken")

    both = [threading.Thread(target=run) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert "made" in outcomes and len(outcomes) == 2
    assert rows(db, "unit") == 2 * FILES
    assert rows(db, "parsed") == 0


@pytest.mark.parametrize("change", ["moved", "deleted"])
def test_a_file_that_moved_or_went_leaves_nothing_behind(
    settings: Settings, db: Engine, corpus: Corpus, change: str
) -> None:
    normalize(settings, db, corpus)
    old = Path(corpus.uri, "m03.py")
    old.rename(old.with_name("n03.py")) if change == "moved" else old.unlink()
    extract(settings, db, corpus)
    told: list[Step] = []
    normalize(settings, db, corpus, told.append)
    with db.connect() as conn:
        where = set(conn.scalars(select(t.unit.c.path)))
    assert "m03.py" not in where and ("n03.py" in where) == (change == "moved")
    assert rows(db, "unit") == 2 * len(where)
    assert told[-1].done == (change == "moved")


def test_several_processes_give_what_one_gives(
    settings: Settings, db: Engine, corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = normalize(settings, db, corpus)
    monkeypatch.setattr(workers, "WORTH_A_WORKER", 100)
    monkeypatch.setattr(workers, "BATCH", 100)
    with db.begin() as conn:
        conn.execute(t.document.update().values(parsed_as=None))
        conn.execute(t.publication.delete().where(t.publication.c.asset == "units"))
    started: list[int] = []
    popen = subprocess.Popen

    def counted(*args, **more):
        process = popen(*args, **more)
        started.append(process.pid)
        return process

    monkeypatch.setattr(workers.subprocess, "Popen", counted)
    together = normalize(settings.model_copy(update={"threads": 2}), db, corpus)
    assert len(started) == 2
    assert (together.sha256, together.units) == (alone.sha256, alone.units)
