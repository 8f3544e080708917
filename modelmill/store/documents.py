"""Documents (files at a revision, without their text) and what was left out, with the reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, Integer, Text, all_, bindparam, delete, func, literal, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert

from modelmill.records import Document, Dropped
from modelmill.store.tables import document, dropped


@dataclass(frozen=True, slots=True)
class Stored:
    """A document's row. parsed_as: what its units were made from, see normalize.stage; None: never parsed."""

    id: int
    record: Document
    parsed_as: str | None


def all_documents(db: Engine, corpus_id: int) -> dict[str, Stored]:
    """Every document of the corpus by path."""
    with db.connect() as conn:
        rows = conn.execute(select(document).where(document.c.corpus_id == corpus_id).order_by(document.c.path)).all()
    return {
        row.path: Stored(
            row.id,
            Document(row.path, row.sha256, row.revision, row.language, row.size, row.licence),
            row.parsed_as,
        )
        for row in rows
    }


def paths(db: Engine, corpus_id: int) -> frozenset[str]:
    """Of the corpus's documents and of what extract left out."""
    left_out = select(dropped.c.path).where(dropped.c.corpus_id == corpus_id, dropped.c.stage == "extract")
    read = select(document.c.path).where(document.c.corpus_id == corpus_id)
    with db.connect() as conn:
        return frozenset(conn.scalars(read.union_all(left_out)))


def replace(conn: Connection, corpus_id: int, documents: Sequence[Document], revision: str) -> None:
    """Make these the corpus's documents. Those no longer there go, with their units; unchanged ones stay parsed."""
    differing = _differing(conn, corpus_id, documents)
    if differing:
        statement = insert(document).values(
            corpus_id=corpus_id,
            path=bindparam("path"),
            sha256=bindparam("sha256"),
            revision=revision,
            language=bindparam("language"),
            size=bindparam("size"),
            licence=bindparam("licence"),
        )
        new = statement.excluded
        fields = {"sha256": new.sha256, "language": new.language, "size": new.size, "licence": new.licence}
        statement = statement.on_conflict_do_update(index_elements=[document.c.corpus_id, document.c.path], set_=fields)
        conn.execute(statement, [_values(one) for one in differing])
    gone = document.c.path != all_(literal([one.path for one in documents], ARRAY(Text)))
    conn.execute(delete(document).where(document.c.corpus_id == corpus_id, gone))
    conn.execute(update(document).where(document.c.corpus_id == corpus_id).values(revision=revision))


def _differing(conn: Connection, corpus_id: int, documents: Sequence[Document]) -> list[Document]:
    """Those that are not stored as they are: a statement for each of thousands costs more than to look."""
    of = select(document.c.path, document.c.sha256, document.c.licence, document.c.language)
    there = {path: tuple(rest) for path, *rest in conn.execute(of.where(document.c.corpus_id == corpus_id)).all()}
    return [one for one in documents if there.get(one.path) != (one.sha256, one.licence, one.language)]


def _values(one: Document) -> dict[str, object]:
    return {"path": one.path, "sha256": one.sha256, "language": one.language, "size": one.size, "licence": one.licence}


def replace_dropped(conn: Connection, corpus_id: int, stage: str, left_out: Iterable[Dropped]) -> None:
    """Make these what the stage left out."""
    conn.execute(delete(dropped).where(dropped.c.corpus_id == corpus_id, dropped.c.stage == stage))
    rows = {one.path: one for one in left_out}
    if rows:
        conn.execute(
            insert(dropped).on_conflict_do_nothing(),
            [
                {"corpus_id": corpus_id, "stage": stage, "path": one.path, "reason": one.reason, "detail": one.detail}
                for one in rows.values()
            ],
        )


def by_language(conn: Connection, corpus_id: int) -> dict[str, int]:
    """How many files of the corpus are of each language."""
    statement = select(document.c.language, func.count()).where(document.c.corpus_id == corpus_id)
    return dict(conn.execute(statement.group_by(document.c.language).order_by(document.c.language)).all())


def dropped_by_reason(conn: Connection, corpus_id: int, stage: str) -> dict[str, int]:
    """How much the stage left out, per reason."""
    statement = (
        select(dropped.c.reason, func.count())
        .where(dropped.c.corpus_id == corpus_id, dropped.c.stage == stage)
        .group_by(dropped.c.reason)
        .order_by(dropped.c.reason)
    )
    return dict(conn.execute(statement).all())


def secrets_by_kind(conn: Connection, corpus_id: int) -> dict[str, int]:
    """How many of each kind cleaning took out of the corpus."""
    statement = (
        select(dropped.c.reason, func.sum(dropped.c.detail.cast(Integer)))
        .where(dropped.c.corpus_id == corpus_id, dropped.c.stage == "privacy")
        .group_by(dropped.c.reason)
        .order_by(dropped.c.reason)
    )
    return dict(conn.execute(statement).all())


def all_dropped(db: Engine, corpus_id: int, stage: str | None = None, reason: str | None = None) -> list[Dropped]:
    """What was left out of the corpus, by path; by one stage or by all, for one reason or for any."""
    statement = select(dropped).where(dropped.c.corpus_id == corpus_id).order_by(dropped.c.path)
    for column, wanted in ((dropped.c.stage, stage), (dropped.c.reason, reason)):
        statement = statement.where(column == wanted) if wanted is not None else statement
    with db.connect() as conn:
        return [Dropped(row.path, row.reason, row.detail) for row in conn.execute(statement)]
