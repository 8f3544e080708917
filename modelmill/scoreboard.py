"""The table of scores: one row a task, from the report behind its champion (before any release: its newest report)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Engine

from modelmill.records import Release, Report
from modelmill.task import Task, all_tasks

Row = dict[str, Any]


def rows(db: Engine) -> list[Row]:
    """What `mill report --json` prints; tasks that were never measured are left out."""
    found = (_row(db, task) for task in all_tasks().values())
    return [row for row in found if row is not None]


def _row(db: Engine, task: Task) -> Row | None:
    from modelmill.evaluate import reports
    from modelmill.store import releases

    released = releases.champion(db, task.name)
    report = reports.get(db, released.report_id) if released else reports.latest(db, task)
    return _told(db, report, released) if report else None


def _told(db: Engine, report: Report, released: Release | None) -> Row:
    from modelmill.store import datasets

    sources = datasets.get(db, report.dataset_sha256).manifest["sources"]
    corpora = sorted({(source["corpus"], source["revision"]) for source in sources})
    return {
        "task": report.task,
        "release": released.name if released else None,
        "main_score": report.main_score,
        "unit": report.unit,
        "value": report.value.value,
        "baseline": report.baseline,
        "baseline_name": all_tasks()[report.task].baseline_name,  # of then: a later version may be measured by another
        "champion": report.champion,
        "n": report.n,
        "ci_low": report.value.low,
        "ci_high": report.value.high,
        "seed": report.seed,
        "calibration": _calibration(db, report),
        "dataset_sha256": report.dataset_sha256,
        "candidate_sha256": report.candidate_sha256,
        "corpora": [{"name": name, "revision": revision} for name, revision in corpora],
    }


def _calibration(db: Engine, report: Report) -> dict[str, float] | None:
    """How true its confidence is; None where it has none."""
    from modelmill.evaluate import reliability, reports

    bins = reports.details(db, report.id)["curves"].get("candidate")
    return asdict(reliability.calibration(bins, report.seed)) if bins else None


def table(rows: Sequence[Row]) -> object:
    """For a terminal."""
    from rich.table import Table

    drawn = Table("task", "release", "score", "value", "95 % interval", "baseline", "champion before", "n")
    for row in rows:
        drawn.add_row(row["task"], row["release"] or "not released", row["main_score"], *_numbers(row))
    return drawn


def markdown(rows: Sequence[Row]) -> str:
    """For the README: what is asked, and how well it is answered. A test holds it equal to docs/results.json."""
    head = "| task | question | release | score | value | 95 % interval | baseline | champion before | n |"
    lines = [head, "|---|---|---|---|---|---|---|---|---|"]
    tasks = all_tasks()
    for row in rows:
        task = tasks[row["task"]]
        score = f"{row['main_score']} ({row['unit']})"
        cells = [f"`{task.name}`", task.question, row["release"] or "none", score, *_numbers(row)]
        cells[6] = f"{cells[6]} ({row['baseline_name']})"
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _numbers(row: Row) -> list[str]:
    champion = "none" if row["champion"] is None else f"{row['champion']:.3f}"
    interval = f"{row['ci_low']:.3f} to {row['ci_high']:.3f}"
    return [f"{row['value']:.3f}", interval, f"{row['baseline']:.3f}", champion, str(row["n"])]
