"""What words beside vectors cost a search as it is served: CPU of one query over the units of a corpus in PostgreSQL.

    python benchmarks/hybrid.py --corpus stdlib --queries 100

The units must be there (mill extract, mill normalize). Their rows get random vectors under a name of their own, removed
at the end: what a row says does not change what finding it costs. Queries are first paragraphs of docstrings, encoded
by the base model. CPU seconds of this process and of its PostgreSQL backend together, dense and hybrid in turns, three
rounds; the first hybrid round reads passages that nobody asked for before, and is told apart.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from sqlalchemy import Engine, text

from modelmill.datasets.pairs import query_of
from modelmill.embed.encoder import load_encoder
from modelmill.predictors import lexicon
from modelmill.predictors.search import UNFITTED, SearchPredictor
from modelmill.records import Unit
from modelmill.settings import load
from modelmill.store import database, units, vectors
from modelmill.store.tables import vector
from modelmill.tasks.semantic_search import Input, Output

MODEL = "benchmark-hybrid"
ROUNDS = 3


def fill(db: Engine, found: Sequence[Unit], dim: int) -> None:
    """Random unit vectors for the distinct texts, and the HNSW index where a corpus of that size has one."""
    shas = sorted({unit.sha256 for unit in found})
    rows = np.random.default_rng(17).normal(size=(len(shas), dim)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    with db.begin() as conn:
        vectors.copy_in(conn, MODEL, shas, rows)
    vectors.refresh_statistics(db)
    print(f"{len(shas)} vectors, HNSW: {vectors.ensure_index(db, MODEL, dim)}")


def clear(db: Engine) -> None:
    with db.begin() as conn:
        conn.exec_driver_sql(f'DROP INDEX IF EXISTS mill."{vectors.index_name(MODEL)}"')
        conn.execute(vector.delete().where(vector.c.model == MODEL))


def backend_seconds(db: Engine) -> float:
    """CPU of the backend that the pool's one connection talks to."""
    with db.connect() as conn:
        pid = conn.execute(text("SELECT pg_backend_pid()")).scalar_one()
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:  # noqa: PTH123
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def spent(db: Engine, predictor: SearchPredictor, index: vectors.PgIndex, asked: Sequence[str]) -> tuple[float, float]:
    """CPU-ms a query: this process, and PostgreSQL."""
    ours, theirs = time.process_time(), backend_seconds(db)
    for query in asked:
        predictor.predict([Input(query=query, k=10)], index)
    each = 1000 / len(asked)
    return (time.process_time() - ours) * each, (backend_seconds(db) - theirs) * each


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", default="stdlib")
    parser.add_argument("--queries", type=int, default=100)
    asked = parser.parse_args()
    settings = load()
    db = database.engine(settings)
    found = units.query(db, ("function", "method", "class"), corpora=[asked.corpus], tenant=settings.tenant)
    queries = [query for unit in found if (query := query_of(unit.docstring))][
        :: max(1, len(found) // 4 // asked.queries)
    ]
    encoder = load_encoder(settings)
    index = vectors.PgIndex(db, MODEL, settings.tenant)
    words = lexicon.learn([index.passage(unit) for unit in found[:4000]])
    fill(db, found, encoder.dim)
    dense = SearchPredictor(encoder, UNFITTED, Output)
    hybrid = SearchPredictor(encoder, UNFITTED, Output, replace(words, weight=0.01))
    ratios: list[float] = []
    try:
        spent(db, dense, index, queries[:10])
        for number in range(ROUNDS):
            one, two = (spent(db, side, index, queries[: asked.queries]) for side in (dense, hybrid))
            ratios.append(sum(two) / sum(one))
            print(f"round {number}: dense {one[0]:.2f} + {one[1]:.2f} ms, hybrid {two[0]:.2f} + {two[1]:.2f} ms, "
                  f"ratio {ratios[-1]:.2f}", flush=True)  # fmt: skip
    finally:
        clear(db)
    later = statistics.median(ratios[1:])
    print(f"{len(queries[: asked.queries])} queries; ratio at first {ratios[0]:.2f}, then {later:.2f}")


if __name__ == "__main__":
    main()
