"""The checks that block: what must hold of a corpus's units and of a frozen set before anything is made of them.

Dagster shows them as asset checks (assets/normalize.py, assets/tasks.py), the stages' words run them by `hold`: whoever
runs a stage, the same must hold. The gate before a release stands by itself: deploy looks it up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Generic, TypeVar

from sqlalchemy import Engine

from modelmill.errors import UserError
from modelmill.records import Corpus
from modelmill.settings import Settings
from modelmill.task import Task

Failures = Sequence[Mapping[str, Any]]
Of = TypeVar("Of", Corpus, Task)


@dataclass(frozen=True, slots=True)
class Judged:
    """failures: what is wrong, one flat mapping each; none when it passed. told: what else the asset's page says."""

    failures: Failures
    told: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Check(Generic[Of]):
    """`does` is for the page of the asset. `run`: the last argument says that everything is to be judged anew."""

    name: str
    does: str
    run: Callable[[Settings, Engine, Of, bool], Judged]


def hold(checks: Sequence[Check[Of]], settings: Settings, db: Engine, of: Of) -> None:
    """Raises UserError for the first check that says no."""
    for check in checks:
        failures = check.run(settings, db, of, False).failures
        if failures:
            raise UserError(
                f"the check {check.name} of {of.name} said no: nothing may be made of it",
                allowed=check.does,
                found=f"{len(failures)} failures: {said(failures)}",
                next="mend what it names at its source, then run the same again",
            )


def said(failures: Failures) -> str:
    """The first three failures in one line."""
    return " | ".join("; ".join(f"{name} {value}" for name, value in one.items() if value) for one in failures[:3])


def _well_formed(_: Settings, db: Engine, corpus: Corpus, everything: bool) -> Judged:
    from modelmill.normalize.expectations import check_units

    checked = check_units(db, corpus, everything)
    return Judged(checked.failures, checked.told)


def _no_secret(_: Settings, db: Engine, corpus: Corpus, everything: bool) -> Judged:
    from modelmill.normalize.expectations import rescan

    scanned = rescan(db, corpus, everything)
    return Judged([asdict(left) for left in scanned.left], scanned.told)


def _fits(settings: Settings, db: Engine, task: Task, _everything: bool) -> Judged:
    from modelmill.datasets.expectations import check_dataset
    from modelmill.store import datasets

    return Judged(check_dataset(datasets.here(settings, datasets.load(db, task))).failures)


def _no_leak(settings: Settings, db: Engine, task: Task, _everything: bool) -> Judged:
    from modelmill.datasets.expectations import check_leak
    from modelmill.store import datasets

    return Judged(check_leak(datasets.here(settings, datasets.load(db, task))).failures)


UNITS: tuple[Check[Corpus], ...] = (
    Check(
        "units_expectations",
        "Keys unique, texts not empty, kinds known, lines in order, hashes well formed (Great Expectations).",
        _well_formed,
    ),
    Check(
        "no_secret_left",
        "What is stored is scanned once more for secrets and personal data: none may be left.",
        _no_secret,
    ),
)
DATASET: tuple[Check[Task], ...] = (
    Check(
        "dataset_expectations",
        "Examples fit the task's Input, splits are not empty, hashes unique (Great Expectations).",
        _fits,
    ),
    Check("no_leak", "No example of one split is an exact or near duplicate of one in another.", _no_leak),
)
