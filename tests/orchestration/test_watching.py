"""A failed run is seen the next morning: in `mill status`, in the metrics, and by whoever asked to be told."""

from __future__ import annotations

import json
import threading
import traceback
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import dagster as dg
import pytest
from dagster import DagsterInstance
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine

from modelmill import status
from modelmill.errors import PrerequisiteError
from modelmill.settings import Settings
from modelmill.store import runs
from orchestration import sensors
from orchestration.definitions import defs
from orchestration.jobs import INTAKE, train_name
from orchestration.sensors import failed_runs
from serving.metrics import Metrics

TRAIN = train_name("intent_classification")


def ended(dagster: DagsterInstance, job: str, good: bool, **tags: str) -> str:
    run = dagster.create_run_for_job(defs.resolve_job_def(job), tags=tags)
    dagster.report_run_failed(run) if not good else dagster.handle_new_event(_success(run))
    return run.run_id


def _success(run: dg.DagsterRun) -> Any:
    from dagster._core.events import DagsterEvent, DagsterEventType
    from dagster._core.events.log import EventLogEntry

    event = DagsterEvent(DagsterEventType.RUN_SUCCESS.value, job_name=run.job_name)
    return EventLogEntry(
        error_info=None, user_message="", level=20, run_id=run.run_id, timestamp=1e9, dagster_event=event
    )


def test_what_is_read_of_dagsters_tables_is_what_dagster_says(dagster: DagsterInstance, db: Engine) -> None:
    first = ended(dagster, TRAIN, False, reason="units changed")
    second = ended(dagster, INTAKE, False, **{"dagster/partition": "notes"})
    third = ended(dagster, INTAKE, True, **{"dagster/partition": "notes"})
    waits = dagster.create_run_for_job(defs.resolve_job_def(TRAIN)).run_id
    found = runs.lately(db)
    assert [run.id for run in found] == [waits, third, second, first]
    for one, record in zip(found, dagster.get_run_records(), strict=True):
        said = record.dagster_run
        partition = said.tags.get("dagster/partition", "")
        assert (one.id, one.job, one.status, one.partition, one.reason) == (
            said.run_id, said.job_name, said.status.value, partition, said.tags.get("reason", ""),
        )  # fmt: skip
        assert abs((one.began - record.create_timestamp).total_seconds()) < 1
    running, failed = runs.standing(found)
    assert [run.id for run in running] == [waits]
    assert [run.id for run in failed] == [first], "the intake of notes was made good since"


def test_a_run_of_single_assets_is_called_by_them_and_makes_good_no_other(dagster: DagsterInstance, db: Engine) -> None:
    job = defs.resolve_implicit_global_asset_job_def()
    keys = [frozenset({dg.AssetKey([task, "dataset"])}) for task in ("intent_classification", "semantic_search")]
    bad, good = (dagster.create_run_for_job(job, asset_selection=one) for one in keys)
    dagster.report_run_failed(bad)
    dagster.handle_new_event(_success(good))
    _, failed = runs.standing(runs.lately(db))
    assert [(run.id, run.job) for run in failed] == [(bad.run_id, "intent_classification/dataset")]


def test_without_dagsters_tables_there_are_no_runs(db: Engine) -> None:
    assert runs.lately(db) == []


def test_status_and_metrics_show_the_failed_night(
    dagster: DagsterInstance, settings: Settings, db: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    from rich.console import Console

    ended(dagster, TRAIN, False, reason="units changed")
    console = Console(width=160)
    for part in status.parts(settings, db):
        console.print(part)
    said = capsys.readouterr().out
    assert "failure" in said and "units changed" in said and TRAIN in said
    metrics = Metrics()
    metrics.see_runs(*runs.standing(runs.lately(db)))
    counted = {
        tuple(sample.labels.values()): sample.value
        for family in text_string_to_metric_families(metrics.text().decode())
        if family.name == "mill_runs"
        for sample in family.samples
    }
    assert counted == {(TRAIN, "failed"): 1.0}


@pytest.fixture
def listener() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A server on loopback and what it was told."""
    told: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(501 if self.path.startswith("/refused") else 204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hook", told
    server.shutdown()
    server.server_close()


def test_whoever_asked_is_told_of_a_failed_run_once_and_nobody_else(
    dagster: DagsterInstance, listener: tuple[str, list[dict[str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, told = listener
    result = defs.resolve_job_def(INTAKE).execute_in_process(
        instance=dagster, partition_key=_partition(dagster), raise_on_error=False, tags={"reason": "asked"}
    )
    assert not result.success
    event = next(
        event for event in result.all_events if event.is_run_failure or event.event_type_value == "RUN_FAILURE"
    )
    context = dg.build_run_status_sensor_context(
        "failed_runs", dagster_instance=dagster, dagster_run=result.dagster_run, dagster_event=event
    ).for_run_failure()
    skipped = failed_runs(context)
    assert isinstance(skipped, dg.SkipReason) and told == []
    monkeypatch.setenv("MILL_FAILURE_WEBHOOK", url)
    failed_runs(context)
    assert [(one["run"], one["job"], one["partition"], one["reason"]) for one in told] == [
        (result.run_id, INTAKE, "nowhere", "asked")
    ]
    assert told[0]["page"].endswith(f"/runs/{result.run_id}") and "\n" not in told[0]["error"]


@pytest.mark.parametrize(("host", "found"), [("127.0.0.1:{port}", "HTTP 501"), ("127.0.0.1:1", "ConnectError")])
def test_an_address_that_refuses_is_not_repeated_in_why(
    listener: tuple[str, list[dict[str, str]]], host: str, found: str
) -> None:
    port = listener[0].split(":")[-1].removesuffix("/hook")
    url = f"http://{host.format(port=port)}/refused?token=only-we-know"
    with pytest.raises(PrerequisiteError, match="nobody was told") as told:
        sensors.tell(url, {"run": "1"})
    assert told.value.found == found
    assert "only-we-know" not in "".join(traceback.format_exception(told.value))


def _partition(dagster: DagsterInstance) -> str:
    """Of a corpus that is not there: the run fails at its first step."""
    dagster.add_dynamic_partitions("corpora", ["nowhere"])
    return "nowhere"
