"""Vectors in half precision beside single: bytes of the HNSW index, and how many of the 10 nearest each finds.

    MILL_HOME=... python benchmarks/halfvec.py --queries 300

MILL_HOME: an installation that has vectors. Works on a copy of them, which it drops. The queries are vectors of the
copy, moved a little, so that none is its own answer; recall is against the exact 10 in single precision.
"""

from __future__ import annotations

import argparse

import numpy as np
from sqlalchemy import Connection, text

from modelmill.settings import load
from modelmill.store import database, vectors
from modelmill.store.vectors import SENT_HEAD

KINDS = {"vector": "vector_cosine_ops", "halfvec": "halfvec_cosine_ops"}
NEAREST, MOVED = 10, 0.02


def nearest(conn: Connection, kind: str, dim: int, query: np.ndarray) -> set[int]:
    """The ids of the 10 that a search by this kind finds."""
    said = "[" + ",".join(f"{number:.7f}" for number in query) + "]"
    column = f"embedding::public.{kind}({dim})"
    statement = f"SELECT id FROM copied ORDER BY {column} <=> CAST(:query AS public.{kind}({dim})) LIMIT {NEAREST}"
    return set(conn.scalars(text(statement), {"query": said}))


def measured(conn: Connection, model: str, dim: int, queries: int, seed: int) -> None:
    """Print a line a kind."""
    conn.execute(text("CREATE TEMP TABLE copied (id bigint, embedding public.vector)"))
    taken = "INSERT INTO copied SELECT row_number() OVER (ORDER BY sha256), embedding FROM mill.vector WHERE model = :m"
    number = conn.execute(text(taken), {"m": model}).rowcount
    rng = np.random.default_rng(seed)
    chosen = (rng.choice(number, queries, replace=False) + 1).tolist()
    taken = "SELECT vector_send(embedding) FROM copied WHERE id = ANY(:ids) ORDER BY id"
    rows = conn.scalars(text(taken), {"ids": chosen}).all()
    found = [np.frombuffer(row[SENT_HEAD:], dtype=">f4").astype(np.float32) for row in rows]
    asked = [one + rng.normal(0, MOVED, dim).astype(np.float32) for one in found]
    exact = [nearest(conn, "vector", dim, one) for one in asked]
    conn.execute(text("SET maintenance_work_mem = '512MB'; SET hnsw.ef_search = 100"))
    bytes_of: dict[str, int] = {}
    for kind, operators in KINDS.items():
        conn.execute(
            text(f"CREATE INDEX by_{kind} ON copied USING hnsw ((embedding::public.{kind}({dim})) {operators})")
        )
        bytes_of[kind] = conn.execute(
            text("SELECT pg_relation_size(CAST(:name AS regclass))"), {"name": f"by_{kind}"}
        ).scalar_one()
        hits = [len(nearest(conn, kind, dim, one) & true) / NEAREST for one, true in zip(asked, exact, strict=True)]
        low, high = np.quantile(np.mean(rng.choice(hits, (2000, len(hits))), axis=1), [0.025, 0.975])
        share = bytes_of[kind] / bytes_of["vector"]
        print(
            f"{kind:8s} {number} rows of {dim}: index {bytes_of[kind] / 1e6:.1f} MB, {share:.2f}x; "
            f"recall@{NEAREST} {np.mean(hits):.4f} [{low:.4f}, {high:.4f}], n {queries}, seed {seed}",
            flush=True,
        )


def main() -> None:
    """Read the options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--queries", type=int, default=300)
    parser.add_argument("--seed", type=int, default=17)
    asked = parser.parse_args()
    with database.engine(load()).connect() as conn:
        model = max(vectors.models(conn), key=lambda name: vectors.count(conn.engine, name))
        dim = conn.execute(
            text("SELECT public.vector_dims(embedding) FROM mill.vector WHERE model = :m LIMIT 1"), {"m": model}
        ).scalar_one()
        measured(conn, model, dim, asked.queries, asked.seed)


if __name__ == "__main__":
    main()
