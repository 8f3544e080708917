"""Scores of a classification with an out-of-scope label, as CLINC150 measures (https://arxiv.org/abs/1909.02027)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from modelmill.datasets.intent_labels import OUT_OF_SCOPE
from modelmill.records import Example

if TYPE_CHECKING:
    import numpy as np


def compare(outputs: Sequence[Any], asked: Sequence[Example]) -> dict[str, np.ndarray]:
    """One number an example; NaN where a score does not apply. balanced_accuracy weighs all labels alike."""
    import numpy as np

    wanted = [str(example.target["label"]) for example in asked]
    right = np.array([output.label == label for output, label in zip(outputs, wanted, strict=True)], dtype=float)
    outside = np.array([label == OUT_OF_SCOPE for label in wanted])
    confidence = np.array([output.confidence for output in outputs])
    often = Counter(wanted)
    weight = np.array([len(wanted) / (len(often) * often[label]) for label in wanted])
    return {
        "accuracy": right,
        "in_scope_accuracy": np.where(outside, np.nan, right),
        "out_of_scope_recall": np.where(outside, right, np.nan),
        "balanced_accuracy": right * weight,
        "industry_accuracy": _industries_right(outputs, asked),
        "brier": (confidence - right) ** 2,
        "confidence": confidence,
    }


def _industries_right(outputs: Sequence[Any], asked: Sequence[Example]) -> np.ndarray:
    """NaN where the target names no industry."""
    import numpy as np

    said = [output.industry.label if output.industry is not None else None for output in outputs]
    named = [example.target.get("industry") for example in asked]
    return np.array([float(one == right) if right else np.nan for one, right in zip(said, named, strict=True)])
