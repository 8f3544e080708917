"""One training loop for all recipes: AdamW, linear warm-up and decay, clipped gradients, a fixed number of steps."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from modelmill.errors import DataError
from modelmill.finetune import averaging

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from modelmill.finetune.checkpoints import Checkpoints
    from modelmill.finetune.recipe import Say

T = TypeVar("T")

WARM_UP = 0.1  # share of the steps
DECAY = 0.01  # weight decay, AdamW's usual
CLIP = 1.0  # gradient norm
# Batches are filled from runs of this many batches' worth, sorted by length: less padding, still random.
BUCKET = 16


def batches(items: Sequence[T], size: int, rng: random.Random, length: Callable[[T], int]) -> list[list[T]]:
    """All items once, in batches of `size` of like length, in random order; the odd ones in a smaller batch."""
    order = list(items)
    rng.shuffle(order)
    made: list[list[T]] = []
    for start in range(0, len(order), size * BUCKET):
        run = sorted(order[start : start + size * BUCKET], key=length)
        made += [run[i : i + size] for i in range(0, len(run), size)]
    rng.shuffle(made)
    return made


def batches_by_group(items: Sequence[T], size: int, rng: random.Random, group: Callable[[T], str]) -> list[list[T]]:
    """All items once, in batches of `size` that hold one group, or few small ones; in random order."""
    shuffled = list(items)
    rng.shuffle(shuffled)
    groups: dict[str, list[T]] = {}
    for item in shuffled:
        groups.setdefault(group(item), []).append(item)
    order = [item for members in groups.values() for item in members]
    made = [order[i : i + size] for i in range(0, len(order), size)]
    rng.shuffle(made)
    return made


def batches_by_neighbours(items: Sequence[T], size: int, rng: random.Random, rows: np.ndarray) -> list[list[T]]:
    """All items once, in batches of one and the `size` - 1 that are most like it of those left; in random order.

    rows: (n, dim) of the items, unit length. Each is then told from what it is easily taken for.
    """
    import numpy as np

    order = list(range(len(items)))
    rng.shuffle(order)
    alike, left, made = rows @ rows.T, np.ones(len(items), dtype=bool), list[list[T]]()
    for first in order:
        if left[first]:
            near = np.argsort(-np.where(left, alike[first], -np.inf), kind="stable")[: min(size, int(left.sum()))]
            made.append([items[int(place)] for place in near])
            left[near] = False
    rng.shuffle(made)
    return made


def seed_everything(seed: int, threads: int) -> None:
    """Same seed and threads, same model."""
    import os

    import torch

    torch.set_num_threads(threads or len(os.sched_getaffinity(0)))
    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(True)


def trainable(transformer: Any, frozen_layers: int) -> list[Any]:
    """The weights to train. frozen_layers: -1 trains all, 0 leaves the embeddings, n also the n lowest layers as is,
    the highest one excepted, so that a small model has something to learn with.

    Half the weights of MiniLM are embeddings: without them a step on short texts costs two thirds.
    """
    if frozen_layers >= 0:
        layers = list(transformer.encoder.layer)
        for part in [transformer.embeddings, *layers[: min(frozen_layers, len(layers) - 1)]]:
            part.requires_grad_(requires_grad=False)
    return [weight for weight in transformer.parameters() if weight.requires_grad]


def run(
    groups: Sequence[dict[str, Any]],
    all_batches: Sequence[list[T]],
    loss_of: Callable[[list[T]], Tensor],
    say: Say,
    keeper: Checkpoints | None = None,
    averaged: float = 0.0,
) -> float:
    """Take a step a batch over parameter groups ({"params", "lr"}); returns the mean loss of the last tenth.

    averaged: share of the steps, the last ones, over which the weights are averaged; the rate stays the same there.
    From the keeper's checkpoint on, if it has one: the result is the same, bit for bit, as without the interruption.
    Raises DataError when the loss is no number: such a model must not be saved.
    """
    import torch

    steps = len(all_batches)
    optimizer = torch.optim.AdamW(groups, weight_decay=DECAY)
    rates = [group["lr"] for group in groups]
    weights = [weight for group in groups for weight in group["params"]]
    mean = averaging.over(weights, steps, averaged)
    kept = [*weights, *(mean.means if mean else ())]
    losses = keeper.restore(kept, optimizer) if keeper else []
    for step, known in enumerate(losses, 1):  # the curve is whole again, in a new record of the training
        say.metric("loss", known, step)
    for step, batch in enumerate(all_batches[len(losses) :], len(losses) + 1):
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate * _rate(min(step, mean.first) if mean else step, steps)
        losses.append(_take(optimizer, weights, loss_of(batch), step))
        if mean:
            mean.add(step)
        say.metric("loss", losses[-1], step)
        say.step("training", step, steps, f"loss {losses[-1]:.3f}")
        if keeper and step < steps:
            keeper.keep(kept, optimizer, losses)
    if mean:
        mean.put()
    last = losses[-max(1, len(losses) // 10) :]
    return sum(last) / len(last)


def _take(optimizer: Any, weights: list[Tensor], loss: Tensor, step: int) -> float:
    """One step down the loss, whose number it returns."""
    import torch

    number = _number(loss.item(), step)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(weights, CLIP)
    optimizer.step()
    return number


def _rate(step: int, steps: int) -> float:
    """The share of the learning rate in a step, counted from 1: rises to 1 in the warm-up, falls to 0 at the end."""
    warm = max(1, int(steps * WARM_UP))
    return min(step / warm, (steps - step + 1) / max(1, steps - warm))


def _number(loss: float, step: int) -> float:
    import math

    if not math.isfinite(loss):
        raise DataError(
            f"the training went astray at step {step}",
            allowed="a finite loss",
            found=f"loss {loss}",
            next="lower the learning rate in the task's params",
        )
    return loss
