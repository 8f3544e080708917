"""Which of several choices is taken where examples can hardly tell them from each other."""

from __future__ import annotations

import numpy as np
import pytest

from modelmill.predictors.one_error import first_as_good

LOSSES = np.random.default_rng(17).uniform(0, 1, 400)


@pytest.mark.parametrize(
    ("gain", "spread", "chosen"),
    [(0.05, 0.01, 1), (0.001, 1.0, 0), (0.0, 0.0, 0), (-0.05, 0.01, 0)],
    ids=["a gain for certain", "a gain that is chance", "the same", "a loss"],
)
def test_a_bolder_choice_has_to_gain_more_than_chance_gives(gain: float, spread: float, chosen: int) -> None:
    differences = np.where(np.arange(400) % 2, spread, -spread) - gain
    assert first_as_good([LOSSES, LOSSES + differences]) == chosen


def test_the_error_is_that_of_the_difference_and_not_of_the_losses() -> None:
    """All lose a little on each example: no chance, though the losses themselves differ by far more."""
    assert first_as_good([LOSSES + 0.01, LOSSES + 0.02, LOSSES]) == 2


def test_of_those_as_good_as_the_best_the_first_is_taken() -> None:
    noise = np.where(np.arange(400) % 2, 0.5, -0.5)
    assert first_as_good([LOSSES + 0.2, LOSSES + 0.02 + noise, LOSSES, LOSSES + 0.01 + noise]) == 1
