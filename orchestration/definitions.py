"""Everything Dagster is told, gathered: `dagster dev -m orchestration.definitions` or workspace.yaml loads it."""

from __future__ import annotations

import dagster as dg

from assets.embed import vectors
from assets.extract import documents
from assets.normalize import units, units_checks
from assets.tasks import task_assets
from orchestration import jobs, resources, schedules, sensors

_tasks = task_assets()

defs = dg.Definitions(
    assets=[documents, units, vectors, *(asset for one in _tasks for asset in one.assets)],
    asset_checks=[units_checks, *(check for one in _tasks for check in one.checks)],
    jobs=[jobs.intake(), jobs.train_all(_tasks), *(jobs.train(one) for one in _tasks)],
    schedules=schedules.schedules(),
    sensors=sensors.sensors(),
    resources=resources.resources(),
    # One process a run: a step process of its own would import everything again for every step (2-12 CPU-seconds each).
    # Training has its own process in any case.
    executor=dg.in_process_executor,
)
