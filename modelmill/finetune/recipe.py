"""What a recipe gets and what it owes: one file in `recipes/` each, with VERSION, SCORE, RANGES and `train(job)`.

A recipe writes the model into `job.staging` (safetensors, JSON, text only) and says how it goes through `job.say`. It
runs in a worker process, sees no database, and gives the same bytes for the same job on the same machine.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from modelmill.errors import UserError
from modelmill.finetune.checkpoints import Checkpoints
from modelmill.finetune.trials import Ranges
from modelmill.records import Example
from modelmill.settings import Settings


class Say(Protocol):
    """Where a recipe reports to."""

    def step(self, what: str, done: int, total: int, note: str = "") -> None:
        """So many of so many are done."""
        ...

    def metric(self, name: str, value: float, step: int) -> None:
        """One point of a curve."""
        ...


@dataclass(frozen=True)
class Job:
    """One training. base: the folder or name of the model to start from. params: the task's for the profile.

    checkpoints: where the loop keeps how far it is, None for nowhere.
    """

    task: str
    settings: Settings
    base: str
    params: Mapping[str, Any]
    seed: int
    train: Sequence[Example]
    validation: Sequence[Example]
    staging: Path
    say: Say
    checkpoints: Checkpoints | None = None


class Recipe(Protocol):
    """A module in `recipes/`. VERSION changes whenever the same job would give another model. SCORE: which of the
    metrics says on validation how good it is; RANGES: which parameters are worth trying, and how far (trials.py).
    """

    VERSION: int
    SCORE: str
    RANGES: Ranges

    def train(self, job: Job) -> dict[str, float]:
        """Train, write into job.staging, return the final metrics."""
        ...


def get_recipe(name: str) -> Recipe:
    """The recipe called `name`. Raises UserError."""
    from modelmill.finetune import recipes

    known = sorted(module.name for module in pkgutil.iter_modules(recipes.__path__))
    if name not in known:
        raise UserError(
            f"there is no recipe {name!r}",
            allowed=", ".join(known),
            found=repr(name),
            next="name one of them in the task's file",
        )
    module: Any = importlib.import_module(f"modelmill.finetune.recipes.{name}")
    return module
