"""Whether a confidence means what it says: expected calibration error (https://arxiv.org/abs/1706.04599, section 2).

It is never 0 for so many examples: which of them turn out right is chance, and every gap counts, whichever its side.
So beside it stands how large it is for confidences that are true (as https://arxiv.org/abs/2012.08668, section 3).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

BINS = 10
RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Calibration:
    """The calibration error of n answers with its 95 % interval, and what it is by chance for true confidences: the
    mean, and what it stays below 95 times in 100.
    """

    n: int
    error: float
    low: float
    high: float
    by_chance: float
    by_chance_at_most: float


def bins(confidence: np.ndarray, right: np.ndarray) -> list[dict[str, float]]:
    """Ten equally wide bins of confidence that are not empty: n, mean confidence, share that is right."""
    import numpy as np

    place = np.minimum((confidence * BINS).astype(int), BINS - 1)
    found: list[dict[str, float]] = []
    for number in range(BINS):
        inside = place == number
        if inside.any():
            means = {"confidence": float(confidence[inside].mean()), "right": float(right[inside].mean())}
            found.append({"n": int(inside.sum()), **means})
    return found


def expected_calibration_error(confidence: np.ndarray, right: np.ndarray) -> float:
    """Mean gap between confidence and share that is right, weighted by the bins' sizes; 0 is best."""
    return _error(bins(confidence, right))


def calibration(of: Sequence[Mapping[str, float]], seed: int) -> Calibration:
    """From the bins alone, so for reports of before too: within a bin confidences count as equal, which moves what is
    by chance by less than .001 (docs/experiments.md).

    The interval is the basic one (Davison and Hinkley 1997, section 5.2): resampling adds its own chance to the error,
    and percentiles would lie wholly above the true error (docs/experiments.md).
    """
    import numpy as np

    sizes, sure, right = (np.array([one[name] for one in of]) for name in ("n", "confidence", "right"))
    rng, n, error = np.random.default_rng(seed), int(sizes.sum()), _error(of)
    drawn = rng.multinomial(n, sizes / n, RESAMPLES)
    again = np.abs(drawn * sure - rng.binomial(drawn, right)).sum(axis=1) / n
    low, high = np.maximum(2 * error - np.percentile(again, (97.5, 2.5)), 0)
    true = np.abs(rng.binomial(sizes.astype(int), sure, (RESAMPLES, len(sizes))) - sizes * sure).sum(axis=1) / n
    return Calibration(n, error, float(low), float(high), float(true.mean()), float(np.percentile(true, 95)))


def _error(of: Sequence[Mapping[str, float]]) -> float:
    return sum(one["n"] * abs(one["confidence"] - one["right"]) for one in of) / sum(one["n"] for one in of)
