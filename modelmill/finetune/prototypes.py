"""A linear head drawn towards its labels' prototypes: the mean embedding of each label's training texts
(https://arxiv.org/abs/1703.05175).

A head that learnt from a dozen texts a label holds on to what just these have; their mean is steadier. The sum of both
is one linear head again, so an answer costs nothing more. How strongly it is drawn, or not at all, is chosen by the
likelihood of validation queries: the strongest that is as likely as the likeliest one (predictors/one_error.py),
because fewer answers change with how a query is typed the more it is drawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelmill.predictors import calibration
from modelmill.predictors.one_error import first_as_good

if TYPE_CHECKING:
    import numpy as np

STRENGTHS = (0.0, 5.0, 10.0, 20.0, 40.0)  # a trained head's rows are some 14 long (docs/experiments.md)


def of_labels(embeddings: np.ndarray, columns: np.ndarray, labels: int) -> np.ndarray:
    """(n, width) and each row's label (n,) -> (labels, width) of unit length; zeros for a label without any row."""
    import numpy as np

    sums = np.zeros((labels, embeddings.shape[1]), dtype=np.float32)
    np.add.at(sums, columns, embeddings)
    return sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)


def strength(
    logits: np.ndarray, near: np.ndarray, right: np.ndarray, out_of_scope: int, outside: float | None
) -> float:
    """The greatest of STRENGTHS whose calibrated logits are as likely as those of the best, as far as these rows tell.

    logits, near: (n, labels), of the head and to the prototypes; the rest as for `calibration.fit`.
    """

    def losses(one: float) -> np.ndarray:
        drawn = logits + one * near
        fitted = calibration.fit(drawn, right, out_of_scope, outside)
        return calibration.shares(drawn, right, out_of_scope, fitted, outside)

    strongest_first = sorted(STRENGTHS, reverse=True)
    return strongest_first[first_as_good([losses(one) for one in strongest_first])]
