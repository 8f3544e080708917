"""What must hold of a frozen set before anything is trained on it. Dagster makes both blocking checks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from modelmill.datasets import leak, split
from modelmill.expectations import Checked, check
from modelmill.records import Dataset, Example, Split, canonical_json
from modelmill.store import artifacts
from modelmill.store.datasets import read_examples
from modelmill.task import Task, get_task

COLUMNS = ("sha256", "split", "input", "target", "misfit")
SUITE = Path(__file__).with_name("dataset.suite.json")
LEAK = "What is measured on must not have been learnt from, or the score is no score."


def check_dataset(dataset: Dataset) -> Checked:
    """The suite on the frozen files. Raises DataError when these are not what was frozen."""
    artifacts.verify(dataset.path, dataset.sha256)
    task = get_task(dataset.task)
    return check([_row(task, one) for one in read_examples(dataset)], COLUMNS, SUITE, {"splits": list(Split)})


def check_leak(dataset: Dataset) -> Checked:
    """No group or cluster in two splits, no exact or near copy across them; read from the frozen files."""
    examples = read_examples(dataset)
    groups, clusters = ([], []) if get_task(dataset.task).given_splits else split.torn(examples)
    failures = [_failure("group in one split", name) for name in groups]
    failures += [_failure("cluster in one split", name) for name in clusters]
    failures += [_copied(one) for one in leak.leaks(examples)]
    return Checked(not failures, 3, failures)


def _row(task: Task, example: Example) -> dict[str, Any]:
    return {
        "sha256": example.sha256,
        "split": example.split.value,
        "input": canonical_json(example.input),
        "target": canonical_json(example.target),
        "misfit": _misfit(task, example),
    }


def _misfit(task: Task, example: Example) -> str:
    try:
        task.input.model_validate(dict(example.input))
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
    return ""


def _failure(expectation: str, found: str, examples: Sequence[str] = ()) -> dict[str, Any]:
    return {
        "expectation": expectation,
        "column": "",
        "count": 1,
        "found": found,
        "examples": ", ".join(examples),
        "because": LEAK,
    }


def _copied(found: leak.Leak) -> dict[str, Any]:
    one, like = found.example, found.like
    said = [canonical_json(side.input)[:120] for side in (one, like)]
    return _failure("no copy across splits", f"{one.split.value} is like {like.split.value}", said)
