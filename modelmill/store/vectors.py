"""Vectors in pgvector: written by binary COPY, found by cosine distance, one row per distinct text and model.

Filters go through pgvector's iterative scan (0.8), so a filtered search over an HNSW index still returns k rows:
https://github.com/pgvector/pgvector#iterative-index-scans. Up to INDEX_FROM rows an exact scan is as fast.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pgvector.sqlalchemy import HALFVEC, Vector
from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Select,
    bindparam,
    cast,
    delete,
    func,
    literal_column,
    select,
    text,
)

from modelmill.embed.texts import passage
from modelmill.errors import UserError
from modelmill.records import Unit
from modelmill.store import units
from modelmill.store.copying import copying
from modelmill.store.tables import corpus as corpora
from modelmill.store.tables import unit, vector
from modelmill.task import Hit

if TYPE_CHECKING:
    import numpy as np

# Below, an exact scan is as fast and an index costs more than it saves (measured with pgvector 0.8).
INDEX_FROM = 10_000

# The index is of numbers of two bytes: .57 of its size at the same recall (docs/experiments.md). It was of four before.
HALF, WHOLE = "ix_vector_half_", "ix_vector_hnsw_"
SHARED = ("corpus", "path", "kind", "language", "group", "document_sha256", "revision")
NOTHING: Mapping[str, Any] = MappingProxyType({})
SENT_HEAD = 4  # bytes before the numbers of a vector in its binary form

CORPUS = "corpus"
FILTERS = {"language": unit.c.language, "kind": unit.c.kind}


@dataclass(frozen=True)
class PgIndex:
    """The units of a tenant by their vectors of one model. Implements `task.Index`."""

    db: Engine
    model: str
    tenant: str

    def nearest(self, vectors: np.ndarray, k: int, filters: Mapping[str, str]) -> list[list[Hit]]:
        """For each row of `vectors` (n, dim; unit length) the k nearest units, best first.

        filters: corpus, language, kind; an empty value filters nothing. Raises UserError for another filter.
        """
        if any("\0" in value for value in filters.values() if value):  # nothing has one, and PostgreSQL takes none
            return [[] for _ in vectors]
        with self.db.begin() as conn:
            within = _within(conn, self.tenant, filters)
            statement = _nearest(self.model, int(vectors.shape[1]), within, filters)
            conn.execute(text("SET LOCAL hnsw.iterative_scan = strict_order; SET LOCAL hnsw.ef_search = 100"))
            return [_hits(conn, statement, row, k) for row in vectors]

    def passage(self, unit: Unit) -> str:
        """What was embedded of it."""
        return passage(unit)


def everything(conn: Connection, model: str, tenant: str, dim: int, most: int) -> tuple[list[Unit], np.ndarray] | None:
    """What a PgIndex looks in: the units of the tenant that have a vector of the model, in the order in which it gives
    equal ones, and their vectors (n, dim) float32. None: they are more than `most`.

    For who keeps them all: without `meta`, and one text of what many units share. Call it in REPEATABLE READ.
    """
    import numpy as np

    theirs = (vector.c.sha256 == unit.c.sha256) & (vector.c.model == model)
    wanted = units.columns().join(vector, theirs).where(corpora.c.tenant == tenant)
    counted = select(func.count()).select_from(wanted.with_only_columns(unit.c.id).subquery())
    number = conn.execute(counted).scalar_one()
    if number > most:
        return None
    matrix, found = np.empty((number, dim), dtype=np.float32), list[Unit]()
    wanted = wanted.add_columns(func.vector_send(vector.c.embedding).label("sent")).order_by(unit.c.id)
    for place, row in enumerate(conn.execute(wanted, execution_options={"yield_per": units.STREAMED})):
        # As pgvector sends a vector: two numbers of two bytes (how long, unused), then its floats, the high byte first.
        matrix[place] = np.frombuffer(row.sent, dtype=">f4", offset=SENT_HEAD)
        one = units.record(row)
        found.append(replace(one, meta=NOTHING, **{name: sys.intern(getattr(one, name)) for name in SHARED}))
    return found, matrix


def count(db: Engine, model: str) -> int:
    """Vectors stored for the model."""
    with db.connect() as conn:
        return conn.execute(select(func.count()).where(vector.c.model == model)).scalar_one()


def missing(conn: Connection, model: str, corpus_id: int) -> Iterator[Unit]:
    """Units of the corpus whose text has no vector of this model yet: one per distinct text, by key, some at a time."""
    stored = select(vector.c.sha256).where(vector.c.model == model, vector.c.sha256 == unit.c.sha256).exists()
    statement = units.columns().where(unit.c.corpus_id == corpus_id, ~stored).order_by(unit.c.path, unit.c.name)
    known: set[str] = set()
    for row in conn.execute(statement, execution_options={"yield_per": units.STREAMED}):
        if row.sha256 not in known:
            known.add(row.sha256)
            yield units.record(row)


def distinct_texts(db: Engine, corpus_id: int) -> int:
    """How many different texts the corpus's units have: as many vectors as it needs."""
    with db.connect() as conn:
        return conn.scalar(select(func.count(unit.c.sha256.distinct())).where(unit.c.corpus_id == corpus_id)) or 0


def copy_in(conn: Connection, model: str, sha256s: Sequence[str], vectors: np.ndarray) -> int:
    """Store vectors (n, dim) under the texts' sha256 by binary COPY; returns how many were not there yet."""
    from pgvector import Vector as Value

    conn.execute(text("CREATE TEMP TABLE staged (LIKE mill.vector) ON COMMIT DROP"))
    with copying(conn, "COPY staged (model, sha256, embedding) FROM STDIN WITH (FORMAT BINARY)") as copy:
        copy.set_types(["text", "text", "bytea"])  # pgvector's own binary form, as it is
        for sha256, row in zip(sha256s, vectors, strict=True):
            copy.write_row((model, sha256, Value(row).to_binary()))
    added = conn.execute(text("INSERT INTO mill.vector SELECT * FROM staged ON CONFLICT DO NOTHING")).rowcount
    conn.execute(text("DROP TABLE staged"))
    return added


def ensure_index(db: Engine, model: str, dim: int) -> bool:
    """Make the model's HNSW index once it has more than INDEX_FROM rows; True when the model has one."""
    if count(db, model) <= INDEX_FROM:
        return False
    with db.begin() as conn:
        conn.execute(text("SET LOCAL maintenance_work_mem = '512MB'"))
        conn.exec_driver_sql(
            f'CREATE INDEX IF NOT EXISTS "{index_name(model)}" ON mill.vector '
            f"USING hnsw (({_half(dim)}) halfvec_cosine_ops) WHERE model = {_quoted(model)}"
        )
        conn.exec_driver_sql(f'DROP INDEX IF EXISTS mill."{WHOLE}{_hashed(model)}"')
    return True


def refresh_statistics(db: Engine) -> None:
    """Tell the planner what is there now; after a bulk load it would otherwise guess for a minute, and badly."""
    with db.begin() as conn:
        conn.exec_driver_sql("ANALYZE mill.unit, mill.document, mill.vector")


def index_name(model: str) -> str:
    """The HNSW index of one model: PostgreSQL's names are short, so by hash."""
    return HALF + _hashed(model)


def _hashed(model: str) -> str:
    return hashlib.sha256(model.encode()).hexdigest()[:16]


def models(conn: Connection) -> list[str]:
    """The models that have vectors stored, by name."""
    return list(conn.scalars(select(vector.c.model).distinct().order_by(vector.c.model)))


def prune(conn: Connection, live_models: Sequence[str]) -> int:
    """Erase the vectors of texts that no unit has any more, and of models not in `live_models`; returns how many."""
    stale = vector.c.model.not_in(list(live_models))
    for model in conn.scalars(select(vector.c.model).where(stale).distinct()).all():
        conn.exec_driver_sql(f'DROP INDEX IF EXISTS mill."{index_name(model)}"')
    return conn.execute(delete(vector).where(_gone() | stale)).rowcount


def forget_gone(conn: Connection) -> int:
    """Erase the vectors of texts that no unit has any more; how many. Whoever is about to publish units waits
    (clustering.lock), or a text that comes back just now would lose its vector.
    """
    return conn.execute(delete(vector).where(_gone())).rowcount


def _gone() -> ColumnElement[bool]:
    return ~select(unit.c.id).where(unit.c.sha256 == vector.c.sha256).exists()


def _nearest(model: str, dim: int, within: Sequence[int], filters: Mapping[str, str]) -> Select[Any]:
    """The k nearest first, by themselves, so that an index can serve them; then what belongs to them.

    Found by numbers of half the precision, which is what the index has; told and ordered by those of the whole.

    The model's name is written into the statement: a partial index is not used for a parameter.
    """
    query = bindparam("query", type_=Vector(dim))
    distance = literal_column(_column(dim), Vector(dim)).cosine_distance(query).label("distance")
    roughly = literal_column(_half(dim), HALFVEC(dim)).cosine_distance(cast(query, HALFVEC(dim)))
    nearby = select(unit.c.id, distance).join(vector, vector.c.sha256 == unit.c.sha256)
    nearby = nearby.where(vector.c.model == literal_column(_quoted(model)), unit.c.corpus_id.in_(within))
    for name, value in filters.items():
        if value and name in FILTERS:
            nearby = nearby.where(FILTERS[name] == value)
    best = nearby.order_by(roughly).limit(bindparam("k")).cte("best").prefix_with("MATERIALIZED", dialect="postgresql")
    found = units.columns().join(best, best.c.id == unit.c.id).add_columns(best.c.distance)
    return found.order_by(best.c.distance, unit.c.id)


def _within(conn: Connection, tenant: str, filters: Mapping[str, str]) -> list[int]:
    """The ids of the corpora to look in. Known numbers give the planner better guesses than names."""
    unknown = sorted(set(filters) - {CORPUS, *FILTERS})
    if unknown:
        raise UserError(
            f"units cannot be filtered by {unknown[0]!r}",
            allowed=", ".join([CORPUS, *FILTERS]),
            found=", ".join(unknown),
            next="ask again without it",
        )
    statement = select(corpora.c.id).where(corpora.c.tenant == tenant)
    if filters.get(CORPUS):
        statement = statement.where(corpora.c.name == filters[CORPUS])
    return list(conn.scalars(statement.order_by(corpora.c.id)))


def _hits(conn: Connection, statement: Select[Any], query: np.ndarray, k: int) -> list[Hit]:
    return [Hit(units.record(row), 1.0 - row.distance) for row in conn.execute(statement, {"query": query, "k": k})]


def _column(dim: int) -> str:
    """With its schema: on our search path `vector` alone is the table's row type."""
    return f"embedding::public.vector({int(dim)})"


def _half(dim: int) -> str:
    return f"embedding::public.halfvec({int(dim)})"


def _quoted(model: str) -> str:
    return "'" + model.replace("'", "''") + "'"
