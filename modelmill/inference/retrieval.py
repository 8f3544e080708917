"""How well rows find what belongs together: what a converted encoder is judged by, before it is kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from modelmill.inference.conversion import Judge, Rows

if TYPE_CHECKING:
    import numpy as np


def judge(queries: Sequence[str], passages: Sequence[str]) -> Judge:
    """Mean reciprocal rank of the passage at the query's place among all passages, by cosine."""
    return Judge("MRR", lambda rows: float(reciprocal_ranks(rows, queries, passages).mean()), len(queries))


def reciprocal_ranks(rows: Rows, queries: Sequence[str], passages: Sequence[str]) -> np.ndarray:
    """(n,) of queries; of passages that score the same as the right one none counts as before it."""
    import numpy as np

    scores = unit_length(rows(queries)) @ unit_length(rows(passages)).T
    right = scores[np.arange(len(queries)), np.arange(len(queries))]
    before = ~(scores <= right[:, None])  # and what is no number: a model that fails would else be the best
    before[np.arange(len(queries)), np.arange(len(queries))] = False
    return 1.0 / (1 + before.sum(axis=1))


def unit_length(rows: np.ndarray) -> np.ndarray:
    """(n, width), each of length 1; a row of zeros stays one."""
    import numpy as np

    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
