"""What can be started as one thing: taking in a corpus, training a task, training all of them."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING

import dagster as dg

from assets.embed import vectors
from assets.extract import documents
from assets.normalize import units
from assets.tasks import TaskAssets

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition as Job

INTAKE, TRAIN_ALL = "intake", "train_all"
HOST_TAG = "mill/host"  # whose processes the reaper may judge


def intake() -> Job:
    """documents -> units -> vectors of one corpus, with the checks between them."""
    return dg.define_asset_job(
        INTAKE,
        selection=dg.AssetSelection.assets(documents, units, vectors),
        description="Extract, normalize and embed one corpus (a partition). What has not changed is not done again.",
        run_tags={HOST_TAG: socket.gethostname()},
    )


def train(one: TaskAssets) -> Job:
    """dataset -> candidate -> report -> release of one task, with the checks between them."""
    return dg.define_asset_job(
        train_name(one.task.name),
        selection=dg.AssetSelection.assets(*one.assets),
        description=f"{one.task.title}: build the dataset, train, measure, and release what passes the gate.",
        run_tags={HOST_TAG: socket.gethostname(), "task": one.task.name},
    )


def train_all(every: Sequence[TaskAssets]) -> Job:
    """All tasks, each up to its release."""
    return dg.define_asset_job(
        TRAIN_ALL,
        selection=dg.AssetSelection.assets(*(asset for one in every for asset in one.assets)),
        description="Every task from its dataset to its release.",
        run_tags={HOST_TAG: socket.gethostname()},
    )


def train_name(task: str) -> str:
    """The job of a task."""
    return f"train_{task}"
