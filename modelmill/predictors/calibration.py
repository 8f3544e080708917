"""From logits to probabilities that mean what they say, with out of scope as one of the labels.

Temperature scaling (https://arxiv.org/abs/1706.04599) and one constant logit, which is what the largest in-scope logit
must exceed (a threshold on the largest logit: https://arxiv.org/abs/1911.11132). Both are fitted by the likelihood of
the validation split; the test split is never seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

# Where the likelihood is looked up; wide enough that the best of real models lies inside.
TEMPERATURES = (0.2, 5.0, 49)
THRESHOLDS = (-10.0, 20.0, 121)


@dataclass(frozen=True, slots=True)
class Calibration:
    """temperature divides the logits; threshold is then out of scope's constant logit. n: how many it was fitted on."""

    temperature: float
    threshold: float
    n: int


def probabilities(logits: np.ndarray, out_of_scope: int, calibration: Calibration) -> np.ndarray:
    """(n, labels) -> (n, labels), rows sum to 1. out_of_scope: that label's column."""
    import numpy as np

    scaled = np.asarray(logits, dtype=np.float64) / calibration.temperature
    scaled[:, out_of_scope] = np.logaddexp(scaled[:, out_of_scope], calibration.threshold)
    scaled -= scaled.max(axis=1, keepdims=True)
    raised = np.exp(scaled)
    return raised / raised.sum(axis=1, keepdims=True)


def fit(logits: np.ndarray, right: np.ndarray, out_of_scope: int) -> Calibration:
    """The most likely calibration for the right columns `right` (n,). Ties go to the first on the grid."""
    import numpy as np

    n, rows = len(right), np.arange(len(right))
    best, least = Calibration(1.0, THRESHOLDS[0], n), np.inf
    for temperature in np.geomspace(TEMPERATURES[0], TEMPERATURES[1], int(TEMPERATURES[2])):
        for threshold in np.linspace(THRESHOLDS[0], THRESHOLDS[1], int(THRESHOLDS[2])):
            tried = Calibration(float(temperature), float(threshold), n)
            chance = probabilities(logits, out_of_scope, tried)[rows, right]
            loss = float(-np.log(np.maximum(chance, 1e-12)).mean())
            if loss < least:
                best, least = tried, loss
    return best
