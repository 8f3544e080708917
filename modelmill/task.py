"""What a task must say about itself, and how the tasks are found: one file in `modelmill/tasks/` each, by being there.

A task file exposes one `TASK`. Everything else follows from it: its Dagster assets, blocking check, endpoint, row in
the README and contract tests.
"""

from __future__ import annotations

import pkgutil
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, get_args

from pydantic import BaseModel

from modelmill.datasets.split import SHARES
from modelmill.errors import UserError
from modelmill.records import Dataset, Example, Split, Unit, UnitKind
from modelmill.registry import exposed, unusable
from modelmill.settings import PROFILES

if TYPE_CHECKING:
    import numpy as np

    from modelmill.settings import Profile


class Hit(NamedTuple):
    """A unit found by an index; score is the cosine similarity, -1..1, and what words add to it."""

    unit: Unit
    score: float


class Index(Protocol):
    """Where units are found by vector: pgvector in serving, a matrix over the frozen pool in evaluation."""

    def nearest(self, vectors: np.ndarray, k: int, filters: Mapping[str, str]) -> list[list[Hit]]:
        """For each row of `vectors` (n, dim; unit length) the k nearest units, best first."""
        ...

    def passage(self, unit: Unit) -> str:
        """The text of a unit it found that its vector is of."""
        ...


class Predictor(Protocol):
    """A loaded model. What evaluation measures and what serving calls."""

    def predict(self, inputs: Sequence[Any], index: Index | None = None) -> list[Any]:
        """One output a given input, in order."""
        ...


class Encoder(Protocol):
    """A model that makes vectors of texts; predictors of tasks with `indexes=True` are also encoders."""

    @property
    def name(self) -> str:
        """What its vectors are stored under."""
        ...

    @property
    def dim(self) -> int:
        """Length of its vectors."""
        ...

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """(n, dim) float32, unit length, in the order given."""
        ...


@dataclass(frozen=True, slots=True)
class Score:
    """A number a task is judged by. Measured per example, so that two models can be compared pair by pair.

    Where it does not apply to an example its array holds NaN; the value is the mean over the others.
    may_lose: how far it may fall below baseline and champion for certain, by the upper bound of the paired interval,
    whatever the main score gains; None: it decides nothing, as a score that a better one may be traded for.
    """

    name: str
    unit: str
    higher_is_better: bool = True
    may_lose: float | None = None


@dataclass(frozen=True, slots=True)
class Gate:
    """What a candidate must hold to be released.

    min_gain: the lower bound of the paired 95 % interval of candidate minus baseline must be above this.
    max_loss: how far the lower bound of candidate minus champion may lie below zero.
    max_slice_loss: how far any slice with at least `min_slice` examples may fall below the baseline.
    max_calibration_loss: how much greater its calibration error may be than the baseline's, where the task has a
    confidence. Far beyond what a fit and chance leave (.03 to .1): only a confidence that is broken is refused.
    """

    min_gain: float = 0.0
    max_loss: float = 0.02
    max_slice_loss: float = 0.15
    min_slice: int = 30
    max_calibration_loss: float = 0.2
    max_latency_ms: float = 500.0
    max_size_bytes: int = 500_000_000


@dataclass(frozen=True, slots=True)
class Teaching:
    """What a unit must have for anything to be learnt of it. fields: per kind of unit the field of its meta (empty: any
    unit teaches). said: the same in words, with where it comes from.
    """

    fields: Mapping[str, str] = field(default_factory=dict[str, str])
    said: str = ""

    def has(self, unit: Unit) -> bool:
        """Whether it teaches something."""
        return not self.fields or bool(unit.meta.get(self.fields.get(unit.kind, "")))


@dataclass(frozen=True)
class Task:
    """A question that a model of the team's own answers.

    kinds, languages: the units its examples are made of (empty = all). teaching: which of them it learns from: while
    there is none, the task waits instead of failing each night. examples: makes them from those units; order
    and content must depend on the arguments alone. params: the recipe's parameters per profile. measure: per score name
    an array of one number an example, in order. sample: a request that works, shown in the docs and tried by the
    contract tests.
    indexes: the released model also embeds every unit, so that its predictor can search.
    files: what `examples` reads besides the units, as paths under data/; a dataset's input hash covers their bytes.
    given_splits: the examples carry their split already (a hand-written evaluation set). Otherwise those returned as
    TRAIN are split by group and duplicate cluster, and POOL stays POOL.
    shares: how large validation and test are, where they are split. most_tested: more test examples than this are left
    out, by hash (0: all stay), so that a protocol says among how many each is looked for.
    certain: the 0/1 score that the predictor's `confidence` says the probability of; `measure` returns it together
    with an array "confidence". references: models shown beside, which decide nothing.
    """

    name: str
    title: str
    question: str
    input: type[BaseModel]
    output: type[BaseModel]
    kinds: tuple[str, ...]
    examples: Callable[[Sequence[Unit], random.Random, Profile], Iterable[Example]]
    recipe: str
    params: Mapping[Profile, Mapping[str, Any]]
    predictor: Callable[[Path], Predictor]
    baseline: Callable[[Dataset], Predictor]
    baseline_name: str
    measure: Callable[[Predictor, Sequence[Example], Sequence[Example]], Mapping[str, np.ndarray]]
    scores: tuple[Score, ...]
    sample: Mapping[str, Any]
    languages: tuple[str, ...] = ()
    teaching: Teaching = field(default_factory=Teaching)
    indexes: bool = False
    gate: Gate = field(default_factory=Gate)
    files: tuple[str, ...] = ()
    given_splits: bool = False
    shares: Mapping[Split, float] = field(default_factory=lambda: SHARES)
    most_tested: int = 0
    certain: str = ""
    references: Mapping[str, Callable[[Dataset], Predictor]] = field(
        default_factory=dict[str, Callable[[Dataset], Predictor]]
    )

    @property
    def main_score(self) -> Score:
        """The first score decides."""
        return self.scores[0]

    @property
    def route(self) -> str:
        """Name in URLs."""
        return self.name.replace("_", "-")


@cache
def all_tasks() -> Mapping[str, Task]:
    """Every task, by name, in the order of the file names."""
    from modelmill import tasks

    found: dict[str, Task] = {}
    for module in sorted(pkgutil.iter_modules(tasks.__path__), key=lambda m: m.name):
        task: Task = exposed("modelmill.tasks", module.name, "TASK")
        for allowed, said in _mistakes(task, module.name):
            raise unusable(f"modelmill/tasks/{module.name}.py", allowed=allowed, found=said)
        found[task.name] = task
    return found


def _mistakes(task: object, name: str) -> Iterator[tuple[str, str]]:
    """What a task says of itself that nothing could be made of: what is allowed, what was found."""
    if not isinstance(task, Task):
        yield "a Task as TASK", type(task).__name__
        return
    if task.name != name:
        yield f"TASK.name equal to the file's name, {name!r}", f"TASK.name = {task.name!r}"
    if wrong := set(task.kinds) - set(get_args(UnitKind)):
        yield f"TASK.kinds of {', '.join(get_args(UnitKind))}", f"{', '.join(sorted(wrong))}"
    if missing := set(PROFILES) - set(task.params):
        yield f"TASK.params for each of {', '.join(PROFILES)}", f"none for {', '.join(sorted(missing))}"
    if not task.scores:
        yield "TASK.scores with the one that decides first", "no score"


def get_task(name: str) -> Task:
    """The task called `name` (as `semantic_search` or `semantic-search`). Raises UserError."""
    tasks = all_tasks()
    task = tasks.get(name.replace("-", "_"))
    if task is None:
        raise UserError(f"there is no task {name!r}", allowed=", ".join(tasks), found=repr(name), next="mill status")
    return task
