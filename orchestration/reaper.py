"""Runs whose process died without a word: marked as failed, fenced, their pool slots given back, their children ended.

After a hard kill a run stays STARTED and its slot claimed, so the next run would wait for ever. `reap` is called at
every start, and every 30 s by a program of its own: `python -m orchestration.reaper`, which `mill up` keeps.
A run is dead when every process that works on it is gone (on this machine: seen by process id and the tick it began at)
or silent (elsewhere). A run that has ended while a process still works on it leaves an orphan, which is ended.
What a run had finished stays: Dagster's retry goes on from there, a training from its last checkpoint.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import psutil
from sqlalchemy import Engine

from modelmill import processes, tracking
from modelmill.settings import Settings, load
from modelmill.store import heartbeats, predictions
from modelmill.store.heartbeats import Beat
from orchestration.jobs import HOST_TAG

if TYPE_CHECKING:
    from dagster import DagsterInstance
    from dagster._core.storage.dagster_run import RunRecord

EVERY_SECONDS = 30.0
FORGET_SECONDS = 3600.0
# Where a process cannot be looked at: fifteen beats missed, so that a long step in C that lets no thread beat survives;
# with the time between two looks less than 120 s.
SILENT_SECONDS = 75.0
# A run that is only being started has no process yet; run monitoring gives up on it after the same time.
STARTING_SECONDS = 300.0
# The daemon that was starting it is gone, and nothing that it asked for is on its way: nobody will.
ABANDONED_SECONDS = 15.0
# A run is put into the queue in the moment it is made. Whoever asked for one that was not, because the database went
# away in between, was told so and asks again. What the daemon asked for, the daemon puts into the queue itself, later.
UNQUEUED_SECONDS = 60.0
BY_THE_DAEMON = (
    "dagster/schedule_name", "dagster/sensor_name", "dagster/backfill", "dagster/retry_number",
    "dagster/from_automation_condition",
)  # fmt: skip
DAEMON, CODE_SERVER, ITS_CHILD = "dagster-daemon run", "api grpc", "multiprocessing.spawn"
# An orphan is one that was heard this long after its run had ended: not a row that could not be deleted in time.
AFTER_END_SECONDS = 2 * heartbeats.BEAT_SECONDS


class Looks:
    """What a process remembers from look to look, so that a clock that is set does not make the living look dead."""

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()
        self._heard: dict[tuple[str, str], float] = {}

    @property
    def set_forward(self) -> float:
        """Seconds by which this machine's clock was set forward since; a process's age does not know of it."""
        return max(0.0, time.time() - time.monotonic() - self._offset)

    def beats(self, found: Sequence[Beat]) -> dict[str, list[Beat]]:
        """By run. A beat that is not that of the last look is no silence, whatever the database's clock says."""
        beats: dict[str, list[Beat]] = {}
        for beat in found:
            before = self._heard.get((beat.run, beat.step), beat.heard)
            beats.setdefault(beat.run, []).append(beat if before == beat.heard else replace(beat, silent=0.0))
        self._heard = {(beat.run, beat.step): beat.heard for beat in found}
        return beats


_looks = Looks()


def reap(settings: Settings, instance: DagsterInstance, db: Engine) -> list[str]:
    """The ids of the runs that were found dead and are now failed (or canceled, where that was asked for)."""
    from dagster import DagsterRunStatus, RunsFilter

    beats = _looks.beats(heartbeats.all_beats(db))
    unfinished = [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]
    records = instance.get_run_records(RunsFilter(statuses=unfinished))
    dead = [record for record in records if _dead(settings, instance, record, beats.get(record.dagster_run.run_id, ()))]
    for record in dead:
        _bury(settings, instance, db, record)
    known = {record.dagster_run.run_id for record in records}
    for run in beats.keys() - known:
        _end_orphans(settings, instance, db, run, beats[run])
    _cancel_unqueued(instance)
    return [record.dagster_run.run_id for record in dead]


def _bury(settings: Settings, instance: DagsterInstance, db: Engine, record: RunRecord) -> None:
    """First nothing of it can be published, then what is left of it is ended, then it is said to have failed."""
    from dagster import DagsterRunStatus

    run = record.dagster_run
    heartbeats.declare_dead(db, run.run_id)
    processes.end(processes.of_run(run.run_id, settings.home_dir))
    tracking.end_killed(db, run.run_id)
    if run.status == DagsterRunStatus.CANCELING:
        instance.report_run_canceled(run, message="its process was gone when modelmill looked")
    else:
        instance.report_run_failed(run, message="its process died without ending the run; found by the reaper")
    instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)


def _end_orphans(settings: Settings, instance: DagsterInstance, db: Engine, run: str, beats: Sequence[Beat]) -> None:
    """The run has ended and a step of it was heard since: fence it, end its process and those that it started.

    A step that is only beginning is of a run that Dagster lists in a moment; rows that fell silent are cleared away.
    """
    record = instance.get_run_record_by_id(run)
    ended = record.end_time if record and record.dagster_run.is_finished else None
    if record is not None and ended is None:
        return
    if ended is not None and max(beat.heard for beat in beats) > ended + AFTER_END_SECONDS:
        heartbeats.declare_dead(db, run)
        processes.end([*_own(beats), *processes.of_run(run, settings.home_dir)])
    elif min(beat.silent for beat in beats) > SILENT_SECONDS:
        heartbeats.declare_dead(db, run)


def _cancel_unqueued(instance: DagsterInstance) -> None:
    """Canceled and not failed: what has failed is tried again by itself, and somebody has asked again already."""
    from dagster import DagsterRunStatus, RunsFilter

    for record in instance.get_run_records(RunsFilter(statuses=[DagsterRunStatus.NOT_STARTED])):
        run, waited = record.dagster_run, time.time() - record.create_timestamp.timestamp() - _looks.set_forward
        if waited > UNQUEUED_SECONDS and not any(tag in run.tags for tag in BY_THE_DAEMON):
            instance.report_run_canceled(run, message="it never came into the queue; who asked for it was told so")


def _own(beats: Sequence[Beat]) -> Iterator[psutil.Process]:
    """The processes of this machine that beat, if they still are the ones that did; never ourselves."""
    spared = {psutil.Process().pid, *(parent.pid for parent in psutil.Process().parents())}
    for beat in beats:
        if beat.here and beat.pid not in spared and beat.lives:
            try:
                yield psutil.Process(beat.pid)
            except psutil.NoSuchProcess:
                continue


def _dead(settings: Settings, instance: DagsterInstance, record: RunRecord, beats: Sequence[Beat]) -> bool:
    if beats:
        return all(not beat.lives if beat.here else beat.silent > SILENT_SECONDS for beat in beats)
    # A Kubernetes Job without a step at work is judged by Dagster's run monitoring, which asks Kubernetes.
    if settings.run_launcher == "kubernetes":
        return False
    if record.dagster_run.tags.get(HOST_TAG, socket.gethostname()) != socket.gethostname():
        return False
    seen = _process(instance, record.dagster_run.run_id)
    if seen is None:
        return _never_starts(settings, instance, record)
    return not _lives(*seen)


def _never_starts(settings: Settings, instance: DagsterInstance, record: RunRecord) -> bool:
    """A run without a process. How long it waited in the queue before is not counted."""
    from dagster import DagsterEventType, DagsterRunStatus

    run = record.dagster_run
    taken = instance.get_records_for_run(run.run_id, of_type=DagsterEventType.RUN_STARTING, limit=1).records
    since = taken[0].timestamp if taken else record.create_timestamp.timestamp()
    waited = time.time() - since - _looks.set_forward
    if waited <= ABANDONED_SECONDS or run.status != DagsterRunStatus.STARTING:
        return waited > STARTING_SECONDS
    return waited > STARTING_SECONDS or _abandoned(settings, since)


def _abandoned(settings: Settings, since: float) -> bool:
    """Whether daemon and code server are on this machine, and neither can still be starting what was taken at `since`.

    One second of slack, as in `_lives`.
    """
    daemons: list[float] = []
    served = False
    for process, _ in processes.of_home(settings.home_dir):
        try:
            words, began = " ".join(process.cmdline()), process.create_time()
        except psutil.Error:
            continue
        if ITS_CHILD in words and began >= since - 1:
            return False
        served = served or CODE_SERVER in words
        daemons += [began] if DAEMON in words else []
    return served and bool(daemons) and min(daemons) > since + 1 + _looks.set_forward


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
    try:
        process = psutil.Process(pid)
        # One second of slack: the clock ticks in which the kernel counts a process's age.
        return process.status() != psutil.STATUS_ZOMBIE and process.create_time() <= said_at + 1 + _looks.set_forward
    except psutil.NoSuchProcess:
        return False


def main() -> None:
    """Look every 30 s, for ever; once an hour forget old answers too. A database that does not answer is waited for."""
    from dagster_postgres.utils import DagsterPostgresException
    from sqlalchemy.exc import SQLAlchemyError

    from modelmill.store.database import engine
    from orchestration import instance

    settings, forgot = load(), -FORGET_SECONDS
    with instance.connect(settings) as made:
        while True:
            start = time.monotonic()
            try:
                for run_id in reap(settings, made, engine(settings)):
                    print(f"run {run_id} was dead: marked as failed", flush=True)
                if start - forgot >= FORGET_SECONDS:
                    predictions.forget(engine(settings), settings.prediction_days)
                    forgot = start
            except (SQLAlchemyError, DagsterPostgresException) as error:
                print(f"the database does not answer, looking again: {type(error).__name__}", flush=True)
            time.sleep(max(1.0, EVERY_SECONDS - (time.monotonic() - start)))


if __name__ == "__main__":
    main()
