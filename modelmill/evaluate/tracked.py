"""A report as MLflow shows it: each comparison a run of its own, nested in the run that trained the candidate."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from modelmill import tracking
from modelmill.records import Candidate, Report
from modelmill.settings import Settings
from modelmill.task import Task


def track(
    settings: Settings, task: Task, candidate: Candidate, rival: Candidate | None, made: Report, written: Path
) -> None:
    """In MLflow, if the candidate has a run there: this comparison as a run nested in it, with every side's scores and
    the page; its newest own scores, verdict and page beside the training's curves, where runs are compared.
    """
    if candidate.mlflow_run_id is None:
        return
    against = f"champion {rival.sha256[:8]}" if rival else task.baseline_name
    origin = {tracking.PARENT: candidate.mlflow_run_id, "candidate_sha256": made.candidate_sha256, "task": task.name}
    params = {"against": against, "n": made.n, "seed": made.seed, "dataset_sha256": made.dataset_sha256}
    with tracking.run(settings, task.name, f"evaluation against {against}", origin, params) as nested:
        for score, side, value in _scored(made):
            nested.metric(_metric(score, side), value)
        for end in ("low", "value", "high"):
            nested.metric(f"delta_baseline_{end}", getattr(made.delta_baseline, end))
        _verdict(nested, made, written)
    run = tracking.resume(settings, candidate.mlflow_run_id)
    for score, side, value in _scored(made):
        if side == "candidate":
            run.metric(_metric(score, side), value)
    run.metric("latency_ms", made.latency_ms)
    _verdict(run, made, written)
    run.model(made.task, made.candidate_sha256, task.sample)
    run.flush()


def _scored(made: Report) -> Iterator[tuple[str, str, float]]:
    """(score, side, value) of all that a side was measured by."""
    for score, sides in made.scores.items():
        yield from ((score, side, value) for side, value in sides.items() if value is not None)


def _metric(score: str, side: str) -> str:
    return f"test_{score}" if side == "candidate" else f"test_{score}_{side}"


def _verdict(run: tracking.Run, made: Report, written: Path) -> None:
    run.tag("engine", made.engines.get("candidate", "torch"))
    run.tag("gate", "passed" if made.passed else "; ".join(made.reasons))
    run.artifact(written)
