"""A first look in 8 bits leaves out nothing that belongs to the nearest, whatever the vectors are."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from modelmill.predictors import quantized
from modelmill.predictors.matrix_index import MatrixIndex
from modelmill.predictors.quantized import Quantized
from modelmill.records import Unit
from modelmill.task import Hit

N, DIM = 3000, 48
DICE = np.random.default_rng(17)


def length_1(vectors: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.maximum(lengths, 1e-12)).astype(np.float32)


def spread() -> np.ndarray:
    return DICE.standard_normal((N, DIM))


def crowded() -> np.ndarray:
    """All within what rounding does to a score."""
    return DICE.standard_normal(DIM) + 1e-3 * DICE.standard_normal((N, DIM))


def lopsided() -> np.ndarray:
    """One number so great that the others are rounded to nothing."""
    vectors = 1e-3 * DICE.standard_normal((N, DIM))
    vectors[:, 0] = 1.0
    return vectors


def alike() -> np.ndarray:
    return np.repeat(DICE.standard_normal((N // 100, DIM)), 100, axis=0)


def empty() -> np.ndarray:
    vectors = spread()
    vectors[::2] = 0.0
    return vectors


ALL = [spread, crowded, lopsided, alike, empty]


def index_of(vectors: np.ndarray) -> MatrixIndex:
    units = [
        Unit(
            corpus="c", path=f"{n}.py", name=f"n{n}", kind="function", language=("go", "python")[n % 3 > 0], text="t",
            group="g", start_line=1, end_line=1,
        )
        for n in range(len(vectors))
    ]  # fmt: skip
    return MatrixIndex(units, vectors, quantized=quantized.of(vectors, 2))


def looked(index: MatrixIndex) -> Quantized:
    assert index.quantized
    return index.quantized


@pytest.mark.parametrize("made", ALL)
def test_no_score_is_more_wrong_than_it_says(made: Callable[[], np.ndarray]) -> None:
    vectors = length_1(made())
    queries = length_1(DICE.standard_normal((7, DIM)))
    with looked(index_of(vectors)).scores(queries) as rough:
        assert np.abs(rough - queries @ vectors.T).max() <= looked(index_of(vectors)).error


@pytest.mark.parametrize("filters", [{}, {"language": "go"}, {"language": "none"}])
@pytest.mark.parametrize("k", [1, 10, N + 1])
@pytest.mark.parametrize("made", ALL)
def test_it_finds_what_is_found_without_it(made: Callable[[], np.ndarray], k: int, filters: dict[str, str]) -> None:
    index = index_of(length_1(made()))
    queries = length_1(np.concatenate([DICE.standard_normal((4, DIM)), index.vectors[:3] + 0.01]))
    found = index.nearest(queries, k, filters)
    without = replace(index, quantized=None).nearest(queries, k, filters)
    assert [len(hits) for hits in found] == [len(hits) for hits in without]
    for ours, theirs, query in zip(found, without, queries, strict=True):
        assert [hit.score for hit in ours] == pytest.approx([hit.score for hit in theirs], abs=1e-5)
        true = {unit.key: score for unit, score in zip(index.units, index.vectors @ query, strict=True)}
        assert all(hit.score == pytest.approx(true[hit.unit.key], abs=1e-5) for hit in ours)
        assert len({hit.unit.key for hit in ours}) == len(ours)
        places = [(-hit.score, index.units.index(hit.unit)) for hit in ours[:10]]
        assert places == sorted(places), "equal ones in the order of the units"


def test_few_are_looked_at_as_they_are() -> None:
    assert quantized.of(length_1(spread()[: quantized.LEAST - 1]), 2) is None


def test_more_may_ask_than_it_has_requests() -> None:
    index = index_of(length_1(spread()))
    queries = length_1(DICE.standard_normal((40, DIM)))
    found: dict[int, list[Hit]] = {}

    def ask(place: int) -> None:
        [found[place]] = index.nearest(queries[place : place + 1], 5, {})

    threads = [threading.Thread(target=ask, args=(place,)) for place in range(len(queries))]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    together = index.nearest(queries, 5, {})
    assert [[hit.unit for hit in found[place]] for place in range(len(queries))] == [
        [hit.unit for hit in hits] for hits in together
    ]
