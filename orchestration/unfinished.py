"""Runs that have not ended: they wait in the queue, or are at work."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagster import DagsterInstance, DagsterRun


def unfinished(instance: DagsterInstance, job: str | None = None, **tags: str) -> list[DagsterRun]:
    """Of the job, with the tags; the newest first. A run that was made and never queued is none: nobody started it."""
    from dagster import DagsterRunStatus as Status
    from dagster import RunsFilter

    statuses = [Status.QUEUED, Status.STARTING, Status.STARTED, Status.CANCELING]
    return list(instance.get_runs(RunsFilter(job_name=job, statuses=statuses, tags=tags)))
