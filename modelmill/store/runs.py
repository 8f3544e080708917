"""Dagster's runs as rows, for `mill status` and the metrics: which run now, which failed lately, and why they began.

Read from Dagster's own table: importing Dagster takes longer than the whole of `mill status`. A test holds what is read
here equal to what Dagster's instance says.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, text

RUNNING = ("NOT_STARTED", "QUEUED", "STARTING", "STARTED", "CANCELING")
FAILED = ("FAILURE",)


@dataclass(frozen=True, slots=True)
class Run:
    """job: of a run of single assets, which Dagster gives no job of ours, their names.
    partition, reason: empty where it has none. began: when it was asked for, UTC. seconds: None while it runs.
    """

    id: str
    job: str
    partition: str
    status: str
    reason: str
    began: datetime
    seconds: float | None


def lately(db: Engine, hours: float = 24.0, limit: int = 1000) -> list[Run]:
    """Runs that are under way, and those of the last `hours`, newest first; none before Dagster's tables are made."""
    statement = text(
        """
        SELECT r.run_id AS id, r.pipeline_name AS job, coalesce(r.partition, p.value, '') AS partition, r.status,
               coalesce(t.value, '') AS reason, r.create_timestamp AS began, r.end_time - r.start_time AS seconds,
               CASE WHEN starts_with(r.pipeline_name, '__') THEN r.run_body END AS body
        FROM dagster.runs r
        LEFT JOIN dagster.run_tags t ON t.run_id = r.run_id AND t.key = 'reason'
        LEFT JOIN dagster.run_tags p ON p.run_id = r.run_id AND p.key = 'dagster/partition'
        WHERE r.status = ANY(:running)
           OR r.create_timestamp > (now() AT TIME ZONE 'utc') - make_interval(secs => :seconds)
        ORDER BY r.id DESC LIMIT :limit
        """
    )
    with db.connect() as conn:
        if conn.scalar(text("SELECT to_regclass('dagster.run_tags')")) is None:
            return []
        asked = {"running": list(RUNNING), "seconds": hours * 3600, "limit": limit}
        rows = conn.execute(statement, asked).mappings().all()
    return [_run(dict(row)) for row in rows]


def _run(row: dict[str, Any]) -> Run:
    body = row.pop("body")
    selected = json.loads(body)["asset_selection"] if body else None  # none where checks alone are run
    if selected:
        row["job"] = ", ".join(sorted("/".join(key["path"]) for key in selected["__frozenset__"]))
    return Run(**{**row, "began": row["began"].replace(tzinfo=UTC)})


def standing(found: list[Run]) -> tuple[list[Run], list[Run]]:
    """Those under way, and those that failed and were not followed by a good run of the same job and partition."""
    running = [run for run in found if run.status in RUNNING]
    mended: set[tuple[str, str]] = set()
    failed: list[Run] = []
    for run in found:  # newest first
        of = (run.job, run.partition)
        if run.status == "SUCCESS":
            mended.add(of)
        elif run.status in FAILED and of not in mended:
            failed.append(run)
    return running, failed
