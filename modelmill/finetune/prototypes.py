"""A linear head drawn towards its labels' prototypes: the mean embedding of each label's training texts
(https://arxiv.org/abs/1703.05175).

A head that learnt from a dozen texts a label holds on to what just these have; their mean is steadier. The sum of both
is one linear head again, so an answer costs nothing more. How strongly it is drawn, or not at all, is chosen by the
likelihood of validation queries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelmill.predictors import calibration

if TYPE_CHECKING:
    import numpy as np

STRENGTHS = (0.0, 5.0, 10.0, 20.0)  # a trained head's rows are some 14 long (docs/experiments.md)


def of_labels(embeddings: np.ndarray, columns: np.ndarray, labels: int) -> np.ndarray:
    """(n, width) and each row's label (n,) -> (labels, width) of unit length; zeros for a label without any row."""
    import numpy as np

    sums = np.zeros((labels, embeddings.shape[1]), dtype=np.float32)
    np.add.at(sums, columns, embeddings)
    return sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)


def strength(
    logits: np.ndarray, near: np.ndarray, right: np.ndarray, out_of_scope: int, outside: float | None
) -> float:
    """The one of STRENGTHS whose calibrated logits are likeliest; the least of equal ones.

    logits, near: (n, labels), of the head and to the prototypes; the rest as for `calibration.fit`.
    """
    return min(STRENGTHS, key=lambda one: calibration.fit(logits + one * near, right, out_of_scope, outside).loss)
