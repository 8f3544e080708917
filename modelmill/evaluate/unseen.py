"""Which test examples the champion did not learn from: only these compare it fairly with a candidate.

A champion was trained on an older split. What it saw then may be a test example now, and it would be asked what it was
taught. The candidate never saw its own test split.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from modelmill.datasets.split import group_of
from modelmill.records import Dataset, Example, Split
from modelmill.store import datasets

if TYPE_CHECKING:
    import numpy as np

SLICE = "not seen by the champion"
LEARNED_FROM = (Split.TRAIN, Split.VALIDATION)


def unseen(asked: Sequence[Example], taught: Dataset, given_splits: bool) -> np.ndarray:
    """(n,) bool over `asked`, by group and cluster (by example where the splits are given) of what `taught` teaches.

    All of them when the champion saw every one: it is then harder to beat, never easier.
    """
    import numpy as np

    learned = (example for split in LEARNED_FROM for example in datasets.read_examples(taught, split))
    seen = {name for example in learned for name in _names(example, given_splits)}
    new = np.array([seen.isdisjoint(_names(example, given_splits)) for example in asked])
    return new if new.any() else np.ones(len(asked), dtype=bool)


def _names(example: Example, given_splits: bool) -> set[str]:
    return {example.sha256} if given_splits else {group_of(example), example.cluster} - {""}
