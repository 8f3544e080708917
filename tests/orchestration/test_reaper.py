"""Who is dead, who is an orphan, and who is none of our business."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import psutil
import pytest
from dagster import (
    DagsterEvent,
    DagsterEventType,
    DagsterInstance,
    DagsterRun,
    DagsterRunStatus,
    MetadataValue,
)
from dagster._core.events import EngineEventData
from dagster._core.storage.tags import (
    AUTOMATION_CONDITION_TAG,
    BACKFILL_ID_TAG,
    RETRY_NUMBER_TAG,
    SCHEDULE_NAME_TAG,
    SENSOR_NAME_TAG,
)
from sqlalchemy import Engine, text

from modelmill import processes, tracking
from modelmill.settings import Settings
from modelmill.store import heartbeats, tables
from orchestration import reaper
from orchestration.definitions import defs
from orchestration.jobs import HOST_TAG, INTAKE

Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def start(settings: Settings) -> Iterator[Start]:
    """A process that waits, as a step of a run would have started it."""
    made: list[subprocess.Popen[bytes]] = []

    def one(run: str, home: str | None = None, words: str = "") -> subprocess.Popen[bytes]:
        environment = {**os.environ, processes.RUN: run, "MILL_HOME": home or str(settings.home_dir)}
        argv = [sys.executable, "-c", "print(flush=True); input()", *words.split()]
        made.append(subprocess.Popen(argv, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
        assert made[-1].stdout is not None
        made[-1].stdout.readline()
        return made[-1]

    yield one
    for process in made:
        process.kill()
        process.communicate()


def started(dagster: DagsterInstance, host: str = "") -> DagsterRun:
    """A run that says it began, on this machine or another one."""
    tags = {HOST_TAG: host or socket.gethostname()}
    run = dagster.create_run_for_job(defs.resolve_job_def(INTAKE), tags=tags)
    begun = DagsterEvent(DagsterEventType.RUN_START.value, INTAKE, message="started")
    dagster.report_dagster_event(begun, run_id=run.run_id)
    return run


def beat(db: Engine, run: str, host: str, pid: int, process: str, later: float = 0.0) -> None:
    """A row as a step writes it. later: seconds by which it was heard after now."""
    heard = datetime.now(UTC) + timedelta(seconds=later)
    row = {"run": run, "step": "units", "host": host, "pid": pid, "process": process}
    with db.begin() as conn:
        conn.execute(tables.heartbeat.insert().values(**row, beat_at=heard))


def ended(process: subprocess.Popen[bytes]) -> bool:
    """Its exit code went to whoever waited for it first, here psutil."""
    process.wait(10)
    return True


def status(dagster: DagsterInstance, run: DagsterRun) -> DagsterRunStatus:
    found = dagster.get_run_by_id(run.run_id)
    assert found is not None
    return found.status


def test_a_run_elsewhere_is_dead_when_it_is_silent_and_not_before(
    settings: Settings, db: Engine, dagster: DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = started(dagster, host="elsewhere")
    beat(db, run.run_id, "elsewhere", 1, "another boot/1", later=-3600)
    with db.connect() as conn:
        up = conn.execute(
            text("SELECT extract(epoch FROM clock_timestamp() - pg_postmaster_start_time())")
        ).scalar_one()
    monkeypatch.setattr(reaper, "SILENT_SECONDS", float(up) + 60)  # since PostgreSQL came back it could not have beaten
    assert reaper.reap(settings, dagster, db) == []
    monkeypatch.setattr(reaper, "SILENT_SECONDS", 0.0)
    assert reaper.reap(settings, dagster, db) == [run.run_id]
    assert status(dagster, run) == DagsterRunStatus.FAILURE
    assert heartbeats.all_beats(db) == []


def test_a_later_process_of_the_same_number_is_not_the_one_that_beat_and_is_left_alone(
    settings: Settings, db: Engine, dagster: DagsterInstance, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = started(dagster)
    bystander, child = start("another run"), start(run.run_id)
    monkeypatch.setenv(processes.RUN, run.run_id)
    with tracking.run(settings, "semantic_search", "of the dead run") as tracked:
        pass
    tracking.client(settings).update_run(tracked.id, status="RUNNING")  # nobody was left to end it
    elsewhere = start(run.run_id, home="/another/installation")
    beat(db, run.run_id, socket.gethostname(), bystander.pid, "an earlier process", later=3600)
    assert reaper.reap(settings, dagster, db) == [run.run_id]
    assert ended(child), "what a dead run had started"
    assert tracking.client(settings).get_run(tracked.id).info.status == "KILLED"
    assert bystander.poll() is None
    assert elsewhere.poll() is None


def test_a_process_that_works_on_after_its_run_has_ended_is_ended_and_one_that_only_left_its_row_is_not(
    settings: Settings, db: Engine, dagster: DagsterInstance, start: Start
) -> None:
    runs = [started(dagster) for _ in range(2)]
    for run in runs:
        dagster.report_run_failed(run)
    orphan, innocent = start("nothing"), start("nothing")
    beat(db, runs[0].run_id, socket.gethostname(), orphan.pid, processes.identity(orphan.pid), later=60)
    beat(db, runs[1].run_id, socket.gethostname(), innocent.pid, processes.identity(innocent.pid))
    assert reaper.reap(settings, dagster, db) == []
    assert ended(orphan)
    assert innocent.poll() is None
    assert [left.run for left in heartbeats.all_beats(db)] == [runs[1].run_id]


def test_a_clock_that_is_set_forward_buries_nobody(
    settings: Settings, db: Engine, dagster: DagsterInstance, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = reaper.Looks()
    monkeypatch.setattr(reaper, "_looks", looks)
    elsewhere, between_steps = started(dagster, host="elsewhere"), started(dagster)
    beat(db, elsewhere.run_id, "elsewhere", 1, "another boot/1")
    process = start(between_steps.run_id)
    said = {"pid": MetadataValue.text(str(process.pid))}
    dagster.report_engine_event("executing", between_steps, EngineEventData(metadata=said))
    assert reaper.reap(settings, dagster, db) == []

    hour = 3600.0
    real, created = time.time, psutil.Process.create_time
    monkeypatch.setattr(reaper.time, "time", lambda: real() + hour)
    # What psutil says of a process that began before the clock was set: the kernel keeps its age, not its hour.
    monkeypatch.setattr(psutil.Process, "create_time", lambda self: created(self) + hour)
    monkeypatch.setattr(reaper, "SILENT_SECONDS", 0.0)
    with db.begin() as conn:
        conn.execute(text("UPDATE heartbeat SET beat_at = beat_at + interval '1 millisecond'"))
    assert reaper.reap(settings, dagster, db) == []
    assert reaper.reap(settings, dagster, db) == [elsewhere.run_id], "it has not beaten since the last look"
    process.kill()
    process.wait(10)
    assert reaper.reap(settings, dagster, db) == [between_steps.run_id]


def begin_to_start(dagster: DagsterInstance, run: DagsterRun) -> None:
    """What the daemon says when it takes a run from the queue."""
    taken = DagsterEvent(DagsterEventType.RUN_STARTING.value, INTAKE, message="starting")
    dagster.report_dagster_event(taken, run_id=run.run_id)


def test_a_run_whose_daemon_died_while_it_started_it_is_dead_and_one_that_is_on_its_way_is_not(
    settings: Settings, db: Engine, dagster: DagsterInstance, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reaper, "ABANDONED_SECONDS", 0.0)
    start("", words=reaper.CODE_SERVER)
    before = start("", words=reaper.DAEMON)
    run = dagster.create_run_for_job(defs.resolve_job_def(INTAKE))
    begin_to_start(dagster, run)
    taken = time.time()
    assert reaper.reap(settings, dagster, db) == [], "its daemon is still there"
    before.kill()
    before.wait(10)
    assert reaper.reap(settings, dagster, db) == [], "no daemon is to be seen here: it may be elsewhere"
    time.sleep(max(0.0, taken + 2.1 - time.time()))  # when a process began is known to a second
    start("", words=reaper.DAEMON)
    child = start("", words=reaper.ITS_CHILD)
    assert reaper.reap(settings, dagster, db) == [], "the code server has started something since"
    child.kill()
    child.wait(10)
    assert reaper.reap(settings, dagster, db) == [run.run_id]
    assert status(dagster, run) == DagsterRunStatus.FAILURE


def test_the_time_in_the_queue_does_not_count_as_starting(
    settings: Settings, db: Engine, dagster: DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = dagster.create_run_for_job(defs.resolve_job_def(INTAKE))
    time.sleep(1.5)  # in the queue
    begin_to_start(dagster, run)
    taken = time.time()
    monkeypatch.setattr(reaper.Looks, "set_forward", 0.0)  # time goes on, nobody sets the clock
    monkeypatch.setattr(reaper.time, "time", lambda: taken + reaper.STARTING_SECONDS - 0.5)
    assert reaper.reap(settings, dagster, db) == []
    monkeypatch.setattr(reaper.time, "time", lambda: taken + reaper.STARTING_SECONDS + 0.5)
    assert reaper.reap(settings, dagster, db) == [run.run_id]


def test_a_run_that_never_came_into_the_queue_is_canceled_and_one_of_the_daemons_is_left_to_it(
    settings: Settings, db: Engine, dagster: DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, nightly = (
        dagster.create_run_for_job(defs.resolve_job_def(INTAKE), status=DagsterRunStatus.NOT_STARTED, tags=tags)
        for tags in ({}, {SCHEDULE_NAME_TAG: "nightly_intake"})
    )
    assert reaper.reap(settings, dagster, db) == []
    assert status(dagster, asked) == DagsterRunStatus.NOT_STARTED, "it may be on its way"
    monkeypatch.setattr(reaper, "UNQUEUED_SECONDS", 0.0)
    assert reaper.reap(settings, dagster, db) == []
    assert status(dagster, asked) == DagsterRunStatus.CANCELED
    assert status(dagster, nightly) == DagsterRunStatus.NOT_STARTED


def test_what_the_daemon_asks_for_is_told_by_the_tags_that_dagster_gives_it() -> None:
    theirs = (SCHEDULE_NAME_TAG, SENSOR_NAME_TAG, BACKFILL_ID_TAG, RETRY_NUMBER_TAG, AUTOMATION_CONDITION_TAG)
    assert theirs == reaper.BY_THE_DAEMON
