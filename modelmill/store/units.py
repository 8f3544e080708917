"""Units: written by parsed.py, read by kind, language and corpus; for training with consent."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    Row,
    Select,
    Text,
    any_,
    cast,
    func,
    literal,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by

from modelmill.licences.policy import may_train
from modelmill.records import Unit
from modelmill.store.consents import live
from modelmill.store.tables import corpus, document, unit

OUTLINE = (
    "key", "characters", "kind", "language", "group", "sha256", "document_sha256", "cluster", "start_line", "end_line",
)  # fmt: skip
STREAMED = 1000  # rows fetched at a time
# A unit's file as far as two equal keys (path::name) must share it: one file holds all units of one key.
FILE = "split_part({0}.path || '::', '::', 1)"
LENGTHS = (100, 200, 500, 1000, 2000, 5000, 10_000)  # characters


def query(
    db: Engine,
    kinds: Sequence[str] = (),
    languages: Sequence[str] = (),
    corpora: Sequence[str] | None = None,
    consented_only: bool = False,
    tenant: str | None = None,
    policy: Sequence[str] = ("permissive",),
) -> list[Unit]:
    """Units by corpus, path and place in the file. Empty kinds or languages: all; corpora None: all.

    consented_only: those that may be trained on: the corpus has consent now, and the policy allows the licence (the
    file's own, else that of its folder, else the corpus's).
    """
    statement = _filtered(columns(), kinds, languages, corpora, tenant)
    with db.connect() as conn:
        if consented_only:
            statement = _trainable(conn, statement, policy)
        rows = conn.execute(statement.order_by(corpus.c.name, unit.c.path, unit.c.start_line, unit.c.name)).all()
    return [record(row) for row in rows]


def stream(conn: Connection, corpus_id: int, files: Collection[str]) -> Iterator[Unit]:
    """The units of these files (see FILE) by id, some at a time: memory does not grow with their number."""
    statement = columns().where(unit.c.corpus_id == corpus_id, _of(files)).order_by(unit.c.id)
    for row in conn.execute(statement, execution_options={"yield_per": STREAMED}):
        yield record(row)


def outlines(conn: Connection, corpus_id: int, files: Collection[str]) -> list[dict[str, Any]]:
    """What can be said of each unit of these files (see FILE) without its text, as OUTLINE names it.

    characters: how long the text is.
    """
    statement = _joined(
        select(
            func.concat(corpus.c.name, ":", unit.c.path, "::", unit.c.name).label("key"),
            func.length(func.btrim(unit.c.text, " \t\r\n")).label("characters"),
            document.c.sha256.label("document_sha256"),
            *(unit.c[name] for name in OUTLINE if name in unit.c),
        )
    )
    rows = conn.execute(statement.where(unit.c.corpus_id == corpus_id, _of(files)))
    return [dict(row) for row in rows.mappings()]


def _of(files: Collection[str]) -> ColumnElement[bool]:
    return literal_column(FILE.format("unit")) == any_(literal(list(files), ARRAY(Text)))


def count(
    db: Engine,
    kinds: Sequence[str] = (),
    languages: Sequence[str] = (),
    corpora: Sequence[str] | None = None,
    tenant: str | None = None,
) -> int:
    """How many `query` would find."""
    statement = _filtered(_joined(select(func.count())), kinds, languages, corpora, tenant)
    with db.connect() as conn:
        return conn.scalar(statement) or 0


def may_teach(
    db: Engine,
    kinds: Sequence[str],
    languages: Sequence[str],
    tenant: str,
    fields: Mapping[str, str],
    policy: Sequence[str],
) -> bool:
    """Whether there is one that may be trained on now; fields: per kind what its meta must have (task.Teaching)."""
    statement = _with(_filtered(_joined(select(literal(1))), kinds, languages, None, tenant), fields)
    with db.connect() as conn:
        return conn.scalar(_trainable(conn, statement, policy).limit(1)) is not None


def by_source(
    db: Engine, kinds: Sequence[str], languages: Sequence[str], tenant: str, fields: Mapping[str, str]
) -> list[Row[Any]]:
    """How many of those there are (`number`) per `corpus`, `licence` and whether it has `consent` now."""
    licence = func.coalesce(document.c.licence, corpus.c.licence, "unknown").label("licence")
    by = [corpus.c.name.label("corpus"), licence, live(corpus.c.id).label("consent")]
    statement = _filtered(
        _joined(select(func.count().label("number")).add_columns(*by)), kinds, languages, None, tenant
    )
    with db.connect() as conn:
        return list(conn.execute(_with(statement, fields).group_by(*by).order_by(*by)))


def _with(statement: Select[Any], fields: Mapping[str, str]) -> Select[Any]:
    having = ((unit.c.kind == kind) & unit.c.meta.has_key(name) for kind, name in fields.items())
    return statement.where(or_(*having)) if fields else statement


def labelled_fields(conn: Connection, mine: ColumnElement[bool]) -> Iterator[dict[str, Any]]:
    """Of the units of the corpora that `mine` chooses the fields of those that have a label or an id."""
    named = unit.c.meta.has_key("label") | unit.c.meta.has_key("id")
    statement = select(unit.c.meta).join(corpus, corpus.c.id == unit.c.corpus_id).where(mine, named)
    yield from conn.scalars(statement.execution_options(yield_per=1000))


def counts(conn: Connection, corpus_id: int, by: str) -> dict[str, int]:
    """Units of a corpus per `kind` or `language`."""
    column = unit.c[by]
    statement = select(column, func.count()).where(unit.c.corpus_id == corpus_id).group_by(column).order_by(column)
    return dict(conn.execute(statement).all())


def lengths(conn: Connection, corpus_id: int) -> dict[str, int]:
    """Units of a corpus by how many characters they have, shortest first; the last is open."""
    place = func.width_bucket(func.length(unit.c.text), literal(list(LENGTHS), ARRAY(Integer)))
    counted = dict(conn.execute(select(place, func.count()).where(unit.c.corpus_id == corpus_id).group_by(place)).all())
    names = [f"< {LENGTHS[0]}", *(f"{low}-{high - 1}" for low, high in pairwise(LENGTHS)), f"≥ {LENGTHS[-1]}"]
    return {name: counted.get(number, 0) for number, name in enumerate(names)}


def sample(db: Engine, corpus_id: int, number: int) -> list[Unit]:
    """Some of the corpus's units, the same ones while they are there: the first by the hash of their text."""
    statement = columns().where(unit.c.corpus_id == corpus_id).order_by(unit.c.sha256, unit.c.path).limit(number)
    with db.connect() as conn:
        return [record(row) for row in conn.execute(statement)]


def fingerprint(
    db: Engine,
    kinds: Sequence[str],
    languages: Sequence[str],
    tenant: str,
    policy: Sequence[str] = ("permissive",),
) -> str:
    """One hash of all units that may be trained on: their place, content, group, cluster and fields.

    Lines and revision are not part of it: a function that only moved is the same. Made in the database, in a tenth of
    the time that reading them takes.
    """
    said = func.concat_ws(
        "\x1f", corpus.c.name, unit.c.path, unit.c.name, unit.c.kind, unit.c.sha256, unit.c.group, unit.c.cluster,
        func.md5(unit.c.docstring), func.md5(cast(unit.c.meta, Text)),
    )  # fmt: skip
    statement = _filtered(
        _joined(select(func.sha256(func.convert_to(said, "UTF8")).label("said"))), kinds, languages, None, tenant
    )
    with db.connect() as conn:
        each = _trainable(conn, statement, policy).subquery()
        whole = func.string_agg(each.c.said, aggregate_order_by(literal(b"", LargeBinary), each.c.said))
        return conn.scalar(select(func.encode(func.sha256(whole), "hex"))) or "none"


def not_trainable(conn: Connection, tenant: str, names: Collection[str], policy: Sequence[str]) -> frozenset[str]:
    """Keys of the units of these corpora that may not be trained on now, in the caller's transaction."""
    key = func.concat(corpus.c.name, ":", unit.c.path, "::", unit.c.name)
    every = _filtered(_joined(select(key)), (), (), list(names), tenant)
    return frozenset(conn.scalars(every.except_(_trainable(conn, every, policy))))


def by_sha256(db: Engine, shas: Iterable[str]) -> dict[str, list[Unit]]:
    """Per content the units that have it (copies lie in several places)."""
    found: dict[str, list[Unit]] = {}
    statement = (
        columns()
        .where(unit.c.sha256 == any_(literal(list(shas), ARRAY(Text))))
        .order_by(corpus.c.name, unit.c.path, unit.c.name)
    )
    with db.connect() as conn:
        for row in conn.execute(statement):
            found.setdefault(row.sha256, []).append(record(row))
    return found


def _joined(statement: Select[Any]) -> Select[Any]:
    return (
        statement.select_from(unit)
        .join(corpus, corpus.c.id == unit.c.corpus_id)
        .join(document, document.c.id == unit.c.document_id)
    )


def columns() -> Select[Any]:
    """Selects what `record` makes a unit of, from unit, corpus and document."""
    return _joined(
        select(
            unit,
            corpus.c.name.label("corpus"),
            document.c.sha256.label("document_sha256"),
            document.c.revision.label("revision"),
        )
    )


def _filtered(
    statement: Select[Any],
    kinds: Sequence[str],
    languages: Sequence[str],
    corpora: Sequence[str] | None,
    tenant: str | None,
) -> Select[Any]:
    if kinds:
        statement = statement.where(unit.c.kind.in_(kinds))
    if languages:
        statement = statement.where(unit.c.language.in_(languages))
    if corpora is not None:
        statement = statement.where(corpus.c.name.in_(corpora))
    if tenant is not None:
        statement = statement.where(corpus.c.tenant == tenant)
    return statement


def _trainable(conn: Connection, statement: Select[Any], policy: Sequence[str]) -> Select[Any]:
    """Consent as it is at this moment; licences judged once each, not once a unit."""
    licence = func.coalesce(document.c.licence, corpus.c.licence)
    known = conn.scalars(
        select(licence).select_from(document).join(corpus, corpus.c.id == document.c.corpus_id).distinct()
    )
    return statement.where(live(corpus.c.id), licence.in_([one for one in known if may_train(one, policy)]))


def record(row: Row[Any]) -> Unit:
    """The unit of a row of `columns`."""
    return Unit(
        corpus=row.corpus,
        path=row.path,
        name=row.name,
        kind=row.kind,
        language=row.language,
        text=row.text,
        group=row.group,
        signature=row.signature,
        docstring=row.docstring,
        start_line=row.start_line,
        end_line=row.end_line,
        meta=row.meta,
        document_sha256=row.document_sha256,
        revision=row.revision,
        cluster=row.cluster,
    )
