"""The night and the sensor ask for runs only where there is a reason; the gate stops what it did not let through."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest
from dagster import DagsterInstance
from dagster._core.definitions.schedule_definition import ScheduleExecutionData
from dagster._core.op_concurrency_limits_counter import GlobalOpConcurrencyLimitsCounter
from dagster._core.remote_origin import GrpcServerCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin
from sqlalchemy import Engine

from modelmill import consenting
from modelmill.errors import PrerequisiteError, RefusedError, UserError
from modelmill.evaluate import reports
from modelmill.extract.stage import extract
from modelmill.normalize.stage import normalize
from modelmill.records import Interval, Report
from modelmill.settings import Settings
from modelmill.store import corpora, releases, tables
from orchestration import instance, launch, schedules
from orchestration.definitions import defs
from orchestration.jobs import train_name
from orchestration.sensors import changed_corpora

TASK, OTHER = "intent_classification", "semantic_search"
NIGHT, SUNDAY = datetime(2026, 11, 21, 2, 0, tzinfo=UTC), datetime(2026, 11, 22, 2, 0, tzinfo=UTC)


def test_the_sensor_keeps_the_partitions_and_asks_once_for_the_same_state_of_a_corpus(
    settings: Settings, db: Engine, dagster: DagsterInstance, tmp_path: Path
) -> None:
    (tmp_path / "note.md").write_text("# A note\n\nIt says something worth keeping for a while, in one section.\n")
    corpora.add(settings, db, "notes", str(tmp_path), "Apache-2.0")
    corpora.add(settings.model_copy(update={"tenant": "acme"}), db, "theirs", str(tmp_path), "Apache-2.0")
    dagster.add_dynamic_partitions("corpora", ["gone", "acme/theirs"])
    context = dg.build_sensor_context(instance=dagster, repository_def=defs.get_repository_def())
    first, again = changed_corpora(context), changed_corpora(context)
    assert isinstance(first, dg.SensorResult) and isinstance(again, dg.SensorResult)
    assert first.run_requests and again.run_requests and first.dynamic_partitions_requests
    assert [(one.partition_key, one.tags["reason"]) for one in first.run_requests] == [
        ("notes", "extract notes: never taken in")
    ]
    assert {tuple(one.partition_keys) for one in first.dynamic_partitions_requests} == {("notes",), ("gone",)}
    assert again.run_requests[0].run_key == first.run_requests[0].run_key


def test_a_corpus_whose_source_is_gone_keeps_no_other_from_being_taken_in_and_an_edit_undone_is_taken_in(
    settings: Settings, db: Engine, dagster: DagsterInstance, tmp_path: Path
) -> None:
    texts = (
        "# A note\n\nIt says something worth keeping for a while, in one section.\n",
        "# Another\n\nIt says less.\n",
    )
    for name in ("gone", "notes"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "note.md").write_text(texts[0])
        extract(settings, db, corpora.add(settings, db, name, str(tmp_path / name), "Apache-2.0"))
    (tmp_path / "gone/note.md").unlink()
    (tmp_path / "gone").rmdir()
    keys: list[str | None] = []
    for changed in (texts[1], texts[0], texts[1]):
        (tmp_path / "notes/note.md").write_text(changed)
        gone, notes = asked(dagster)
        assert gone.partition_key == "gone" and str(tmp_path / "gone") in gone.tags["reason"]
        assert notes.partition_key == "notes" and notes.tags["reason"].startswith("extract notes: revision")
        extract(settings, db, corpora.get(db, settings.tenant, "notes"))
        keys.append(notes.run_key)
    assert len(set(keys)) == 3


def asked(dagster: DagsterInstance) -> list[dg.RunRequest]:
    """By the sensor, now."""
    found = changed_corpora(dg.build_sensor_context(instance=dagster, repository_def=defs.get_repository_def()))
    assert isinstance(found, dg.SensorResult)
    return list(found.run_requests or [])


def test_the_night_waits_for_something_to_learn_from_then_says_why_it_trains(
    settings: Settings, db: Engine, dagster: DagsterInstance, tmp_path: Path
) -> None:
    assert _asked(dagster, NIGHT) == []
    assert f"waits: {TASK} has nothing to learn from" in _skipped(dagster, NIGHT)
    _teach(settings, db, tmp_path)
    context = dg.build_schedule_context(instance=dagster, scheduled_execution_time=NIGHT)
    asked = defs.resolve_schedule_def(f"nightly_{TASK}").evaluate_tick(context).run_requests
    assert [(one.run_key, one.tags["reason"]) for one in asked] == [
        (f"{TASK}:2026-11-21T02:00", f"datasets {TASK}: never made")
    ]


def test_a_night_asks_for_no_run_while_one_of_a_night_before_waits_or_works(
    settings: Settings, db: Engine, dagster: DagsterInstance, tmp_path: Path
) -> None:
    _teach(settings, db, tmp_path)
    job, theirs = defs.resolve_job_def(train_name(TASK)), {"dagster/schedule_name": f"nightly_{TASK}"}
    dagster.create_run_for_job(job)  # made, and never queued, as when the daemon is killed: its tick asks for it again
    dagster.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)  # a person's, who may have asked for less
    dagster.create_run_for_job(job, tags=theirs)
    dagster.create_run_for_job(job, tags=theirs, status=dg.DagsterRunStatus.FAILURE)
    assert len(_asked(dagster, NIGHT)) == 1
    for status in (dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.STARTED):
        earlier = dagster.create_run_for_job(job, tags=theirs, status=status, remote_job_origin=_origin())
        assert _asked(dagster, NIGHT) == []
        assert earlier.run_id in _skipped(dagster, NIGHT)
        dagster.delete_run(earlier.run_id)
    assert len(_asked(dagster, NIGHT)) == 1


def _teach(settings: Settings, db: Engine, folder: Path) -> None:
    (folder / "asked.csv").write_text("text,label\nmy card was stolen,card\nwhere is my parcel,parcel\n")
    corpus = corpora.add(settings, db, "asked", str(folder), "Apache-2.0", consent=True)
    extract(settings, db, corpus)
    normalize(settings, db, corpora.get(db, settings.tenant, corpus.name))


def _origin() -> RemoteJobOrigin:
    """Where the queue would look for the job."""
    where = GrpcServerCodeLocationOrigin(host="127.0.0.1", port=1, location_name="modelmill")
    return RemoteRepositoryOrigin(where, "__repository__").get_job_origin(train_name(TASK))


def test_on_sundays_what_did_not_change_is_confirmed_but_a_refused_candidate_is_not_refused_again(
    settings: Settings, db: Engine, dagster: DagsterInstance, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _teach(settings, db, tmp_path)
    monkeypatch.setattr("modelmill.plan.task_reasons", lambda *_: [])
    made = {"task": TASK, "dataset_sha256": "d", "profile": "tiny", "seed": 17, "params": {}, "manifest": {}}
    with db.begin() as conn:
        conn.execute(tables.dataset.insert().values(sha256="d", task=TASK, path="x", counts={}, manifest={}))
        conn.execute(tables.candidate.insert().values(sha256="a", **made))
    assert _asked(dagster, SUNDAY) == [], "nothing answers yet"
    with db.begin() as conn:
        report = reports.record(conn, _report("a"), "", reports.Details({}, [], []))
        releases.promote(conn, releases.Promotion(TASK, "a", "d", report.id, None, "key"))
    assert _asked(dagster, NIGHT) == []
    [confirmed] = _asked(dagster, SUNDAY)
    assert confirmed.tags["reason"] == schedules.CONFIRMED
    [later] = _asked(dagster, SUNDAY.replace(hour=14))
    assert later.run_key == confirmed.run_key, "a Sunday with many nights confirms once"
    list(consenting.change(settings, db, "asked", give=False, withdraw=True, by="test"))
    assert _asked(dagster, SUNDAY) == [], "a run would fail for want of anything to learn from"
    assert f"waits: {TASK} may not learn from any of its 2 units" in _skipped(dagster, SUNDAY)
    list(consenting.change(settings, db, "asked", give=True, withdraw=False, by="test"))
    assert len(_asked(dagster, SUNDAY)) == 1
    with db.begin() as conn:
        conn.execute(tables.candidate.insert().values(sha256="b", **made))
    assert _asked(dagster, SUNDAY) == [], "the newest candidate waits for something that changes its verdict"

    dagster.add_dynamic_partitions("corpora", ["one", "two", "acme/one"])
    context = dg.build_schedule_context(
        instance=dagster, scheduled_execution_time=SUNDAY, repository_def=defs.get_repository_def()
    )
    asked = defs.resolve_schedule_def("weekly_corpora").evaluate_tick(context).run_requests or []
    assert [(one.partition_key, one.run_key) for one in asked] == [("one", "one:2026-11-22"), ("two", "two:2026-11-22")]


def _asked(dagster: DagsterInstance, when: datetime) -> list[dg.RunRequest]:
    return list(_tick(dagster, when).run_requests or [])


def _skipped(dagster: DagsterInstance, when: datetime) -> str:
    return _tick(dagster, when).skip_message or ""


def _tick(dagster: DagsterInstance, when: datetime) -> ScheduleExecutionData:
    context = dg.build_schedule_context(instance=dagster, scheduled_execution_time=when)
    return defs.resolve_schedule_def(f"nightly_{TASK}").evaluate_tick(context)


def test_a_candidate_made_alone_is_measured_and_released_once_its_gate_has_passed(
    dagster: DagsterInstance,
) -> None:
    report, release = (dg.AssetKey([TASK, noun]) for noun in ("report", "release"))
    cursor = None

    def requested() -> list[dg.AssetKey]:
        nonlocal cursor
        found = dg.evaluate_automation_conditions(
            defs, dagster, asset_selection=dg.AssetSelection.assets(report, release), cursor=cursor
        )
        cursor = found.cursor
        return [key for key in (report, release) if found.get_num_requested(key)]

    def happened(*events: dg.AssetMaterialization | dg.AssetCheckEvaluation) -> list[dg.AssetKey]:
        for event in events:
            dagster.report_runless_asset_event(event)
        return requested()

    def said(passed: bool) -> dg.AssetCheckEvaluation:
        return dg.AssetCheckEvaluation(asset_key=report, check_name="gate", passed=passed, metadata={})

    assert requested() == []
    made = [dg.AssetMaterialization(dg.AssetKey([TASK, noun])) for noun in ("dataset", "candidate")]
    assert happened(*made) == [report]
    assert requested() == [], "asked for once"
    assert happened(dg.AssetMaterialization(report)) == [], "the gate has not spoken"
    assert happened(said(False)) == []
    assert happened(dg.AssetMaterialization(report), said(True)) == [release]
    assert requested() == []


def test_a_candidate_that_the_gate_refuses_is_not_released_in_the_same_run_nor_in_a_later_one(
    settings: Settings, db: Engine, dagster: DagsterInstance
) -> None:
    _refused(db)
    whole = defs.resolve_implicit_global_asset_job_def()
    release, gate = dg.AssetKey([TASK, "release"]), dg.AssetCheckKey(dg.AssetKey([TASK, "report"]), "gate")
    together = whole.get_subset(asset_selection={release}, asset_check_selection={gate})
    run = together.execute_in_process(instance=dagster, raise_on_error=False)
    assert [(check.check_name, check.passed) for check in run.get_asset_check_evaluations()] == [("gate", False)]
    assert "not better" in (run.get_asset_check_evaluations()[0].description or "")
    assert not [event for event in run.all_events if event.is_step_start and "release" in str(event.step_key)]

    later = whole.get_subset(asset_selection={release}, asset_check_selection=set())
    run = later.execute_in_process(instance=dagster, raise_on_error=False)
    assert not run.success
    failed = [event for event in run.all_events if event.is_step_failure]
    told = {name: part.value for name, part in failed[0].step_failure_data.user_failure_data.metadata.items()}
    assert told["failed"] == f"the newest candidate of {TASK} was not released"
    assert "the gate did not let it through" in told["found"]
    assert (told["kind"], f"mill run --task {TASK}" in told["next"]) == ("RefusedError", True)
    assert releases.champion(db, TASK) is None
    assert dagster.get_latest_materialization_event(release) is None


def test_what_the_gate_refuses_ends_with_a_code_of_its_own_that_hides_no_other_failure(
    settings: Settings, db: Engine, dagster: DagsterInstance, capfd: pytest.CaptureFixture[str]
) -> None:
    _refused(db)
    words = ("train", "--only", "--stage", "deploy", "--task")
    assert launch.main([*words, TASK]) == RefusedError.exit_code
    assert "the gate did not let it through" in capfd.readouterr().err
    for order in ((TASK, OTHER), (OTHER, TASK)):  # of the other one there is nothing to release
        assert launch.main([*words, order[0], "--task", order[1]]) == PrerequisiteError.exit_code
    gate = dg.AssetCheckKey(dg.AssetKey([TASK, "report"]), "gate")
    alone = defs.resolve_implicit_global_asset_job_def().get_subset(asset_check_selection={gate})
    refused = launch.failure(settings, alone.execute_in_process(instance=dagster, raise_on_error=False))
    assert (refused.exit_code, refused.failed.split(":")[0]) == (6, f"the check gate of {TASK}/report said no")


def test_a_task_that_waits_gets_no_run_and_is_an_error_where_it_was_named(
    settings: Settings, db: Engine, dagster: DagsterInstance, capfd: pytest.CaptureFixture[str]
) -> None:
    for words, code, said in (((), 0, "waits"), (("--task", TASK), UserError.exit_code, "error")):
        assert launch.main(["train", *words]) == code
        told = capfd.readouterr().err
        assert told.startswith(f"{said}: {TASK} has nothing to learn from\n  allowed: ")
    assert launch.main(["train", "--task", TASK, "--stage", "datasets", "--force"]) == UserError.exit_code
    assert dagster.get_runs_count() == 0


def _refused(db: Engine) -> None:
    """A measured candidate whose gain is not certain."""
    made = {"task": TASK, "dataset_sha256": "d", "profile": "tiny", "seed": 17, "params": {}, "manifest": {}}
    with db.begin() as conn:
        conn.execute(tables.dataset.insert().values(sha256="d", task=TASK, path="x", counts={}, manifest={}))
        conn.execute(tables.candidate.insert().values(sha256="c", **made))
        reports.record(conn, _report("c"), "", reports.Details({}, [], []))


def _report(candidate: str) -> Report:
    value = Interval(0.5, 0.4, 0.6)
    return Report(
        id=0, task=TASK, candidate_sha256=candidate, dataset_sha256="d", main_score="accuracy", unit="share",
        value=value, baseline=0.5, champion=None, delta_baseline=Interval(0.0, -0.1, 0.1), delta_champion=None, n=100,
        seed=17, scores={}, slices={}, latency_ms=1.0, size_bytes=1, passed=False,
        reasons=["not better than the baseline"],
    )  # fmt: skip


def test_the_second_run_of_a_pool_waits_also_the_first_time(dagster: DagsterInstance) -> None:
    instance.limit_pools(dagster)
    instance.limit_pools(dagster)
    job = defs.resolve_job_def(train_name(TASK))
    first, second = (dagster.create_run_for_job(job) for _ in range(2))
    storage = dagster.event_log_storage
    counter = GlobalOpConcurrencyLimitsCounter(
        dagster, [first, second], [], storage.get_concurrency_keys(), storage.get_pool_limits(),
        pool_granularity=dagster.get_concurrency_config().pool_config.pool_granularity,
    )  # fmt: skip
    assert not counter.is_blocked(first)
    counter.update_counters_with_launched_item(first)
    assert counter.is_blocked(second)
