"""One training loop for all recipes: AdamW, linear warm-up and decay, clipped gradients, a fixed number of steps."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from modelmill.errors import DataError

if TYPE_CHECKING:
    from torch import Tensor

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


def seed_everything(seed: int, threads: int) -> None:
    """Same seed and threads, same model."""
    import os

    import torch

    torch.set_num_threads(threads or len(os.sched_getaffinity(0)))
    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(True)


def trainable(transformer: Any, frozen_layers: int) -> list[Any]:
    """The weights to train. frozen_layers: -1 trains all, 0 leaves the embeddings, n also the n lowest layers as is.

    Half the weights of MiniLM are embeddings: without them a step on short texts costs two thirds.
    """
    if frozen_layers >= 0:
        for part in [transformer.embeddings, *transformer.encoder.layer[:frozen_layers]]:
            part.requires_grad_(requires_grad=False)
    return [weight for weight in transformer.parameters() if weight.requires_grad]


def run(
    groups: Sequence[dict[str, Any]],
    all_batches: Iterable[list[T]],
    steps: int,
    loss_of: Callable[[list[T]], Tensor],
    say: Say,
) -> float:
    """Take `steps` steps over parameter groups ({"params", "lr"}); returns the mean loss of the last tenth.

    Raises DataError when the loss is no number: such a model must not be saved.
    """
    import torch

    optimizer = torch.optim.AdamW(groups, weight_decay=DECAY)
    warm = max(1, int(steps * WARM_UP))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warm, (steps - step) / max(1, steps - warm))
    )
    weights = [weight for group in groups for weight in group["params"]]
    losses: list[float] = []
    for step, batch in enumerate(all_batches, 1):
        loss = loss_of(batch)
        losses.append(_number(loss.item(), step))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, CLIP)
        optimizer.step()
        schedule.step()
        say.metric("loss", losses[-1], step)
        say.step("training", step, steps, f"loss {losses[-1]:.3f}")
    last = losses[-max(1, len(losses) // 10) :]
    return sum(last) / len(last)


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
