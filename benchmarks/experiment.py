"""Train a task with other parameters or seeds and print a row for docs/experiments.md. Publishes nothing.

    python benchmarks/experiment.py semantic_search --set '{"pairs": 800}' --seeds 17 18 19
    python benchmarks/experiment.py intent_classification --only-baseline

The dataset is the task's current one (`mill datasets --task ...` makes it); the base, the baseline and the test split
are those of the stages. Times are of the training alone; `cpu` is the process's own seconds, which other load inflates.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from modelmill.evaluate import compare
from modelmill.evaluate.bootstrap import interval
from modelmill.finetune.recipe import Job, get_recipe
from modelmill.records import Dataset, Interval, Split
from modelmill.settings import Settings, load
from modelmill.store import database, datasets
from modelmill.task import Predictor, Task, get_task

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as a training's process has it (Settings.child_env)


class Quiet:
    """A recipe's listener that prints the loss now and then."""

    def step(self, what: str, done: int, total: int, note: str = "") -> None:
        if done and done % 50 == 0:
            print(f"    {what} {done}/{total} {note}", flush=True)

    def metric(self, name: str, value: float, step: int) -> None:
        """Curves are MLflow's, of real trainings."""


def measure(task: Task, predictor: Predictor, dataset: Dataset, split: Split) -> compare.Side:
    """Numbers per example of one split."""
    asked, pool = datasets.read_examples(dataset, split), datasets.read_examples(dataset, Split.POOL)
    return task.measure(predictor, asked, pool)


def train(settings: Settings, task: Task, dataset: Dataset, params: Mapping[str, Any], seed: int, folder: Path) -> str:
    """Train into `folder`; returns what it cost and how it went."""
    job = Job(
        task.name, settings, settings.base_model, params, seed, datasets.read_examples(dataset, Split.TRAIN),
        datasets.read_examples(dataset, Split.VALIDATION), folder, Quiet(),
    )  # fmt: skip
    wall, cpu = time.monotonic(), os.times()
    metrics = get_recipe(task.recipe).train(job)
    spent = os.times()
    used = spent.user + spent.system - cpu.user - cpu.system
    told = ", ".join(f"{name} {value:.4g}" for name, value in metrics.items())
    return f"{time.monotonic() - wall:.0f} s wall, {used:.0f} s cpu; {told}"


def told(task: Task, sides: Mapping[str, compare.Side]) -> str:
    """Scores of every side, one line each."""
    found = compare.scores(task, sides)
    return "\n".join(
        f"  {side:10s} " + "  ".join(f"{name} {values[side]:.4f}" for name, values in found.items()) for side in sides
    )


def shown(name: str, one: Interval) -> str:
    return f"  {name} {one.value:+.4f} [{one.low:+.4f}, {one.high:+.4f}]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task")
    parser.add_argument("--profile", default="small")
    parser.add_argument("--set", default="{}", help="parameters to replace, as JSON")
    parser.add_argument("--seeds", type=int, nargs="*", default=[17])
    parser.add_argument("--only-baseline", action="store_true")
    asked = parser.parse_args()
    settings, task = load(), get_task(asked.task)
    dataset = datasets.load(database.engine(settings), task)
    print(f"{task.name}, dataset {dataset.sha256[:12]} {dict(dataset.counts)}")
    base = {"baseline": measure(task, task.baseline(dataset), dataset, Split.TEST)}
    base |= {name: measure(task, make(dataset), dataset, Split.TEST) for name, make in task.references.items()}
    print(told(task, base), flush=True)
    params = {**task.params[asked.profile], **json.loads(asked.set)}
    for seed in [] if asked.only_baseline else asked.seeds:
        with tempfile.TemporaryDirectory() as folder:
            print(f"{params} seed {seed}\n  {train(settings, task, dataset, params, seed, Path(folder))}", flush=True)
            predictor = task.predictor(Path(folder))
            sides = {side: measure(task, predictor, dataset, Split(side)) for side in ("validation", "test")}
        print(told(task, sides))
        print(shown("minus baseline", compare.difference(task, sides["test"], base["baseline"], 17)))
        print(shown(task.main_score.name, interval(np.asarray(sides["test"][task.main_score.name]), 17)), flush=True)


if __name__ == "__main__":
    main()
