"""MLflow: the one file that imports it (inside the functions: it takes seconds to import).

Runs, parameters, curves and the model registry live in the schema `mlflow` of the one PostgreSQL, artifacts in
`mlruns/` or the store that machines share (store/tracked_files.py). No server is needed to write: the client speaks to
the database, and the MLflow UI reads it from there.
The registry's aliases `champion` and `challenger` are projections of our own tables, which are the truth.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, NullPool, create_engine, text
from sqlalchemy.exc import OperationalError

from modelmill.processes import RUN
from modelmill.records import Candidate, Dataset, Release
from modelmill.settings import Settings
from modelmill.store import database, tracked_files

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Metric

# A curve's points are written together: one transaction per point would cost more than a tiny training step.
FLUSH_POINTS = 100
FLUSH_SECONDS = 5.0
BY_RUN = "dagster_run_id"  # the tag that names the run of Dagster in which a run of MLflow was opened
PARENT = "mlflow.parentRunId"  # the tag that nests a run in another: mlflow.org/docs, "Parent and child runs"


def uri(settings: Settings) -> str:
    """Where the runs are, with the password if there is one: for a child's environment, never for its arguments."""
    return database.database_url(settings, "mlflow").render_as_string(hide_password=False)


def client(settings: Settings) -> MlflowClient:
    """The client on our database; makes MLflow's tables when they are not there. Raises PrerequisiteError."""
    os.environ.update(tracked_files.environment(settings))  # boto3 and MLflow look nowhere else
    try:
        return _client(uri(settings))
    except OperationalError as error:
        raise database.unreachable(settings, error) from error


@cache
def _client(url: str) -> MlflowClient:
    import logging

    from mlflow import MlflowClient

    for noisy in ("alembic", "mlflow.store.db.utils"):  # forty lines about tables that nobody asked for
        logging.getLogger(noisy).setLevel(logging.WARNING)
    made = MlflowClient(tracking_uri=url, registry_uri=url)
    lock = create_engine(url, poolclass=NullPool)
    with lock.begin() as conn:  # two that start at once would both make the tables
        conn.execute(text("SELECT pg_advisory_xact_lock(hashtext('mlflow tables'))"))
        made.search_experiments(max_results=1)
        made.search_registered_models(max_results=1)
    return made


@dataclass
class Run:
    """One MLflow run while it is open. Points are buffered and written by `flush`, at the latest when the run ends."""

    id: str
    client: MlflowClient
    points: list[Metric] = field(default_factory=list["Metric"])
    flushed: float = field(default_factory=time.monotonic)

    def metric(self, name: str, value: float, step: int = 0) -> None:
        """One point of a curve."""
        from mlflow.entities import Metric

        self.points.append(Metric(name, float(value), int(time.time() * 1000), step))
        if len(self.points) >= FLUSH_POINTS or time.monotonic() - self.flushed > FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write the points collected so far."""
        if self.points:
            self.client.log_batch(self.id, metrics=self.points)
        self.points, self.flushed = [], time.monotonic()

    def dataset(self, dataset: Dataset) -> None:
        """Say what the run was trained or measured on: name, identity and counts, not the data."""
        from mlflow.entities import Dataset as Input
        from mlflow.entities import DatasetInput, InputTag

        source = json.dumps({"uri": dataset.path.absolute().as_uri()})
        profile = json.dumps(dict(dataset.counts))
        # MLflow's column for the digest holds 36 characters.
        said = Input(dataset.task, dataset.sha256[:32], "local", source, profile=profile)
        self.client.log_inputs(self.id, [DatasetInput(said, [InputTag("mlflow.data.context", "training")])])
        self.tag("dataset_sha256", dataset.sha256)

    def artifact(self, path: Path, folder: str | None = None) -> None:
        """Copy a file, or a directory with all in it, beside the run."""
        copy = self.client.log_artifacts if path.is_dir() else self.client.log_artifact
        copy(self.id, str(path), folder)

    def model(self, task: str, sha256: str, example: Mapping[str, Any]) -> None:
        """Say what the model is asked with: an MLmodel file with signature and input example, not the weights."""
        from mlflow.models import Model, infer_signature

        made = Model(artifact_path="model", run_id=self.id, signature=infer_signature([dict(example)]))
        made.add_flavor("modelmill", task=task, sha256=sha256)
        self.client.log_text(self.id, made.to_yaml(), "model/MLmodel")
        self.client.log_dict(self.id, dict(example), "model/input_example.json")

    def text(self, text: str, name: str) -> None:
        """Keep `text` as the file `name` beside the run."""
        self.client.log_text(self.id, text, name)

    def tag(self, name: str, value: object) -> None:
        """Set or replace a tag."""
        self.client.set_tag(self.id, name, str(value))


@contextmanager
def run(
    settings: Settings,
    experiment: str,
    run_name: str,
    tags: Mapping[str, object] | None = None,
    params: Mapping[str, object] | None = None,
) -> Generator[Run]:
    """A run that ends FINISHED, FAILED on an error, KILLED when it was interrupted. Artifacts: <experiment>/<id>."""
    mlflow = client(settings)
    by = {BY_RUN: os.environ[RUN]} if RUN in os.environ else {}
    made = mlflow.create_run(
        _experiment(settings, experiment), tags=_strings({**(tags or {}), **by}), run_name=run_name
    )
    opened = Run(made.info.run_id, mlflow)
    try:
        for name, value in _strings(params).items():
            mlflow.log_param(opened.id, name, value)
        yield opened
        opened.flush()
    except BaseException as error:
        # Ctrl-C, and what Dagster raises in a run that is canceled, are no Exception.
        mlflow.set_terminated(opened.id, "FAILED" if isinstance(error, Exception) else "KILLED")
        raise
    mlflow.set_terminated(opened.id, "FINISHED")


def end_killed(db: Engine, by: str) -> None:
    """Runs that the killed run `by` of Dagster left open are KILLED too.

    By their table: whoever looks for the dead need not import MLflow.
    """
    statement = """
    UPDATE mlflow.runs SET status = 'KILLED', end_time = extract(epoch FROM clock_timestamp()) * 1000
    WHERE status = 'RUNNING' AND run_uuid IN (SELECT run_uuid FROM mlflow.tags WHERE key = :key AND value = :by)
    """
    with db.begin() as conn:
        if conn.scalar(text("SELECT to_regclass('mlflow.tags')")) is not None:
            conn.execute(text(statement), {"key": BY_RUN, "by": by})


def resume(settings: Settings, run_id: str) -> Run:
    """An ended run again, to add what was learnt later (the report of an evaluation). Call `flush` at the end."""
    return Run(run_id, client(settings))


def curves(settings: Settings, run_id: str) -> Mapping[str, list[tuple[int, float]]]:
    """The run's metrics that have more than one point: name -> (step, value), in order of the steps."""
    mlflow = client(settings)
    found: dict[str, list[tuple[int, float]]] = {}
    for name in sorted(mlflow.get_run(run_id).data.metrics):
        points = sorted((point.step, point.value) for point in mlflow.get_metric_history(run_id, name))
        if len(points) > 1:
            found[name] = points
    return found


def page(settings: Settings, run_id: str) -> str:
    """Where the MLflow UI shows the run, once it is up. Without the last word it opens among the pages about agents."""
    experiment = client(settings).get_run(run_id).info.experiment_id
    place = f"/#/experiments/{experiment}/runs/{run_id}?workflowType=machine_learning"
    return settings.address(settings.mlflow_port) + place


def _experiment(settings: Settings, name: str) -> str:
    from mlflow.exceptions import MlflowException

    mlflow = client(settings)
    known = mlflow.get_experiment_by_name(name)
    if known is not None:
        tracked_files.require(known.artifact_location)
        return known.experiment_id
    try:
        return mlflow.create_experiment(name, artifact_location=tracked_files.place(settings, name))
    except MlflowException:  # somebody else made it in the meantime
        known = mlflow.get_experiment_by_name(name)
        if known is None:
            raise
        return known.experiment_id


def project_aliases(settings: Settings, db: Engine, task: str) -> Mapping[str, str]:
    """Make the registry say what our tables say; returns alias -> candidate sha256. The same twice changes nothing.

    `champion` is what is released; `challenger` the newest candidate, while it is not the champion.
    """
    from modelmill.store import candidates

    standing = candidates.standing(settings, db, task)
    wanted: dict[str, tuple[Candidate, Release | None]] = {}
    if standing.champion:
        wanted["champion"] = standing.champion, standing.release
    if standing.challenger:
        wanted["challenger"] = standing.challenger, None
    mlflow = client(settings)
    if wanted:
        _registered(mlflow, task)
    for alias, (candidate, release) in wanted.items():
        version = _version(mlflow, candidate)
        _point(mlflow, task, alias, version, release)
        _describe(mlflow, db, candidate, version)
    for alias in {"champion", "challenger"} - set(wanted):
        _drop(mlflow, task, alias)
    return {alias: candidate.sha256 for alias, (candidate, _) in wanted.items()}


def _registered(mlflow: MlflowClient, task: str) -> None:
    if not mlflow.search_registered_models(f"name = '{task}'", max_results=1):
        mlflow.create_registered_model(
            task, description="Projection of modelmill's tables: change releases with `mill`."
        )


def _version(mlflow: MlflowClient, candidate: Candidate) -> str:
    known = mlflow.search_model_versions(f"name = '{candidate.task}' and tags.sha256 = '{candidate.sha256}'", 1)
    if known:
        return str(known[0].version)
    tags = {"sha256": candidate.sha256, "dataset_sha256": candidate.dataset_sha256, "profile": candidate.profile}
    source = candidate.path.absolute().as_uri()
    made = mlflow.create_model_version(candidate.task, source, candidate.mlflow_run_id, tags, await_creation_for=0)
    return str(made.version)


def _point(mlflow: MlflowClient, task: str, alias: str, version: str, release: Release | None) -> None:
    if str(mlflow.get_registered_model(task).aliases.get(alias)) != version:
        mlflow.set_registered_model_alias(task, alias, version)
    if release and mlflow.get_model_version(task, version).tags.get("release") != release.name:
        mlflow.set_model_version_tag(task, version, "release", release.name)


def _describe(mlflow: MlflowClient, db: Engine, candidate: Candidate, version: str) -> None:
    """The model card as the version's description, the gate's word as its tag `validation_status`."""
    from modelmill.evaluate import card, reports
    from modelmill.store import datasets
    from modelmill.task import get_task

    report = reports.for_candidate(db, candidate.sha256)
    said = card.markdown(get_task(candidate.task), candidate, datasets.get(db, candidate.dataset_sha256), report)
    status = "pending" if report is None else "passed" if report.passed else "refused"
    known = mlflow.get_model_version(candidate.task, version)
    if known.description != said:
        mlflow.update_model_version(candidate.task, version, said)
    if known.tags.get("validation_status") != status:
        mlflow.set_model_version_tag(candidate.task, version, "validation_status", status)


def _drop(mlflow: MlflowClient, task: str, alias: str) -> None:
    known = mlflow.search_registered_models(f"name = '{task}'", max_results=1)
    if known and alias in known[0].aliases:
        mlflow.delete_registered_model_alias(task, alias)


def _strings(values: Mapping[str, object] | None) -> dict[str, Any]:
    """MLflow keeps strings; a parameter may be 6,000 characters long."""
    return {name: str(value)[:6000] for name, value in (values or {}).items()}
