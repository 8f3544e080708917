"""`python -m modelmill.finetune.worker SPEC.json`: run one recipe, say how it goes as JSON lines on standard output.

SPEC: task, recipe, dataset (folder of a frozen dataset), dataset_sha256, staging, base, params, seed, checkpoints
(folder), checkpoint_seconds. Events: step, metric, and at the end done {metrics} or failed {kind, error}. Nothing else
reaches standard output: libraries print to standard error.
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from modelmill.errors import MillError, PrerequisiteError
from modelmill.failures import explained, foreseen
from modelmill.records import Dataset, Split
from modelmill.settings import load

STEP_EVERY = 0.5  # seconds; a line for every step would be read by nobody


@dataclass
class Speaker:
    """Writes events. start, said: seconds of a monotonic clock."""

    out: TextIO
    start: float
    said: float = 0.0

    def event(self, event: str, **more: Any) -> None:
        """One line."""
        self.out.write(json.dumps({"event": event, **more}) + "\n")
        self.out.flush()

    def step(self, what: str, done: int, total: int, note: str = "") -> None:
        """At most every half second, and at the end."""
        now = time.monotonic()
        if done == total or now - self.said >= STEP_EVERY:
            self.said = now
            self.event("step", what=what, done=done, total=total, seconds=now - self.start, note=note)

    def metric(self, name: str, value: float, step: int) -> None:
        """Every point."""
        self.event("metric", name=name, value=value, step=step)


def train(spec: dict[str, Any], say: Speaker) -> dict[str, float]:
    """Run the recipe that the spec names."""
    from modelmill.finetune.checkpoints import Checkpoints
    from modelmill.finetune.recipe import Job, get_recipe
    from modelmill.store.datasets import read_examples

    frozen = json.loads((Path(spec["dataset"]) / "manifest.json").read_text(encoding="utf-8"))
    dataset = Dataset(spec["dataset_sha256"], spec["task"], Path(spec["dataset"]), frozen["counts"], frozen)
    job = Job(
        task=spec["task"],
        settings=load(),
        base=spec["base"],
        params=spec["params"],
        seed=spec["seed"],
        train=read_examples(dataset, Split.TRAIN),
        validation=read_examples(dataset, Split.VALIDATION),
        staging=Path(spec["staging"]),
        say=say,
        checkpoints=Checkpoints(Path(spec["checkpoints"]), spec["checkpoint_seconds"]),
    )
    return get_recipe(spec["recipe"]).train(job)


def main(file: Path) -> int:
    """Returns the exit code."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    say = Speaker(out, time.monotonic())
    try:
        say.event("done", metrics=train(json.loads(file.read_text(encoding="utf-8")), say))
    except MillError as error:
        say.event("failed", kind=type(error).__name__, error=error.as_dict())
        return error.exit_code
    except MemoryError:
        error = PrerequisiteError(
            "the training ran out of memory",
            allowed="some 3 GB for the profile small",
            found="MemoryError",
            next="free memory or choose --profile tiny, then start it again",
        )
        say.event("failed", kind="PrerequisiteError", error=error.as_dict())
        return error.exit_code
    except Exception as error:
        if foreseen(error) is None:
            raise  # its traceback is what is told
        told = explained(error)
        say.event("failed", kind=type(told).__name__, error=told.as_dict())
        return told.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
