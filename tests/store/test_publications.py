from __future__ import annotations

import pytest
from sqlalchemy import Engine

from modelmill.errors import FencedError
from modelmill.store import publications


def test_the_newest_holder_publishes_and_everybody_reads_it(db: Engine) -> None:
    held = publications.take(db, "units", "stdlib")
    with db.begin() as conn:
        publications.publish(conn, held, input_hash="in", sha256="out", rows=3, detail={"a": 1})
    now = publications.current(db, "units", "stdlib")
    assert now is not None
    assert (now.input_hash, now.sha256, now.rows, now.detail) == ("in", "out", 3, {"a": 1})
    assert publications.current(db, "units", "other") is None
    assert set(publications.all_current(db, "units")) == {"stdlib"}


def test_an_orphan_with_an_older_token_cannot_publish(db: Engine) -> None:
    orphan = publications.take(db, "units", "stdlib")
    newer = publications.take(db, "units", "stdlib")
    with pytest.raises(FencedError, match="was not published"), db.begin() as conn:
        publications.publish(conn, orphan, input_hash="old", sha256="old", rows=1)
    assert publications.current(db, "units", "stdlib") is None
    with db.begin() as conn:
        publications.publish(conn, newer, input_hash="new", sha256="new", rows=1)
    current = publications.current(db, "units", "stdlib")
    assert current is not None and current.sha256 == "new"


def test_a_failed_publication_leaves_nothing(db: Engine) -> None:
    held = publications.take(db, "units")
    with pytest.raises(RuntimeError), db.begin() as conn:
        publications.publish(conn, held, input_hash="in", sha256="out", rows=3)
        raise RuntimeError("the writer dies before its transaction ends")
    assert publications.current(db, "units") is None
