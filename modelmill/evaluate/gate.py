"""Whether a candidate may be released. Decided on its report's numbers alone, so that deploy can look again."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from modelmill.records import Interval
from modelmill.task import Gate, Task


@dataclass(frozen=True, slots=True)
class Measured:
    """What the gate looks at. slices: per slice n and the main score of candidate and baseline. Others: see Report."""

    value: Interval
    delta_baseline: Interval
    delta_champion: Interval | None
    slices: Mapping[str, Mapping[str, float]]
    latency_ms: float
    size_bytes: int
    flaws: Sequence[str] = ()
    gains: Mapping[str, Mapping[str, Mapping[str, float]]] = field(
        default_factory=dict[str, dict[str, dict[str, float]]]
    )
    calibration_loss: float | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """reasons: what was not held; when everything was, what was."""

    passed: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Finding:
    held: bool
    says: str


def decide(task: Task, measured: Measured) -> Decision:
    """Every condition is looked at, so that all reasons are told at once."""
    flaws = (_Finding(False, flaw) for flaw in measured.flaws)
    findings = [
        *flaws,
        *_scores(task, measured),
        *_other_scores(task, measured),
        *_slices(task, measured),
        *_costs(task.gate, measured),
    ]
    refused = tuple(finding.says for finding in findings if not finding.held)
    return Decision(not refused, refused or tuple(finding.says for finding in findings))


def calibration_loss(scores: Mapping[str, Mapping[str, float | None]]) -> float | None:
    """From a report's scores: how much greater the candidate's calibration error is; None without a confidence."""
    own, other = (scores.get("calibration_error", {}).get(side) for side in ("candidate", "baseline"))
    return None if own is None or other is None else own - other


def _scores(task: Task, measured: Measured) -> Iterator[_Finding]:
    gate, name = task.gate, task.main_score.name
    numbers = (measured.value.value, measured.delta_baseline.low, measured.latency_ms)
    if not all(math.isfinite(number) for number in numbers):
        yield _Finding(False, f"{name} is not a number: {numbers}")
    low = measured.delta_baseline.low
    yield _Finding(
        low > gate.min_gain,
        f"{name} minus baseline is {_told(measured.delta_baseline)}; lower bound must be above {gate.min_gain:g}",
    )
    champion = measured.delta_champion
    if champion is not None:
        yield _Finding(
            champion.low >= -gate.max_loss,
            f"{name} minus champion is {_told(champion)}; lower bound must not be below {-gate.max_loss:g}",
        )


def _other_scores(task: Task, measured: Measured) -> Iterator[_Finding]:
    """Those that may lose only so much: a better main score hides no broken one. Few examples decide nothing."""
    for score in task.scores[1:]:
        for side, gain in sorted(measured.gains.get(score.name, {}).items()):
            if score.may_lose is None or gain["n"] < task.gate.min_slice:
                continue
            told = _told(Interval(gain["value"], gain["low"], gain["high"]))
            yield _Finding(
                gain["high"] >= -score.may_lose,
                f"{score.name} over {side} (more is better) is {told}; "
                f"upper bound must not be below {-score.may_lose:g}",
            )


def _slices(task: Task, measured: Measured) -> Iterator[_Finding]:
    for name, numbers in measured.slices.items():
        if numbers["n"] < task.gate.min_slice:
            continue
        lost = _signed(task, numbers["baseline"] - numbers["candidate"])
        yield _Finding(
            lost <= task.gate.max_slice_loss,
            f"slice {name} (n {numbers['n']:.0f}) is {numbers['candidate']:.3f}, baseline {numbers['baseline']:.3f}; "
            f"may lose {task.gate.max_slice_loss:g}",
        )


def _costs(gate: Gate, measured: Measured) -> Iterator[_Finding]:
    if (lost := measured.calibration_loss) is not None:
        yield _Finding(
            lost <= gate.max_calibration_loss,
            f"its calibration error minus the baseline's is {lost:+.3f} of at most {gate.max_calibration_loss:g}",
        )
    yield _Finding(
        measured.latency_ms <= gate.max_latency_ms,
        f"one answer takes {measured.latency_ms:.1f} ms of at most {gate.max_latency_ms:.0f}",
    )
    yield _Finding(
        measured.size_bytes <= gate.max_size_bytes,
        f"the model has {measured.size_bytes / 1e6:.0f} MB of at most {gate.max_size_bytes / 1e6:.0f}",
    )


def _signed(task: Task, difference: float) -> float:
    return difference if task.main_score.higher_is_better else -difference


def _told(delta: Interval) -> str:
    return f"{delta.value:+.3f} [{delta.low:+.3f}, {delta.high:+.3f}]"
