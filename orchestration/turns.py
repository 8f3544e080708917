"""Whose turn it is: one run that takes in, one that trains, also where a person starts them beside the queue.

The daemon counts the pools of all runs on the instance, ours too. The other way round we wait here, where Ctrl-C works.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import NullPool, create_engine, text

from modelmill.settings import Settings
from modelmill.store.database import database_url, engine
from orchestration.reaper import reap

if TYPE_CHECKING:
    from dagster import DagsterInstance

LOOK_SECONDS = 1.0


@contextmanager
def turn(settings: Settings, instance: DagsterInstance, pool: str) -> Generator[None]:
    """Wait until no other run of the pool is under way, then keep other launches out until the end of the block.

    The lock lives in the database session, so it is gone with the process that held it.
    """
    session = create_engine(database_url(settings), poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with session.connect() as conn:
        said = ""
        while True:
            locked = conn.execute(
                text("SELECT pg_try_advisory_lock(hashtext(:pool))"), {"pool": f"mill {pool}"}
            ).scalar()
            reap(settings, instance, engine(settings))
            other = _under_way(instance, pool) if locked else ["another launch"]
            if not other:
                break
            if locked:
                conn.execute(text("SELECT pg_advisory_unlock(hashtext(:pool))"), {"pool": f"mill {pool}"})
            if said != other[0]:
                said = other[0]
                print(f"  waiting for {said}, which uses the pool {pool} (Ctrl-C gives up)", flush=True)
            time.sleep(LOOK_SECONDS)
        yield


def _under_way(instance: DagsterInstance, pool: str) -> list[str]:
    from dagster import DagsterRunStatus, RunsFilter

    unfinished = [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]
    runs = instance.get_runs(RunsFilter(statuses=unfinished))
    busy = [run for run in runs if run.run_op_concurrency and pool in (run.run_op_concurrency.all_pools or ())]
    return [f"run {run.run_id[:8]} of {run.job_name}" for run in busy]
