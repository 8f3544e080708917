"""The one-standard-error rule: of choices that some examples cannot tell from the best one, take the most cautious
(Breiman et al., Classification and Regression Trees, 1984). What is best on a few hundred examples is so in part by
chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


def first_as_good(losses: Sequence[np.ndarray]) -> int:
    """The first choice whose mean loss is within one standard error of the least.

    losses: (n,) for each choice, the most cautious first, of the same examples: the error is that of the difference.
    """
    import numpy as np

    least = min(losses, key=lambda each: float(each.sum()))
    allowed = len(least) ** 0.5
    return next(at for at, each in enumerate(losses) if (each - least).sum() <= np.std(each - least) * allowed)
