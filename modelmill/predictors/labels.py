"""From probabilities to the answer that tasks with labels give; the same for a model and its baseline."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from modelmill.datasets.intents import kind_of

if TYPE_CHECKING:
    import numpy as np

ALTERNATIVES = 3


def answers(output: Callable[..., Any], labels: Sequence[str], chances: np.ndarray) -> list[Any]:
    """One Output a row of `chances` (n, labels): the most probable label, and the next three."""
    import numpy as np

    ranked = np.argsort(-chances, axis=1, kind="stable")[:, : ALTERNATIVES + 1]
    made: list[Any] = []
    for row, order in zip(chances, ranked, strict=True):
        first = labels[int(order[0])]
        said = [{"label": labels[int(i)], "confidence": round(float(row[int(i)]), 6)} for i in order]
        made.append(output(**said[0], kind=kind_of(first), alternatives=said[1:]))
    return made
