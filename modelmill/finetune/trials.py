"""Which parameters train best: several trainings with other ones, compared by the recipe's own score on validation.

Drawn from the recipe's ranges by Optuna's tree-structured Parzen estimator (https://papers.nips.cc/paper/4443, section
4), seeded. The first trial is the task's own parameters, so what is chosen is on validation never worse than those; the
test split is not looked at. What a trial gave is kept at once: a search that was killed goes on with the trial it was
in, because the same seed draws the same parameters again.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelmill.errors import DataError
from modelmill.records import canonical_json, sha256_text

if TYPE_CHECKING:
    import optuna

KEPT = "trials.json"

Params = Mapping[str, Any]
Train = Callable[[int, Params], float]


@dataclass(frozen=True, slots=True)
class Span:
    """Numbers from low to high, both included; whole ones if both are. log: drawn by their logarithm."""

    low: float
    high: float
    log: bool = False

    def holds(self, value: float) -> bool:
        """Whether it could be drawn."""
        return self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class Choice:
    """One of `values`."""

    values: tuple[str, ...]

    def holds(self, value: str) -> bool:
        """Whether it could be drawn."""
        return value in self.values


Ranges = Mapping[str, Span | Choice]


@dataclass(frozen=True, slots=True)
class Chosen:
    """The best parameters, their score on validation, and that of the task's own."""

    params: Params
    score: float
    own: float


def search(own: Params, ranges: Ranges, number: int, seed: int, kept: Path, train: Train) -> Chosen:
    """`number` trainings, `train(place, params)` each, which returns its score: the higher the better. Drawn is what
    `own` names and has a range.

    kept: a folder for what was found so far. A trial whose loss is no number counts as failed, the task's own
    parameters excepted: then DataError is raised as `train` did.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    drawn = {name: one for name, one in ranges.items() if name in own}
    study.enqueue_trial({name: own[name] for name in drawn})
    known = _known(kept)
    best, first = Chosen(own, -math.inf, -math.inf), -math.inf
    for place in range(number):
        trial = study.ask()
        params = {**own, **{name: _drawn(trial, name, one) for name, one in drawn.items()}}
        name = sha256_text(canonical_json(params))
        if name not in known:
            known[name] = _score(train, place, params)
            _keep(kept, known)
        score = known[name]
        if score is None:
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
            continue
        study.tell(trial, score)
        first = score if place == 0 else first
        if score > best.score:
            best = Chosen(params, score, first)
    return best


def described(ranges: Ranges) -> dict[str, Any]:
    """As JSON, for the hash of what a search was made of."""
    return {name: asdict(one) for name, one in ranges.items()}


def _drawn(trial: optuna.Trial, name: str, one: Span | Choice) -> Any:
    if isinstance(one, Choice):
        return trial.suggest_categorical(name, one.values)
    if isinstance(one.low, int) and isinstance(one.high, int):
        return trial.suggest_int(name, one.low, one.high, log=one.log)
    return trial.suggest_float(name, one.low, one.high, log=one.log)


def _score(train: Train, place: int, params: Params) -> float | None:
    try:
        return train(place, params)
    except DataError:
        if place == 0:
            raise
        return None


def _known(kept: Path) -> dict[str, float | None]:
    """Scores by the hash of their parameters; what cannot be read is measured again."""
    try:
        return dict(json.loads((kept / KEPT).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}


def _keep(kept: Path, known: Mapping[str, float | None]) -> None:
    """Renamed into place: a killed search leaves no half of it."""
    kept.mkdir(parents=True, exist_ok=True)
    draft = kept / f"{KEPT}.tmp"
    draft.write_text(json.dumps(known), encoding="utf-8")
    draft.replace(kept / KEPT)
