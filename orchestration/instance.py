"""Dagster's instance: where its runs, events and schedules are kept, and how many things may run at once.

`prepare` writes DAGSTER_HOME/dagster.yaml at set-up. The file holds no password: it names an environment variable,
which `environment` fills for every program that is started. Source of the settings: docs.dagster.io, "dagster.yaml".
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from modelmill import optional
from modelmill.errors import PrerequisiteError
from modelmill.settings import Settings
from modelmill.store.database import database_url
from orchestration import pods

if TYPE_CHECKING:
    from dagster import DagsterInstance

POOLS = ("intake", "train")
URL_VARIABLE = "DAGSTER_POSTGRES_URL"

# A short run asks Dagster's storages 130 times, and each time they would connect anew: a quarter of what it costs
# PostgreSQL. A connection is kept for a second: one older than that may be of before a restart of the server.
KEPT_SECONDS, AT_ONCE = 1, 20

CONFIG: dict[str, Any] = {
    "storage": {"postgres": {"postgres_url": {"env": URL_VARIABLE}}},
    "run_coordinator": {"module": "dagster._core.run_coordinator", "class": "QueuedRunCoordinator"},
    # Two runs at once on a laptop: one that takes in, one that trains (the assets name their pools). A run waits in
    # the queue, not between its steps: there Dagster 1.13 polls without a pause and hears no signal, and a killed
    # run's slot stays claimed.
    "concurrency": {"runs": {"max_concurrent_runs": 2}, "pools": {"default_limit": 1, "granularity": "run"}},
    # A run whose process died is found and its pool slot given back, also while nobody starts anything (see reaper.py).
    "run_monitoring": {
        "enabled": True,
        "start_timeout_seconds": 300,
        # One that works from a night to the next is taken for hung; its training goes on from the last checkpoint.
        # Trials of the profile full take hours, also those that a person started.
        "max_runtime_seconds": 86400,
        "max_resume_run_attempts": 0,
        "free_slots_after_run_end_seconds": 30,
        "poll_interval_seconds": 30,
    },
    # Of the nights that were missed the last is made good: what it makes is of now, and so would be those before it.
    "scheduler": {
        "module": "dagster._core.scheduler",
        "class": "DagsterDaemonScheduler",
        "config": {"max_catchup_runs": 1},
    },
    # A crashed process is tried again; a step that says no (a gate, bad input) would say no again.
    "run_retries": {"enabled": True, "max_retries": 1, "retry_on_asset_or_op_failure": False},
    "retention": {
        "schedule": {"purge_after_days": 90},
        "sensor": {"purge_after_days": {"skipped": 7, "failure": 30, "success": 90}},
    },
    "freshness": {"enabled": True},
    "telemetry": {"enabled": False},
    "nux": {"enabled": False},
}


def environment(settings: Settings) -> dict[str, str]:
    """What Dagster's programs need: `settings.child_env()`, and where their database is."""
    url = database_url(settings, "dagster", driver="psycopg2").render_as_string(hide_password=False)
    return {**settings.child_env(), URL_VARIABLE: url}


def prepare(settings: Settings) -> Path:
    """Write dagster.yaml and workspace.yaml when they are not as they should be; returns their folder, DAGSTER_HOME."""
    home = settings.home_dir / "dagster"
    ours = {"host": "127.0.0.1", "port": settings.code_port, "location_name": "modelmill"}
    _write(home / "workspace.yaml", {"load_from": [{"grpc_server": ours}]})
    logs = {"module": "orchestration.captured", "class": "ShownLogManager", "config": {"base_dir": f"{home}/storage"}}
    _write(home / "dagster.yaml", {**CONFIG, "compute_logs": logs, **pods.launcher(settings)})
    return home


def _write(file: Path, content: dict[str, Any]) -> None:
    wanted = "# Written by modelmill (orchestration/instance.py) at every set-up: change it there.\n" + yaml.safe_dump(
        content, sort_keys=False
    )
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists() or file.read_text() != wanted:
            draft = file.with_suffix(f".{os.getpid()}")
            draft.write_text(wanted)
            draft.replace(file)
    except OSError as error:
        raise PrerequisiteError(
            f"{file} cannot be written",
            allowed="a writable home folder with space on the disk",
            found=str(error),
            next="free space or set MILL_HOME to another folder, then `mill doctor`",
        ) from error


def connect(settings: Settings) -> DagsterInstance:
    """The instance for this process, with Dagster's tables made. Sets the environment that Dagster reads."""
    from dagster import DagsterInstance
    from sqlalchemy import NullPool, create_engine, text

    prepare(settings)
    env = environment(settings)
    os.environ.update(env)
    # Dagster logs by the one and migrates by the other; neither has anything to colour here, which takes 35 ms to load.
    optional.load("structlog", "rich")
    optional.load("mako.exceptions", "mako.ext.pygmentplugin")
    lock = create_engine(database_url(settings), poolclass=NullPool)
    with lock.begin() as conn:  # two that start at once would both make the tables
        conn.execute(text("SELECT pg_advisory_xact_lock(hashtext('dagster tables'))"))
        made = DagsterInstance.get()
    made.optimize_for_webserver(statement_timeout=0, pool_recycle=KEPT_SECONDS, max_overflow=AT_ONCE)
    return made


def limit_pools(made: DagsterInstance) -> None:
    """Give every pool its slots before anything is queued.

    Dagster 1.13 makes a pool's default limit when a run of it is first queued, but counts by the limits it read before
    that: the first two runs of a pool would both start.
    """
    storage = made.event_log_storage
    limited = {limit.name for limit in storage.get_pool_limits()}  # asked for a second time, PostgreSQL's storage fails
    for pool in set(POOLS) - limited:
        storage.initialize_concurrency_limit_to_default(pool)


def main() -> None:
    """`python -m orchestration.instance`: Dagster's home, tables and pools made, dead runs reaped. Safe to repeat."""
    from modelmill.settings import load
    from modelmill.store.database import engine
    from orchestration.reaper import reap

    settings = load()
    with connect(settings) as made:
        limit_pools(made)
        for run_id in reap(settings, made, engine(settings)):
            print(f"run {run_id} was dead: marked as failed")


if __name__ == "__main__":
    main()
