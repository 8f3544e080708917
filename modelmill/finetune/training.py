"""One training: in a worker process, with a run of its own in MLflow that says what is trained on what."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelmill import tracking
from modelmill.finetune.executors import local
from modelmill.finetune.trials import Params
from modelmill.progress import Progress, Step
from modelmill.records import Dataset
from modelmill.settings import Profile, Settings
from modelmill.task import Task

# A killed training loses at most this much; writing weights and moments of MiniLM takes about half a second.
CHECKPOINT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Training:
    """What a model follows from, but for the parameters, which trials may choose."""

    settings: Settings
    task: Task
    dataset: Dataset
    profile: Profile
    seed: int

    @property
    def origin(self) -> dict[str, Any]:
        """As its run and its model tell it."""
        told = {"task": self.task.name, "dataset_sha256": self.dataset.sha256}
        searched = {"trials": self.settings.trials} if self.settings.trials > 1 else {}
        return {**told, "profile": self.profile, "seed": self.seed, **searched}


@contextmanager
def run(of: Training, params: Params, more: str = "", tags: Mapping[str, str] | None = None) -> Generator[tracking.Run]:
    """Its run in MLflow. more: the end of the run's name; tags: further ones."""
    told = {**params, "base_model": of.settings.base_model, "recipe": of.task.recipe, **of.origin}
    name = f"{of.task.name} {of.profile} {of.dataset.sha256[:8]} seed {of.seed}{more}"
    with tracking.run(of.settings, of.task.name, name, tags={**of.origin, **(tags or {})}, params=told) as made:
        made.dataset(of.dataset)
        yield made


def staging(settings: Settings) -> tempfile.TemporaryDirectory[str]:
    """A folder for a model that is not published yet, beside where it will lie."""
    folder = settings.home_dir / "staging"
    folder.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryDirectory(prefix="train-", dir=folder)


def train(
    of: Training, params: Params, folder: str, kept: Path, run: tracking.Run, progress: Progress
) -> dict[str, float]:
    """Write the model into `folder`, checkpoints into `kept`; what it ended with is recorded in the run too."""
    spec = {
        "task": of.task.name,
        "recipe": of.task.recipe,
        "dataset": str(of.dataset.path),
        "dataset_sha256": of.dataset.sha256,
        "staging": folder,
        "base": of.settings.base_model,
        "params": dict(params),
        "seed": of.seed,
        "checkpoints": str(kept),
        "checkpoint_seconds": CHECKPOINT_SECONDS,
    }
    started = time.monotonic()
    metrics = local.execute(of.settings, spec, _hear(run, progress))
    metrics = {**metrics, "seconds": round(time.monotonic() - started, 1)}
    for name, value in metrics.items():
        run.metric(name if name != "loss" else "final_loss", value)  # `loss` is the name of its curve
    return metrics


def _hear(run: tracking.Run, progress: Progress) -> Callable[[Mapping[str, Any]], None]:
    """Points of curves go to MLflow, steps to whoever looks on."""

    def heard(event: Mapping[str, Any]) -> None:
        if event["event"] == "metric":
            run.metric(event["name"], event["value"], event["step"])
        else:
            progress(Step(event["what"], event["done"], event["total"], event["seconds"], event["note"]))

    return heard
