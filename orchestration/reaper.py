"""Runs whose process died without a word: marked as failed, their pool slots given back.

After a hard kill a run stays STARTED and its slot claimed, so the next run would wait for ever. Called at every start.
Each run's events say which process executes it; a process that is gone, or younger than what it is said to have done,
is not that process. Runs of other hosts are left alone.
"""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

from orchestration.jobs import HOST_TAG

if TYPE_CHECKING:
    from dagster import DagsterInstance
    from dagster._core.storage.dagster_run import RunRecord

# A run that is only being started has no process yet; run monitoring gives up on it after the same time.
STARTING_SECONDS = 300.0


def reap(instance: DagsterInstance) -> list[str]:
    """The ids of the runs that were found dead and are now failed (or canceled, where that was asked for)."""
    from dagster import DagsterRunStatus, RunsFilter

    unfinished = [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]
    dead = [record for record in instance.get_run_records(RunsFilter(statuses=unfinished)) if _dead(instance, record)]
    for record in dead:
        run = record.dagster_run
        if run.status == DagsterRunStatus.CANCELING:
            instance.report_run_canceled(run, message="its process was gone when modelmill looked")
        else:
            instance.report_run_failed(run, message="its process died without ending the run; found by the reaper")
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
    return [record.dagster_run.run_id for record in dead]


def _dead(instance: DagsterInstance, record: RunRecord) -> bool:
    if record.dagster_run.tags.get(HOST_TAG, socket.gethostname()) != socket.gethostname():
        return False
    seen = _process(instance, record.dagster_run.run_id)
    if seen is None:
        return time.time() - record.create_timestamp.timestamp() > STARTING_SECONDS
    return not _lives(*seen)


def _process(instance: DagsterInstance, run_id: str) -> tuple[int, float] | None:
    """The process that said last that it executes the run, and when it said so (seconds since the epoch)."""
    from dagster import DagsterEventType

    events = instance.get_records_for_run(run_id, of_type=DagsterEventType.ENGINE_EVENT).records
    for entry in reversed([record.event_log_entry for record in events]):
        event = entry.dagster_event
        pid = event.engine_event_data.metadata.get("pid") if event else None
        if pid is not None and str(pid.value).isdigit():
            return int(str(pid.value)), entry.timestamp
    return None


def _lives(pid: int, said_at: float) -> bool:
    import psutil

    try:
        process = psutil.Process(pid)
        # One second of slack: the clock ticks in which the kernel counts a process's age.
        return process.status() != psutil.STATUS_ZOMBIE and process.create_time() <= said_at + 1
    except psutil.NoSuchProcess:
        return False
