"""Candidate -> Report: its scores on the frozen test split beside baseline and champion, and the gate's decision."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine

from modelmill.datasets.expectations import check_leak
from modelmill.embed.encoder import encoder_source, identity
from modelmill.errors import DataError, MillError, UserError
from modelmill.evaluate import bootstrap, compare, gate, latency, page, reports, tracked, unseen
from modelmill.inference import ir
from modelmill.progress import Progress, Step, silent
from modelmill.records import Candidate, Dataset, Example, Report, Split, canonical_json, sha256_text
from modelmill.settings import Settings
from modelmill.store import artifacts, candidates, datasets, publications
from modelmill.task import Predictor, Task

if TYPE_CHECKING:
    import numpy as np

VERSION = 9  # raise it when the same models would get other numbers


@dataclass(frozen=True, slots=True)
class Evaluated:
    """fresh: this call measured it; otherwise the same comparison was on record."""

    report: Report
    fresh: bool


@dataclass(frozen=True)
class _Test:
    """What all sides are measured on."""

    dataset: Dataset
    asked: Sequence[Example]
    pool: Sequence[Example]
    unseen: np.ndarray  # (n,) bool: which of `asked` the champion did not learn from
    flaws: Sequence[str]  # of the frozen set: no score on it can be believed


@dataclass(frozen=True)
class _Measured:
    """Every side's numbers per example, the candidate's latency in ms, and what ran each side."""

    sides: Mapping[str, compare.Side]
    delay: float
    engines: Mapping[str, str]


def evaluate(
    settings: Settings, db: Engine, task: Task, candidate: Candidate | None, progress: Progress = silent
) -> Evaluated:
    """Measure. Raises UserError without a candidate, DataError when files were altered, the candidate cannot be loaded
    or asked, or its scores are no numbers.
    """
    if candidate is None:
        raise _no_candidate(task)
    if task.indexes:
        encoder_source(settings, made=True)  # its name is part of what is compared
    champion = candidates.standing(settings, db, task.name).champion
    rival = champion if champion is not None and champion.sha256 != candidate.sha256 else None
    asset, input_hash = f"{task.name}/report", inputs(settings, task, candidate, rival)
    last = publications.current(db, asset)
    known = reports.for_candidate(db, candidate.sha256, rival.sha256 if rival else "")
    if last is not None and last.input_hash == input_hash and known is not None:
        return Evaluated(known, fresh=False)
    lease = publications.take(db, asset)
    test = _read(settings, db, task, datasets.get(db, candidate.dataset_sha256), rival)
    found = _measure(settings, task, test, candidate, rival, progress)
    made = _report(settings, task, test, candidate, found)
    with db.begin() as conn:
        beside = compare.details(task, test.asked, found.sides)
        made = reports.record(conn, made, rival.sha256 if rival else "", beside)
        sha256 = sha256_text(canonical_json(reports.to_json(made)))
        publications.publish(conn, lease, input_hash=input_hash, sha256=sha256, rows=made.n, detail=_brief(made))
    tracked.track(settings, task, candidate, rival, made, page.write(settings, db, task, made))
    return Evaluated(made, fresh=True)


def inputs(settings: Settings, task: Task, candidate: Candidate, champion: Candidate | None) -> str:
    """Hash of all that the report's numbers and its verdict follow from, but for the latency."""
    base = encoder_source(settings).name if task.indexes else identity(settings.base_model)
    sides = [candidate.sha256, task.baseline_name, base, champion.sha256 if champion else ""]
    how = [
        VERSION,
        candidate.dataset_sha256,
        settings.seed,
        asdict(task.gate),
        [asdict(score) for score in task.scores],
    ]
    return sha256_text(canonical_json([sides, how]))


def _read(settings: Settings, db: Engine, task: Task, dataset: Dataset, champion: Candidate | None) -> _Test:
    dataset = datasets.here(settings, dataset)
    taught = datasets.kept(settings, datasets.get(db, champion.dataset_sha256)) if champion else dataset
    asked = datasets.read_examples(dataset, Split.TEST)
    if not asked:
        raise DataError(
            f"the dataset {dataset.sha256[:12]} cannot measure anything",
            allowed="one test example or more",
            found="none",
            next=f"add a corpus, then mill datasets --task {dataset.task}",
        )
    fair = unseen.unseen(asked, taught, task.given_splits)
    return _Test(dataset, asked, datasets.read_examples(dataset, Split.POOL), fair, _leaked(dataset))


def _leaked(dataset: Dataset) -> tuple[str, ...]:
    """Looked up again here: a check that blocks in one run does not block the next one."""
    copied = check_leak(dataset).failures
    if not copied:
        return ()
    first = f"{copied[0]['found']} {copied[0]['examples']}"
    return (f"its dataset has {len(copied)} leaks between splits, first: {first}",)


def _measure(
    settings: Settings, task: Task, test: _Test, candidate: Candidate, champion: Candidate | None, progress: Progress
) -> _Measured:
    """One model is in memory at a time."""
    path = artifacts.open_artifact(settings, candidate.sha256)
    loaders: dict[str, Callable[[], Predictor]] = {
        "candidate": lambda: task.predictor(path),
        "baseline": lambda: task.baseline(test.dataset),
    }
    if champion is not None:
        loaders["champion"] = lambda: task.predictor(artifacts.open_artifact(settings, champion.sha256))
    loaders |= {name: _of(make, test.dataset) for name, make in task.references.items()}
    sides: dict[str, compare.Side] = {}
    engines: dict[str, str] = {}
    delay, start = 0.0, time.monotonic()
    for number, (side, load) in enumerate(loaders.items(), 1):
        with _of_side(task, side):
            predictor = _beside(load(), engines.get("candidate"))
            engines[side] = getattr(predictor, "engine", "")
            sides[side] = finite(task, side, task.measure(predictor, test.asked, test.pool))
            if side == "candidate":
                delay = latency.least_ms(task, predictor, test.asked)
        progress(Step("evaluating", number, len(loaders), time.monotonic() - start, side))
    return _Measured(sides, delay, {side: _told(side, engine, path) for side, engine in engines.items() if engine})


def _told(side: str, engine: str, path: Path) -> str:
    """What ran a side; the candidate's with the reason, as its engine.json tells it."""
    made = ir.about(path) if side == "candidate" else None
    return made.told if made and made.kind == engine else engine


def _beside(predictor: Predictor, engine: str | None) -> Predictor:
    """The same model as the candidate's engine would run it: else precision is measured instead of training."""
    again: Callable[[str], Predictor] | None = getattr(predictor, "beside", None)
    return again(engine) if again and engine else predictor


@contextmanager
def _of_side(task: Task, side: str) -> Generator[None]:
    """Whatever a library throws at a model that is not whole becomes an error that names whose model it was."""
    try:
        yield
    except MillError:
        raise
    except Exception as error:
        raise DataError(
            f"the {side} of {task.name} cannot be measured",
            allowed="a model that its task's predictor loads and that answers every test example",
            found=f"{type(error).__name__}: {error}"[:300],
            next=f"mill finetune --task {task.name} --force",
        ) from error


def finite(task: Task, side: str, numbers: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
    """The same numbers. Raises DataError when the main score or the confidence holds what is no number.

    Other scores hold NaN where they do not apply; a model gone wrong is told by these two, which always apply.
    """
    import numpy as np

    for name in (task.main_score.name, *(("confidence",) if task.certain else ())):
        bad = np.flatnonzero(~np.isfinite(numbers[name]))
        if len(bad):
            raise DataError(
                f"the {side} of {task.name} answers what is no number",
                allowed=f"a finite {name} for each of {len(numbers[name])} test examples",
                found=f"{numbers[name][bad[0]]} for {len(bad)} of them, first example {int(bad[0]) + 1}",
                next=f"mill finetune --task {task.name} --force",
            )
    return numbers


def _of(make: Callable[[Dataset], Predictor], dataset: Dataset) -> Callable[[], Predictor]:
    return lambda: make(dataset)


def _report(settings: Settings, task: Task, test: _Test, candidate: Candidate, found: _Measured) -> Report:
    main, sides = task.main_score, found.sides
    own = sides["candidate"]
    champion = sides.get("champion")
    size = artifacts.size_bytes(artifacts.open_artifact(settings, candidate.sha256))
    value = bootstrap.interval(own[main.name], settings.seed)
    delta = compare.difference(task, own, sides["baseline"], settings.seed)
    lead = compare.difference(task, own, champion, settings.seed, test.unseen) if champion is not None else None
    parts = compare.slices(task, test.asked, sides)
    if champion is not None:
        parts[unseen.SLICE] = compare.means(task, sides, test.unseen)
    gains, scores = compare.gains(task, sides, settings.seed, test.unseen), compare.scores(task, sides)
    lost = gate.calibration_loss(scores)
    decision = gate.decide(task, gate.Measured(value, delta, lead, parts, found.delay, size, test.flaws, gains, lost))
    return Report(
        id=0, task=task.name, candidate_sha256=candidate.sha256, dataset_sha256=test.dataset.sha256,
        main_score=main.name, unit=main.unit, value=value, baseline=float(sides["baseline"][main.name].mean()),
        champion=float(champion[main.name].mean()) if champion is not None else None,
        delta_baseline=delta, delta_champion=lead, n=len(test.asked), seed=settings.seed,
        scores=scores, slices=parts, latency_ms=round(found.delay, 2), size_bytes=size,
        passed=decision.passed, reasons=decision.reasons, flaws=test.flaws, engines=found.engines,
        gains=gains,
    )  # fmt: skip


def _brief(made: Report) -> dict[str, Any]:
    """What stands in the publication and in the receipt: numbers, by side."""
    sides = {side: {name: by_side[side] for name, by_side in made.scores.items() if by_side.get(side) is not None}
             for side in ("candidate", "baseline", "champion")}  # fmt: skip
    gain = made.delta_baseline
    return {
        "passed": made.passed,
        "n": made.n,
        "gain_over_baseline": {"value": gain.value, "low": gain.low, "high": gain.high},
        "latency_ms": made.latency_ms,
        "engines": dict(made.engines),
        **{side: numbers for side, numbers in sides.items() if numbers},
    }


def _no_candidate(task: Task) -> UserError:
    return UserError(
        f"{task.name} has nothing to evaluate",
        allowed="a trained candidate",
        found="none on record",
        next=f"mill finetune --task {task.name}",
    )
