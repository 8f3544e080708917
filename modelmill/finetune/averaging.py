"""The mean of the weights over the last steps of a training (stochastic weight averaging,
https://arxiv.org/abs/1803.05407): one model that answers about as several of the way would together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Averaging:
    """weights: those that train. means: of each over the steps so far, as of step `first` (counted from 1)."""

    weights: Sequence[Tensor]
    means: Sequence[Tensor]
    first: int

    def add(self, step: int) -> None:
        """The weights as they are after the step."""
        import torch

        if step >= self.first:
            with torch.no_grad():
                for weight, mean in zip(self.weights, self.means, strict=True):
                    mean.lerp_(weight, 1 / (step - self.first + 1))

    def put(self) -> None:
        """The means in the place of the weights."""
        import torch

        with torch.no_grad():
            for weight, mean in zip(self.weights, self.means, strict=True):
                weight.copy_(mean)


def over(weights: Sequence[Tensor], steps: int, share: float) -> Averaging | None:
    """Over the last `share` of so many steps; None for nothing: the weights are then the last step's."""
    last = int(steps * share)
    return Averaging(weights, [weight.detach().clone() for weight in weights], steps - last + 1) if last else None
