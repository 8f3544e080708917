"""A file at rest is not read again; whatever is done to it, it is never taken for what it was before."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from intake_project import write
from sqlalchemy import Engine, func, select, text, update

from modelmill.erasure import remove
from modelmill.extract import directory, selection, stage
from modelmill.extract.stage import current_revision, extract
from modelmill.records import Corpus
from modelmill.settings import Settings
from modelmill.store import corpora, documents, tables

FILE = "shapes/plane.py"
ELSEWHERE = "f" * 64


@pytest.fixture
def at_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files count as being at rest at once, so that no test has to wait three seconds."""
    monkeypatch.setattr(directory, "AT_REST", -(10**9))


@pytest.fixture
def taken(settings: Settings, db: Engine, project: Path, at_rest: None) -> Corpus:
    corpus = corpora.add(settings, db, "p", str(project))
    extract(settings, db, corpus)
    return corpus


def sha256s(db: Engine, corpus: Corpus) -> dict[str, str]:
    return {path: one.record.sha256 for path, one in documents.all_documents(db, corpus.id).items()}


def pretend(db: Engine, sha256: str = ELSEWHERE) -> None:
    """Who takes a file's hash from what is remembered, and not from its bytes, shall give this one."""
    with db.begin() as conn:
        conn.execute(update(tables.seen).where(tables.seen.c.path == FILE).values(sha256=sha256))


def remembered(db: Engine) -> set[str]:
    with db.connect() as conn:
        return set(conn.scalars(select(tables.seen.c.path)))


def test_a_file_at_rest_is_not_read_and_with_everything_it_is(settings: Settings, db: Engine, taken: Corpus) -> None:
    true = sha256s(db, taken)
    assert remembered(db) >= set(true) | {"empty.py", "nul.py", "squeezed.ts"}
    pretend(db)
    extract(settings, db, taken)
    assert sha256s(db, taken) == {**true, FILE: ELSEWHERE}
    extract(settings, db, taken, everything=True)
    assert sha256s(db, taken) == true
    extract(settings, db, taken)
    assert sha256s(db, taken) == true  # what was remembered wrongly went with it


def test_a_script_at_rest_keeps_the_language_that_its_first_line_told(
    settings: Settings, db: Engine, project: Path, at_rest: None
) -> None:
    script, shell, python = "bin/areas", "#!/bin/sh\necho 1\n", "#!/usr/bin/python3\nprint(1)\n"
    write(project, {script: shell, "bin/notes": "words\n"})
    corpus = corpora.add(settings, db, "p", str(project))
    extract(settings, db, corpus)
    assert remembered(db) >= {script, "bin/notes"}
    assert not extract(settings, db, corpus).fresh
    for content, language in ((python, "python"), ("words\n", None), (shell, "bash")):
        write(project, {script: content})
        extract(settings, db, corpus)
        found = documents.all_documents(db, corpus.id).get(script)
        assert (found.record.language if found else None) == language


def same_length(file: Path) -> None:
    before = file.stat()
    file.write_bytes(file.read_bytes()[::-1])
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def another_in_its_place(file: Path) -> None:
    before, other = file.stat(), file.with_name("other")
    other.write_bytes(file.read_bytes()[::-1])
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(file)


def through_a_hard_link(file: Path) -> None:
    other = file.with_name("other")
    os.link(file, other)
    same_length(other)
    other.unlink()


def memory(file: Path) -> None:
    import mmap

    with file.open("r+b") as opened, mmap.mmap(opened.fileno(), 0) as seen:
        seen[:] = bytes(seen)[::-1]


@pytest.mark.parametrize("change", [same_length, another_in_its_place, through_a_hard_link, memory])
def test_a_change_that_leaves_length_and_time_is_seen(
    settings: Settings, db: Engine, project: Path, taken: Corpus, change: Callable[[Path], None]
) -> None:
    before, revision = sha256s(db, taken), current_revision(settings, db, taken)
    change(project / FILE)
    assert current_revision(settings, db, taken) != revision
    assert extract(settings, db, taken).changed == 1
    assert sha256s(db, taken)[FILE] != before[FILE]


def test_what_changed_just_now_is_not_trusted(settings: Settings, db: Engine, project: Path) -> None:
    corpus = corpora.add(settings, db, "p", str(project))
    for _ in range(20):
        write(project, {FILE: (project / FILE).read_text()[::-1]})
        extract(settings, db, corpus)
        assert FILE not in remembered(db)
    os.utime(project / FILE, ns=(0, 0))  # written long ago, it says; that it was changed now cannot be hidden
    extract(settings, db, corpus)
    assert FILE not in remembered(db)


def test_a_state_names_the_file_its_length_and_both_times(project: Path) -> None:
    told = (project / FILE).stat()
    later = max(told.st_mtime_ns, told.st_ctime_ns) + directory.AT_REST
    parts = (told.st_dev, told.st_ino, told.st_size, told.st_mtime_ns, told.st_ctime_ns)
    assert directory.state(told, later) == ".".join(map(str, parts))
    assert directory.state(told, later - 1) == ""


def test_read_in_part_it_is_what_it_is_when_read_whole(
    settings: Settings, db: Engine, project: Path, taken: Corpus
) -> None:
    write(
        project,
        {"new.py": "def new():\n    return 1\n", "LICENSE": "SPDX-License-Identifier: MIT\n", "empty.py": "x = 1\n"},
    )
    write(project, {"README.md": "", ".millignore": "/config/\n"})
    (project / "shapes").rename(project / "forms")
    part = extract(settings, db, taken)
    rows, dropped = documents.all_documents(db, taken.id), documents.all_dropped(db, taken.id)
    other = corpora.add(settings, db, "other", str(project))
    whole = extract(settings, db, other, everything=True)
    assert (part.sha256, part.revision, part.dropped) == (whole.sha256, whole.revision, whole.dropped)
    again = documents.all_documents(db, other.id)
    assert [one.record for one in rows.values()] == [one.record for one in again.values()]
    assert dropped == documents.all_dropped(db, other.id)
    assert {"new.py", "forms/plane.py", "empty.py"} <= rows.keys()
    assert remembered(db) >= rows.keys()


def test_other_rules_or_six_days_and_all_is_read_again(
    settings: Settings, db: Engine, taken: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    true = sha256s(db, taken)
    pretend(db)
    with monkeypatch.context() as patch:
        patch.setattr(stage, "JUDGES", (Path(selection.__file__),))
        extract(settings, db, taken)
        assert sha256s(db, taken) == true
    extract(settings, db, taken)
    pretend(db)
    with db.begin() as conn:
        conn.execute(text("UPDATE mill.seen SET at = now() - interval '7 days' WHERE path = 'README.md'"))
    extract(settings, db, taken)
    assert sha256s(db, taken) == true


def test_it_goes_with_its_corpus(settings: Settings, db: Engine, taken: Corpus) -> None:
    assert remembered(db)
    remove(settings, db, "default", "p", by="a test")
    with db.connect() as conn:
        assert conn.execute(select(func.count()).select_from(tables.seen)).scalar_one() == 0
