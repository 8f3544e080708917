"""What finding the 10 nearest units costs, beside hnswlib, at a recall of at least .99.

    MILL_HOME=... python benchmarks/nearest.py --queries 300

Needs hnswlib (`pip install -e .[bench]`), and MILL_HOME an installation in which semantic_search has a
release. Queries are stored vectors, moved a little, so that none is its own answer; recall is against the exact 10.
CPU-ms a query: of this process and of its PostgreSQL backend together. hnswlib: cosine, M 16, ef_construction 200, the
smallest ef of those tried that reaches .99; it gives numbers and distances. Ours give units with their texts.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import hnswlib
import numpy as np
from hybrid import backend_seconds
from sqlalchemy import Engine

from modelmill.settings import load
from modelmill.store import artifacts, database, releases, vectors
from modelmill.task import Index, get_task
from serving.mirror import Mirror

TASK, NEAREST, MOVED, LEAST = "semantic_search", 10, 0.02, 0.99
EFS = (20, 30, 40, 60, 80, 100, 150, 200, 300)
TOGETHER = 16  # questions in a batch

Found = list[set[Any]]
Search = Callable[[np.ndarray], Found]


def of_index(index: Index, together: int) -> Search:
    """The texts that an index of ours finds; units of one text are equally near."""

    def found(asked: np.ndarray) -> Found:
        told: Found = []
        for start in range(0, len(asked), together):
            for hits in index.nearest(asked[start : start + together], NEAREST, {}):
                told.append({hit.unit.sha256 for hit in hits})
        return told

    return found


def hnsw(rows: np.ndarray, names: Sequence[str], exact: Found, asked: np.ndarray) -> tuple[Search, str]:
    """hnswlib over the same rows, and what it was told."""
    made: Any = hnswlib.Index(space="cosine", dim=rows.shape[1])
    made.init_index(max_elements=len(rows), M=16, ef_construction=200, random_seed=17)
    made.add_items(rows)
    made.set_num_threads(1)

    def found(asked: np.ndarray) -> Found:
        return [{names[i] for i in made.knn_query(one[None], k=NEAREST)[0][0]} for one in asked]

    for ef in EFS:
        made.set_ef(ef)
        if recall(found(asked), exact) >= LEAST:
            break
    return found, f"hnswlib, ef {ef}"


def recall(found: Found, exact: Found) -> float:
    """Mean share of the exact ones that were found."""
    return statistics.mean(len(one & true) / len(true) for one, true in zip(found, exact, strict=True))


def spent(db: Engine, search: Search, asked: np.ndarray) -> tuple[float, Found]:
    """CPU-ms a query, and what was found."""
    start = time.process_time() + backend_seconds(db)
    found = search(asked)
    return (time.process_time() + backend_seconds(db) - start) * 1000 / len(asked), found


def main() -> None:
    """Read the options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--queries", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=17)
    words = parser.parse_args()
    settings = load()
    db = database.engine(settings)
    champion = releases.champion(db, TASK)
    assert champion, f"{TASK} has no release"
    predictor: Any = get_task(TASK).predictor(artifacts.open_artifact(settings, champion.candidate_sha256))
    mirror = Mirror(lambda: db, predictor.name, predictor.dim)
    mirror.copy(settings.tenant)
    copy: Any = mirror.index(settings.tenant)
    names, rows = [unit.sha256 for unit in copy.units], copy.vectors
    rng = np.random.default_rng(words.seed)
    asked = rows[rng.choice(len(rows), words.queries, replace=False)]
    asked = asked + rng.normal(0, MOVED, asked.shape).astype(np.float32)
    asked /= np.linalg.norm(asked, axis=1, keepdims=True)
    exact = [{names[i] for i in np.argsort(-(rows @ one))[:NEAREST]} for one in asked]
    theirs, name = hnsw(rows, names, exact, asked)
    pg = vectors.PgIndex(db, predictor.name, settings.tenant)
    sides = {
        name: theirs,
        "PostgreSQL, one by one": of_index(pg, 1),
        "the copy, one by one": of_index(copy, 1),
        f"the copy, {TOGETHER} at a time": of_index(copy, TOGETHER),
    }
    print(f"{len(rows)} vectors, {len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f}")
    costs: dict[str, list[float]] = {side: [] for side in sides}
    found: dict[str, Found] = {}
    for _ in range(words.rounds):
        for side, search in sides.items():
            cost, found[side] = spent(db, search, asked)
            costs[side].append(cost)
    for side, each in costs.items():
        ratios = [one / other for one, other in zip(each, costs[name], strict=True)]
        ends = f"{statistics.median(ratios):.1f}x [{min(ratios):.1f}, {max(ratios):.1f}]"
        said = f"recall@{NEAREST} {recall(found[side], exact):.4f}, n {len(asked)}, seed {words.seed}"
        print(f"{side:26s} {statistics.median(each):.2f} CPU-ms a query, {ends}; {said}")


if __name__ == "__main__":
    main()
