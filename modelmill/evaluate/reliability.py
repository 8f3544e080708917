"""Whether a confidence means what it says: expected calibration error (https://arxiv.org/abs/1706.04599, section 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

BINS = 10


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
    gaps = (one["n"] * abs(one["confidence"] - one["right"]) for one in bins(confidence, right))
    return sum(gaps) / len(right)
