"""A head is drawn towards the mean of each label's texts as far as validation asks for it."""

from __future__ import annotations

import numpy as np

from modelmill.finetune import prototypes


def test_a_prototype_is_the_mean_direction_of_its_labels_rows() -> None:
    rows = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 2.0]], dtype=np.float32)
    found = prototypes.of_labels(rows, np.array([0, 0, 2]), 3)
    assert np.allclose(found, [[np.sqrt(0.5), np.sqrt(0.5)], [0, 0], [0, 1]])


def test_what_makes_validation_likelier_is_taken_and_nothing_else() -> None:
    rng = np.random.default_rng(7)
    right = rng.integers(0, 4, 200)
    truth = np.eye(4)[right]
    unsure, noise = truth + rng.normal(0, 1.5, (200, 4)), rng.normal(0, 1, (200, 4))
    assert prototypes.strength(unsure, truth, right, 3, None) > 0
    assert prototypes.strength(truth * 3 + 0.1 * noise, noise, right, 3, None) == 0


def test_of_what_validation_cannot_tell_apart_the_strongest_is_taken() -> None:
    rng = np.random.default_rng(8)
    right = rng.integers(0, 4, 200)
    near = np.eye(4)[right] + rng.normal(0, 0.4, (200, 4))
    drawn = prototypes.strength(0.001 * rng.normal(0, 1, (200, 4)), near, right, 3, None)
    assert drawn == max(prototypes.STRENGTHS)
