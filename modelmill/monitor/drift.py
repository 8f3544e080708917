"""Whether a release is asked other things than it was measured on: told by how sure it is of its answers.

The confidences of the frozen test set are the reference, those of the last days what is compared, in the ten bins of
the report's reliability curve, by the population stability index (below .1 alike, above .2 moved: Siddiqi 2006,
"Credit Risk Scorecards"). It tells that something moved, not what; nothing is retrained on the same data for it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine

from modelmill.evaluate import reports
from modelmill.evaluate.reliability import BINS
from modelmill.store import predictions, releases

MOVED = 0.2
FEWEST = 200  # answers; with fewer the index is moved by chance alone
DAYS = 7.0


@dataclass(frozen=True, slots=True)
class Drift:
    """psi: the index over the release's `n` answers of the last DAYS days against the `measured` test examples."""

    task: str
    release: str
    psi: float
    n: int
    measured: int

    @property
    def moved(self) -> bool:
        """Whether it is asked other things now; never said of fewer than FEWEST answers."""
        return self.n >= FEWEST and self.psi > MOVED


def drift(db: Engine, task: str) -> Drift | None:
    """Of the task's champion; None when it has none, was never asked, or has no confidence on record."""
    champion = releases.champion(db, task)
    curve = reports.details(db, champion.report_id)["curves"].get("candidate") if champion else None
    if champion is None or not curve:
        return None
    seen = predictions.confidences(db, champion.id, BINS, DAYS * 24 * 3600)
    if not sum(seen):
        return None
    wanted = _measured(curve)
    return Drift(task, champion.name, psi(wanted, seen), sum(seen), sum(wanted))


def psi(reference: Sequence[int], now: Sequence[int]) -> float:
    """The population stability index of two histograms over the same bins; half a count is added to each bin, so that
    an empty one does not make it infinite.
    """
    shares = [[(count + 0.5) / (sum(counts) + 0.5 * len(counts)) for count in counts] for counts in (reference, now)]
    return sum((b - a) * math.log(b / a) for a, b in zip(*shares, strict=True))


def _measured(curve: Sequence[Mapping[str, Any]]) -> list[int]:
    """A reliability curve names its bins by their mean confidence and leaves the empty ones out."""
    counts = [0] * BINS
    for one in curve:
        counts[min(int(one["confidence"] * BINS), BINS - 1)] += int(one["n"])
    return counts
