"""Intervals by the paired bootstrap (Efron and Tibshirani 1993, chapter 13): resample examples, not models.

Two models' scores on the same examples are resampled together, so that what is hard for both does not count as noise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelmill.errors import DataError
from modelmill.records import Interval

if TYPE_CHECKING:
    import numpy as np

RESAMPLES = 2000
BLOCK = 250  # resamples at once: 2,000 of 10,000 examples would take 160 MB


def interval(values: np.ndarray, seed: int, resamples: int = RESAMPLES) -> Interval:
    """Mean of `values` (n,) with its 95 % percentile interval. For a paired one hand in the differences.

    Raises DataError when there is nothing to measure or a value is no number: such a score must not look like one.
    """
    import numpy as np

    _refuse(values)
    rng, n = np.random.default_rng(seed), len(values)
    means = np.concatenate(
        [
            values[rng.integers(0, n, (min(BLOCK, resamples - done), n))].mean(axis=1)
            for done in range(0, resamples, BLOCK)
        ]
    )
    low, high = np.percentile(means, (2.5, 97.5))
    return Interval(float(values.mean()), float(low), float(high))


def _refuse(values: np.ndarray) -> None:
    import numpy as np

    bad = np.flatnonzero(~np.isfinite(values))
    if not len(values) or len(bad):
        raise DataError(
            "a score cannot be given its interval",
            allowed="one finite number an example, for one example or more",
            found=f"no number at example {int(bad[0]) + 1} of {len(values)}" if len(bad) else "no example",
            next="look at the test split: mill datasets",
        )
