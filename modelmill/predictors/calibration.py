"""From logits to probabilities that mean what they say, with out of scope as one of the labels.

Temperature scaling (https://arxiv.org/abs/1706.04599) and one constant logit, which is what the largest in-scope logit
must exceed (a threshold on the largest logit: https://arxiv.org/abs/1911.11132). Both are fitted by the likelihood of
the validation split; the test split is never seen. Likelihood follows how often a query is out of scope, and how often
that is among validation queries is a choice of whoever collected them: so they are weighed to a share that is said.

A dozen queries that are all answered right would make every answer certain. So each counts a little as if any label
were right, 1 of n + 2, as in the targets of Platt, Probabilistic outputs for support vector machines (1999).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

# Where the likelihood is looked up; wide enough that the best of real models lies inside.
TEMPERATURES = (0.2, 20.0, 70)
THRESHOLDS = (-10.0, 20.0, 121)
OUTSIDE = 0.25  # share of queries that is expected to be out of scope: nobody knows it before there is traffic
WORST = 27.6  # the loss of a probability of 1e-12: one hopeless example must not decide alone


@dataclass(frozen=True, slots=True)
class Calibration:
    """temperature divides the logits; threshold is then out of scope's constant logit. n: how many it was fitted on.

    loss: mean negative log likelihood (nats) of those n, weighed; 0 where it is not known.
    """

    temperature: float
    threshold: float
    n: int
    loss: float = 0.0


def probabilities(logits: np.ndarray, out_of_scope: int, calibration: Calibration) -> np.ndarray:
    """(n, labels) -> (n, labels), rows sum to 1. out_of_scope: that label's column."""
    import numpy as np

    scaled = np.asarray(logits, dtype=np.float64) / calibration.temperature
    scaled[:, out_of_scope] = np.logaddexp(scaled[:, out_of_scope], calibration.threshold)
    scaled -= scaled.max(axis=1, keepdims=True)
    raised = np.exp(scaled)
    return raised / raised.sum(axis=1, keepdims=True)


def fit(logits: np.ndarray, right: np.ndarray, out_of_scope: int, outside: float | None = OUTSIDE) -> Calibration:
    """The most likely calibration for the right columns `right` (n,). Ties go to the first on the grid.

    outside: what those out of scope weigh of all together; None: as much as they are.
    """
    import numpy as np

    weights = _weights(right == out_of_scope, outside)
    thresholds = np.linspace(THRESHOLDS[0], THRESHOLDS[1], int(THRESHOLDS[2]))
    best, least = Calibration(1.0, THRESHOLDS[0], len(right)), np.inf
    for temperature in np.geomspace(TEMPERATURES[0], TEMPERATURES[1], int(TEMPERATURES[2])):
        losses = weights @ _each(np.asarray(logits, dtype=np.float64) / temperature, right, out_of_scope, thresholds)
        place = int(losses.argmin())
        if losses[place] < least:
            least = float(losses[place])
            best = Calibration(float(temperature), float(thresholds[place]), len(right), least)
    return best


def shares(
    logits: np.ndarray, right: np.ndarray, out_of_scope: int, fitted: Calibration, outside: float | None = OUTSIDE
) -> np.ndarray:
    """(n,) what each of those that `fit` saw adds to `fitted.loss`."""
    import numpy as np

    scaled = np.asarray(logits, dtype=np.float64) / fitted.temperature
    each = _each(scaled, right, out_of_scope, np.array([fitted.threshold]))[:, 0]
    return _weights(right == out_of_scope, outside) * each


def _weights(beyond: np.ndarray, outside: float | None) -> np.ndarray:
    """(n,), sum 1. beyond: (n,) which are out of scope. Where all or none are, each weighs the same."""
    import numpy as np

    share = beyond.mean() if len(beyond) else 0.0
    if outside is None or share in (0.0, 1.0):
        return np.full(len(beyond), 1 / max(1, len(beyond)))
    return np.where(beyond, outside / share, (1 - outside) / (1 - share)) / len(beyond)


def _each(scaled: np.ndarray, right: np.ndarray, out_of_scope: int, thresholds: np.ndarray) -> np.ndarray:
    """(n, thresholds) negative log likelihoods: what does not depend on the threshold is summed once."""
    import numpy as np

    rows, number = np.arange(len(right)), scaled.shape[1]
    labels = np.delete(scaled, out_of_scope, axis=1)
    outside = np.logaddexp(scaled[:, out_of_scope][:, None], thresholds[None, :])
    every = np.logaddexp(np.logaddexp.reduce(labels, axis=1)[:, None], outside)
    chosen = np.where((right == out_of_scope)[:, None], outside, scaled[rows, right][:, None])
    mean = (labels.sum(axis=1)[:, None] + outside) / number
    unsure = 1 / (len(right) + 2)
    return (1 - unsure) * np.minimum(every - chosen, WORST) + unsure * np.minimum(every - mean, WORST)
