"""The copy in memory that a release searches: finds what pgvector finds, and nothing that is not there any more."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from data_sources import Letters, known, take_in
from sqlalchemy import Engine

from modelmill import erasure
from modelmill.embed import stage
from modelmill.embed.texts import passage
from modelmill.errors import PrerequisiteError
from modelmill.predictors import lexicon
from modelmill.predictors.matrix_index import MatrixIndex, best
from modelmill.settings import Settings
from modelmill.store import publications, vectors
from modelmill.store.vectors import PgIndex
from modelmill.task import Hit
from serving import mirror
from serving.mirror import Mirror

QUERIES = Letters().encode(["remove whitespace from lines", "push an item", "queue", "zzz"])


@pytest.fixture
def copied(settings: Settings, db: Engine, code: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    """Of the corpus `code`, made already. Another one may be made at once."""
    monkeypatch.setattr(mirror, "PAUSE_SECONDS", 0.0)
    stage.embed(settings, db, known(settings, db), encoder=Letters())
    made = Mirror(lambda: db, "letters", Letters.dim)
    made.copy(settings.tenant)
    yield made
    until_copied(made, settings.tenant)


def until_copied(made: Mirror, tenant: str) -> MatrixIndex:
    """What it searches when a copy that was begun is there."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        index = made.index(tenant)
        if isinstance(index, MatrixIndex):
            return index
        time.sleep(0.05)
    raise TimeoutError


def above(hits: list[Hit], least: float) -> set[str]:
    """The units found that are nearer than that."""
    return {hit.unit.key for hit in hits if hit.score > least}


@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"kind": "class"},
        {"language": "python", "kind": "function"},
        {"corpus": "code", "kind": ""},
        {"kind": "no"},
        {"kind": "a\0"},
        {"corpus": "code\0"},
    ],
)
def test_it_finds_what_pgvector_finds_in_the_same_order(
    settings: Settings, db: Engine, copied: Mirror, filters: dict[str, str]
) -> None:
    ours = copied.index(settings.tenant)
    assert isinstance(ours, MatrixIndex)
    theirs = PgIndex(db, "letters", settings.tenant)
    for mine, other in zip(ours.nearest(QUERIES, 20, filters), theirs.nearest(QUERIES, 20, filters), strict=True):
        assert [hit.score for hit in mine] == pytest.approx([hit.score for hit in other], abs=1e-6)
        last = min((hit.score for hit in other), default=0.0) + 1e-5  # of those as near as the last any may be told
        assert above(mine, last) == above(other, last)
    assert ours.passage(ours.units[0]) == passage(ours.units[0])


def test_what_is_taken_in_or_erased_afterwards_is_asked_of_the_database_until_there_is_a_new_copy(
    settings: Settings, db: Engine, code: Path, copied: Mirror
) -> None:
    (code / "new.py").write_text('def qqq(jjj):\n    """Quick quiz."""\n    return jjj\n')
    take_in(settings, db, "code", code)
    stage.embed(settings, db, known(settings, db), encoder=Letters())
    assert isinstance(copied.index(settings.tenant), PgIndex)
    assert "qqq" in {unit.name for unit in until_copied(copied, settings.tenant).units}
    erasure.remove(settings, db, settings.tenant, "code", by="a test")
    after = copied.index(settings.tenant)
    assert isinstance(after, PgIndex)
    assert not copied.copies, "what was erased is let go at once"
    assert after.nearest(QUERIES, 5, {}) == [[], [], [], []]


def test_who_was_told_by_the_database_is_believed_and_it_is_asked_only_when_that_is_not_the_copys(
    settings: Settings, db: Engine, copied: Mirror
) -> None:
    def away() -> Engine:
        raise PrerequisiteError("asked", allowed="", found="", next="")

    told = publications.searched(db)
    copied.db = away
    assert isinstance(copied.index(settings.tenant, told), MatrixIndex)
    for other in ((told[0] + 1, told[1]), (told[0], told[1] - 1), None):
        with pytest.raises(PrerequisiteError):
            copied.index(settings.tenant, other)
    copied.db = lambda: db
    assert isinstance(copied.index(settings.tenant, (0, 0)), MatrixIndex), "as true as before, whatever was told"


def test_what_was_copied_by_itself_is_known_before_anybody_asks(settings: Settings, db: Engine, copied: Mirror) -> None:
    words = replace(lexicon.learn(["def push(item)"]), weight=0.01)
    known = threading.Event()

    def know(index: MatrixIndex) -> None:
        words.know(index.units, index.passage)
        known.set()

    made = Mirror(lambda: db, "letters", Letters.dim, know=know)
    made.index(settings.tenant)
    assert known.wait(60)
    units = until_copied(made, settings.tenant).units
    assert len(words.kept) == len({(unit.corpus, unit.path, unit.name, unit.text) for unit in units}) > 100


def test_what_does_not_fit_is_asked_of_the_database_and_not_read_again(
    settings: Settings, db: Engine, copied: Mirror
) -> None:
    most = vectors.count(db, "letters") // 2
    small = Mirror(lambda: db, "letters", Letters.dim, most)
    small.copy(settings.tenant)
    assert isinstance(small.index(settings.tenant), PgIndex) and isinstance(copied.index(settings.tenant), MatrixIndex)
    assert not small.begun, "no copy was begun again"


def test_another_tenant_has_a_copy_of_its_own_with_nothing_of_ours(settings: Settings, copied: Mirror) -> None:
    assert until_copied(copied, "somebody else").units == []
    assert len(until_copied(copied, settings.tenant).units) > 100


def test_the_best_of_equal_ones_are_the_first() -> None:
    scores = np.array([0.5, 0.9, 0.5, 0.9, 0.1, 0.5], dtype=np.float32)
    assert best(scores, 3).tolist() == [1, 3, 0]
    assert best(scores, 100).tolist() == [1, 3, 0, 2, 5, 4]
    assert best(scores[:0], 3).tolist() == []
