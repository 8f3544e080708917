"""How far a training is: weights, the optimizer's moments, the random state and the losses, in one safetensors file.

Named by step and sha256, written as temp, fsync, rename: half a checkpoint is never found, an altered one never loaded.
The folder is of one input on one number of threads, so what goes on from it gives the same bytes as without a break.
It lies under its dataset's sha256, by which an erasure finds it.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelmill.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

MAX_AGE = 7 * 24 * 3600.0  # seconds; an older one is of a training that nobody goes on with
MOMENTS = ("step", "exp_avg", "exp_avg_sq")  # AdamW's
NAME = re.compile(r"(\d{8})-([0-9a-f]{64})\.safetensors")


def root(settings: Settings) -> Path:
    """Where all of them lie."""
    return settings.home_dir / "checkpoints"


def folder(settings: Settings, dataset_sha256: str, input_hash: str) -> Path:
    """Of one training: other threads sum in another order, so theirs are others."""
    threads = settings.threads or len(os.sched_getaffinity(0))
    return root(settings) / dataset_sha256 / f"{input_hash}-{threads}"


def discard(settings: Settings, done: Path) -> None:
    """The training is published: its checkpoints go, and those of long ago with them."""
    shutil.rmtree(done, ignore_errors=True)
    for old in root(settings).glob("*/*"):
        with suppress(OSError):
            if time.time() - old.stat().st_mtime > MAX_AGE:
                shutil.rmtree(old, ignore_errors=True)
    for emptied in root(settings).glob("*"):
        with suppress(OSError):  # not empty
            emptied.rmdir()


@dataclass
class Checkpoints:
    """The checkpoints of one training. every: seconds between two."""

    folder: Path
    every: float
    kept: float = field(default_factory=time.monotonic)

    def keep(self, weights: Sequence[Tensor], optimizer: Any, losses: Sequence[float]) -> None:
        """Write one if it is time, and delete those before it. A full disk stops no training: it goes on without."""
        if time.monotonic() - self.kept < self.every:
            return
        with suppress(OSError):
            self._write(weights, optimizer, losses)
        self.kept = time.monotonic()

    def restore(self, weights: Sequence[Tensor], optimizer: Any) -> list[float]:
        """Take over the newest whole one; returns its losses, one a step that is done. Empty: nothing is done yet."""
        import torch

        for file in sorted(self._files(), reverse=True):
            tensors, losses = _read(file)
            if losses:
                for number, weight in enumerate(weights):
                    _take_over(weight, optimizer, tensors, number)
                torch.set_rng_state(tensors["random"])
                return losses
        return []

    def _write(self, weights: Sequence[Tensor], optimizer: Any, losses: Sequence[float]) -> None:
        import torch
        from safetensors.torch import save

        tensors = {"random": torch.get_rng_state()}
        for number, weight in enumerate(weights):
            tensors[f"weight.{number}"] = weight.detach().contiguous()
            moments = optimizer.state[weight]  # none of a weight that the loss does not reach
            tensors |= {f"{name}.{number}": moments[name] for name in MOMENTS if name in moments}
        content = save(tensors, metadata={"losses": json.dumps(list(losses)), "torch": torch.__version__})
        self.folder.mkdir(parents=True, exist_ok=True)
        before = list(self._files())
        target = self.folder / f"{len(losses):08}-{hashlib.sha256(content).hexdigest()}.safetensors"
        temp = self.folder / f".{uuid.uuid4().hex}"
        try:
            with temp.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temp.rename(target)
        finally:
            temp.unlink(missing_ok=True)
        for old in before:
            if old != target:
                old.unlink(missing_ok=True)

    def _files(self) -> list[Path]:
        return [file for file in self.folder.glob("*.safetensors") if NAME.fullmatch(file.name)]


def _take_over(weight: Tensor, optimizer: Any, tensors: dict[str, Tensor], number: int) -> None:
    import torch

    with torch.no_grad():
        weight.copy_(tensors[f"weight.{number}"])
    optimizer.state[weight] = {name: tensors[f"{name}.{number}"] for name in MOMENTS if f"{name}.{number}" in tensors}


def _read(file: Path) -> tuple[dict[str, Tensor], list[float]]:
    """Its tensors and losses; nothing of one that is altered or of another release of torch, whose sums may differ."""
    import torch
    from safetensors import safe_open
    from safetensors.torch import load

    content = file.read_bytes()
    named = NAME.fullmatch(file.name)
    if named is None or hashlib.sha256(content).hexdigest() != named[2]:
        return {}, []
    with safe_open(file, framework="pt") as opened:
        about = opened.metadata()
    if about.get("torch") != torch.__version__:
        return {}, []
    return load(content), json.loads(about["losses"])
