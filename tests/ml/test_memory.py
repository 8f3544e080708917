"""A service's memory gives what would be computed, computes it once, and forgets the oldest."""

from __future__ import annotations

import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from modelmill.inference.memory import Memory


class Lengths:
    """A row of two numbers for each text; remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        self.asked += texts
        return np.array([[len(text), len(text) ** 2] for text in texts], dtype=np.float32).reshape(len(texts), 2)


def test_each_text_is_computed_once_and_order_and_repetition_are_kept() -> None:
    rows = Lengths()
    memory = Memory(rows)
    for texts in (["a", "bb", "a"], ["bb", "ccc"], ["ccc", "a"], []):
        assert np.array_equal(memory(texts), Lengths()(texts))
    assert rows.asked == ["a", "bb", "ccc"]


def test_the_oldest_go_and_what_was_just_asked_stays() -> None:
    rows = Lengths()
    memory = Memory(rows, most=2)
    for text in ("a", "bb", "a", "ccc", "a", "bb"):
        memory([text])
    assert rows.asked == ["a", "bb", "ccc", "bb"]
    assert memory(["a", "bb", "ccc", "dddd"]).shape == (4, 2) and len(memory.kept) == 2


def test_many_threads_at_once_get_their_own_rows() -> None:
    memory = Memory(Lengths(), most=8)
    rng = random.Random(3)
    asked = [["x" * rng.randrange(20) for _ in range(5)] for _ in range(400)]
    with ThreadPoolExecutor(8) as pool:
        for texts, found in zip(asked, pool.map(memory, asked), strict=True):
            assert np.array_equal(found, Lengths()(texts))
