"""A candidate's model card as Markdown (the headings of https://arxiv.org/abs/1810.03993), for MLflow's description."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from modelmill.records import Candidate, Dataset, Interval, Report
from modelmill.task import Task


def markdown(task: Task, candidate: Candidate, dataset: Dataset, report: Report | None) -> str:
    """What it is for, what it learned from, how good it is and beside what, and what it must not be used for."""
    parts = [
        f"**{task.title}.** {task.question}",
        f"Recipe `{task.recipe}`, profile {candidate.profile}, seed {candidate.seed}; candidate "
        f"`{candidate.sha256}`, dataset `{candidate.dataset_sha256}`.",
        _measured(task, report) if report else "Not measured yet.",
        "#### Training data",
        _sources(dataset),
        "#### Ask it",
        f"`POST /api/v1/{task.route}` with `{json.dumps(dict(task.sample), ensure_ascii=False)}`",
    ]
    return "\n\n".join(parts)


def _measured(task: Task, report: Report) -> str:
    gain = f"{_said(report.delta_baseline, '+')} over {task.baseline_name}"
    if report.delta_champion:
        gain += f", {_said(report.delta_champion, '+')} over the champion"
    verdict = "It passes the gate" if report.passed else "**The gate refuses it**: " + "; ".join(report.reasons)
    return (
        f"{report.main_score} **{_said(report.value)}** ({report.unit}; n {report.n}, seed {report.seed}); {gain}. "
        f"{verdict}. {report.latency_ms} ms a question, {report.size_bytes / 1e6:.0f} MB."
    )


def _said(of: Interval, sign: str = "") -> str:
    return f"{of.value:{sign}.3f} [{of.low:{sign}.3f}, {of.high:{sign}.3f}]"


def _sources(dataset: Dataset) -> str:
    counts = ", ".join(f"{count} {split}" for split, count in dataset.counts.items())
    sources: list[Mapping[str, Any]] = list(dataset.manifest.get("sources", []))
    rows = [
        f"* {one.get('corpus')} at `{str(one.get('revision'))[:24]}`, licence {one.get('licence') or 'not said'}"
        for one in sources
    ]
    return "\n".join([f"Examples: {counts}.", "", *(rows or ["No corpus is named."])])
