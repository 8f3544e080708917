"""Why a candidate is not released, looked up again where the release is made."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Engine

from modelmill.evaluate.gate import Measured, calibration_loss, decide
from modelmill.records import Candidate, Report
from modelmill.store import datasets
from modelmill.task import Task


def refusals(db: Engine, task: Task, candidate: Candidate, verdict: Report | None) -> Iterator[str]:
    """Every reason against the candidate. verdict: its report against the present champion, if there is one."""
    if verdict is None:
        yield f"it was not compared with the present champion: mill evaluate --task {task.name}"
    else:
        yield from _verdict(task, candidate, verdict)
    if why := datasets.tainted(db, candidate.dataset_sha256):
        yield f"its dataset holds what was erased since: {why}"


def _verdict(task: Task, candidate: Candidate, verdict: Report) -> Iterator[str]:
    """The gate is decided again from the report's numbers, by the task as it is now."""
    measured = Measured(
        value=verdict.value,
        delta_baseline=verdict.delta_baseline,
        delta_champion=verdict.delta_champion,
        slices=verdict.slices,
        latency_ms=verdict.latency_ms,
        size_bytes=verdict.size_bytes,
        flaws=verdict.flaws,
        gains=verdict.gains,
        calibration_loss=calibration_loss(verdict.scores),
    )
    decision = decide(task, measured)
    if not verdict.passed or not decision.passed:
        yield "the gate did not let it through: " + "; ".join(verdict.reasons if decision.passed else decision.reasons)
    if verdict.dataset_sha256 != candidate.dataset_sha256:
        yield "its report is about another dataset than it was trained on"
