"""A corpus that lies somewhere else now keeps what was read of it, and asks for its consent again."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest
from intake_project import git
from sqlalchemy import Engine, select

from modelmill import erasure, moving
from modelmill.errors import UserError
from modelmill.extract.stage import extract
from modelmill.normalize.stage import normalize
from modelmill.settings import Settings
from modelmill.store import consents, corpora, documents
from modelmill.store.tables import audit

BY = "a person"


def taken_in(settings: Settings, db: Engine, project: Path, consent: bool = False) -> corpora.Corpus:
    corpus = corpora.add(settings, db, "p", str(project), "MIT", consent=consent)
    extract(settings, db, corpus)
    normalize(settings, db, corpus)
    return corpora.get(db, "default", "p")


def test_what_was_read_stays_and_the_next_intake_takes_what_differs(
    settings: Settings, db: Engine, project: Path, tmp_path: Path
) -> None:
    before = taken_in(settings, db, project)
    there = documents.all_documents(db, before.id)
    moved = shutil.copytree(project, tmp_path / "moved")
    path = next(path for path in there if path.endswith(".py"))
    state, text = (moved / path).stat(), (moved / path).read_text()
    (moved / path).write_text(text.replace("def ", "def z", 1))
    os.utime(moved / path, ns=(state.st_atime_ns, state.st_mtime_ns))
    after = moving.move(settings, db, "p", str(moved), by=BY)
    assert (after.id, after.kind, after.uri, after.licence) == (before.id, "directory", str(moved), "MIT")
    assert documents.all_documents(db, after.id) == there, "nothing is read yet"
    found = extract(settings, db, after)
    assert (found.changed, found.removed) == (1, 0)
    assert documents.all_documents(db, after.id)[path].record.sha256 != there[path].record.sha256


def test_a_folder_that_is_a_repository_now_is_the_same_corpus(
    settings: Settings, db: Engine, project: Path, tmp_path: Path
) -> None:
    before = taken_in(settings, db, project)
    root = shutil.copytree(project, tmp_path / "repository")
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "first")
    after = moving.move(settings, db, "p", str(root), by=BY)
    assert (after.id, after.kind) == (before.id, "git")
    assert extract(settings, db, after).changed == 0


def test_a_consent_is_not_taken_along(settings: Settings, db: Engine, project: Path, tmp_path: Path) -> None:
    before = taken_in(settings, db, project, consent=True)
    moved = str(shutil.copytree(project, tmp_path / "moved"))
    with pytest.raises(UserError, match="was not moved") as caught:
        moving.move(settings, db, "p", moved, by=BY)
    assert caught.value.next.startswith(f"mill corpus move p {moved} --consent-to-train")
    assert corpora.get(db, "default", "p") == before
    after = moving.move(settings, db, "p", moved, consent=True, by=BY)
    assert after.consent_to_train
    assert len(consents.history(db, after)) == 1, "it was never withdrawn, so no dataset is marked"
    with db.connect() as conn:
        [detail] = conn.scalars(select(audit.c.detail).where(audit.c.action == "corpus moved"))
    assert detail == {"from": "directory", "to": "directory", "consent": True}


def test_a_consent_that_is_being_given_is_not_taken_along(
    settings: Settings, db: Engine, project: Path, tmp_path: Path
) -> None:
    before = taken_in(settings, db, project)
    moved = str(shutil.copytree(project, tmp_path / "a folder"))
    with ThreadPoolExecutor(1) as other:
        with db.begin() as conn:
            consents.give(conn, before, "train", BY)
            moving_it = other.submit(moving.move, settings, db, "p", moved, by=BY)
            assert not wait([moving_it], timeout=1).done
        with pytest.raises(UserError, match="was not moved") as caught:
            moving_it.result()
    assert caught.value.next.startswith(f"mill corpus move p '{moved}' --consent-to-train")
    assert corpora.get(db, "default", "p").uri == str(project)


@pytest.mark.parametrize("uri", ["/no/such/folder", "ftp://x/y"])
def test_where_nothing_can_be_read_it_does_not_lie(settings: Settings, db: Engine, project: Path, uri: str) -> None:
    before = taken_in(settings, db, project)
    with pytest.raises(UserError):
        moving.move(settings, db, "p", uri, by=BY)
    assert corpora.get(db, "default", "p") == before


@pytest.mark.parametrize("shared", [False, True], ids=["its own", "another corpus's, too"])
def test_our_copy_of_a_repository_goes_unless_somebody_reads_it(
    settings: Settings, db: Engine, project: Path, shared: bool
) -> None:
    before = taken_in(settings, db, project)
    for at, name in enumerate(["p", "q"][: 1 + shared]):
        corpus = before if at == 0 else corpora.add(settings, db, name, str(project))
        with db.begin() as conn:
            corpora.move(conn, corpus, "git", f"https://git.example/shapes.git#branch-{at}")
    copy = erasure.our_copy(settings, corpora.get(db, "default", "p"))
    copy.mkdir(parents=True)
    (copy / "HEAD").write_text("ref: refs/heads/main\n")
    moving.move(settings, db, "p", str(project), by=BY)
    assert copy.exists() is shared
