"""How long it takes to store vectors: binary COPY, as the embed stage does it, beside executemany; in turns, one run.

    MILL_HOME=... python benchmarks/vectors.py --rows 5000

In the installation's own database, each time in a transaction that is rolled back. By the clock, because the work is
the server's: on a busy machine the ratio of two that take turns says more than either time.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from pgvector import Vector as Value
from sqlalchemy import Connection

from modelmill.records import sha256_text
from modelmill.settings import load
from modelmill.store import database, vectors

DIM, MODEL = 384, "benchmark"


def copy(conn: Connection, names: list[str], rows: np.ndarray) -> None:
    """As the embed stage does it."""
    vectors.copy_in(conn, MODEL, names, rows)


def execute_many(conn: Connection, names: list[str], rows: np.ndarray) -> None:
    """psycopg's executemany, with the vectors as text, as most programs do it."""
    raw: Any = conn.connection.driver_connection
    given = [(MODEL, name, Value(row).to_text()) for name, row in zip(names, rows, strict=True)]
    with raw.cursor() as cursor:
        cursor.executemany("INSERT INTO mill.vector (model, sha256, embedding) VALUES (%s, %s, %s)", given)


def once(store: Callable[[Connection, list[str], np.ndarray], None], names: list[str], rows: np.ndarray) -> float:
    """Seconds, and nothing is left behind."""
    with database.engine(load()).connect() as conn:
        start = time.perf_counter()
        store(conn, names, rows)
        took = time.perf_counter() - start
        conn.rollback()
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=5)
    words = parser.parse_args()
    rows = np.random.default_rng(17).normal(size=(words.rows, DIM)).astype(np.float32)
    names = [sha256_text(str(number)) for number in range(words.rows)]
    pairs = [(once(execute_many, names, rows), once(copy, names, rows)) for _ in range(words.rounds)]
    ratios = sorted(slow / fast for slow, fast in pairs)
    slow, fast = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(f"{words.rows} vectors of {DIM}: executemany {slow:.2f} s, COPY {fast:.2f} s")
    print(f"ratio {statistics.median(ratios):.1f} [{ratios[0]:.1f}, {ratios[-1]:.1f}], {len(ratios)} rounds, "
          f"load {os.getloadavg()[0]:.1f}")  # fmt: skip


if __name__ == "__main__":
    main()
