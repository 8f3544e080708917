"""The mean of the last steps' weights, checked by hand, and that a training uses it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch

from modelmill.finetune import averaging, loop


class Rates:
    """Hears nothing."""

    def step(self, what: str, done: int, total: int, note: str = "") -> None: ...

    def metric(self, name: str, value: float, step: int) -> None: ...


def test_the_mean_is_over_the_last_steps_alone() -> None:
    weight = torch.tensor([0.0, 0.0])
    mean = averaging.over([weight], steps=5, share=0.6)
    assert mean is not None and mean.first == 3
    for step in range(1, 6):
        weight.copy_(torch.tensor([float(step), float(step * step)]))
        mean.add(step)
    mean.put()
    assert weight.tolist() == pytest.approx([4.0, (9 + 16 + 25) / 3])


@pytest.mark.parametrize(("steps", "share"), [(5, 0.0), (5, 0.1), (0, 0.5)])
def test_no_step_no_mean(steps: int, share: float) -> None:
    assert averaging.over([torch.zeros(1)], steps, share) is None


def trained(averaged: float) -> tuple[float, list[float]]:
    """One weight that is drawn up by a constant slope, and what it was after each step."""
    weight = torch.nn.Parameter(torch.zeros(1))
    seen: list[float] = []

    def loss_of(batch: list[int]) -> torch.Tensor:
        seen.append(weight.item())
        return -weight.sum()

    batches: Sequence[list[int]] = [[0]] * 10
    loop.run([{"params": [weight], "lr": 0.1}], batches, loss_of, Rates(), averaged=averaged)
    return weight.item(), seen


def test_a_training_ends_with_the_mean_and_keeps_its_rate_over_those_steps() -> None:
    last, seen = trained(0.5)
    after = seen[1:]  # after the first step, the second, ..., the ninth
    moved = [b - a for a, b in zip(seen, after, strict=False)]
    assert moved[6:] == pytest.approx([moved[5]] * 3, rel=0.01), "AdamW steps by the rate"
    assert moved[2] > moved[4] > moved[5] * 1.05
    tenth = after[-1] + moved[-1]
    assert last == pytest.approx(sum([*after[5:], tenth]) / 5, rel=0.01)
    whole, _ = trained(0.0)
    assert whole > 0 and whole != last
