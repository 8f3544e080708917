"""Reports as rows: a Report, and beside it what only a reader wants (curves, confusions, failures)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import Connection, Engine, Row, desc, func, select
from sqlalchemy.dialects.postgresql import insert

from modelmill.errors import DataError
from modelmill.records import Interval, Report
from modelmill.store.tables import report
from modelmill.task import Task

Json = Mapping[str, Any]
INTERVALS = ("value", "delta_baseline", "delta_champion")


@dataclass(frozen=True, slots=True)
class Details:
    """What stands beside a report. curves: reliability bins by side. failures: test examples it did worst on."""

    curves: Json
    confusions: Sequence[Json]
    failures: Sequence[Json]


def latest(db: Engine, task: Task) -> Report | None:
    """The task's newest report; None before the first."""
    statement = select(report).where(report.c.task == task.name).order_by(desc(report.c.created_at), desc(report.c.id))
    with db.connect() as conn:
        row = conn.execute(statement.limit(1)).one_or_none()
    return _record(row) if row else None


def get(db: Engine, number: int) -> Report:
    """The report with that id. Raises DataError."""
    return _record(_row(db, number))


def details(db: Engine, number: int) -> Json:
    """Curves, confusions and failures of the report with that id. Raises DataError."""
    return dict(_row(db, number).body["details"])


def for_candidate(db: Engine, candidate_sha256: str, champion_sha256: str | None = None) -> Report | None:
    """The newest report of a candidate: of any comparison, or of that with this champion ("" = with none)."""
    statement = select(report).where(report.c.candidate_sha256 == candidate_sha256)
    if champion_sha256 is not None:
        statement = statement.where(report.c.champion_sha256 == champion_sha256)
    with db.connect() as conn:
        row = conn.execute(statement.order_by(desc(report.c.created_at), desc(report.c.id)).limit(1)).one_or_none()
    return _record(row) if row else None


def record(conn: Connection, made: Report, champion_sha256: str, beside: Details) -> Report:
    """Write it, in the caller's transaction; the same comparison again replaces it. Returns it with its id."""
    body = {**to_json(made), "details": asdict(beside)}
    values = {
        "task": made.task, "candidate_sha256": made.candidate_sha256, "dataset_sha256": made.dataset_sha256,
        "champion_sha256": champion_sha256, "passed": made.passed, "body": body,
    }  # fmt: skip
    statement = insert(report).values(values)
    again = {"passed": made.passed, "body": body, "created_at": func.now()}
    key = ["candidate_sha256", "dataset_sha256", "champion_sha256"]
    number = conn.execute(
        statement.on_conflict_do_update(index_elements=key, set_=again).returning(report.c.id)
    ).scalar_one()
    return replace(made, id=number)


def to_json(made: Report) -> dict[str, Any]:
    """Plain values, for JSON."""
    return asdict(made)


def from_json(body: Json) -> Report:
    """The Report that `to_json` wrote; other fields are left out."""
    fields = {name: body[name] for name in Report.__dataclass_fields__ if name in body}  # older ones have fewer
    for name in INTERVALS:
        fields[name] = Interval(**fields[name]) if fields[name] else None
    for name in ("reasons", "flaws"):
        fields[name] = tuple(fields.get(name, ()))
    return Report(**fields)


def _row(db: Engine, number: int) -> Row[Any]:
    with db.connect() as conn:
        row = conn.execute(select(report).where(report.c.id == number)).one_or_none()
    if row is None:
        raise DataError(
            f"there is no report {number}", allowed="a report on record", found=str(number), next="mill report"
        )
    return row


def _record(row: Row[Any]) -> Report:
    return replace(from_json(row.body), id=row.id)
