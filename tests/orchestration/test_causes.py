"""A run that fails for want of something says what it wants, and the same run again ends well when it is there."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster import AssetKey, DagsterInstance, ExecuteInProcessResult
from sqlalchemy import Connection, Engine, NullPool, create_engine, text

from assets.mill import Mill
from modelmill import logs, tracking
from modelmill.errors import PrerequisiteError
from modelmill.settings import CHECKOUT, Settings
from modelmill.store import consents, corpora, database, publications
from orchestration.definitions import defs
from orchestration.jobs import INTAKE, train_name
from orchestration.resources import resources

TASK = "semantic_search"


@pytest.fixture
def corpus(settings: Settings, db: Engine, dagster: DagsterInstance, tmp_path: Path) -> Path:
    folder = tmp_path / "code"
    folder.mkdir()
    shutil.copy(shutil.__file__, folder / "some.py")
    corpora.add(settings, db, "code", str(folder), "Apache-2.0", consent=True)
    dagster.add_dynamic_partitions("corpora", ["code"])
    return folder


def taken_in(dagster: DagsterInstance, partition: str | None = "code") -> ExecuteInProcessResult:
    job = defs.resolve_job_def(INTAKE)
    selected = [AssetKey("documents"), AssetKey("units")]
    return job.execute_in_process(
        instance=dagster, partition_key=partition, asset_selection=selected, raise_on_error=False
    )


def cause(run: ExecuteInProcessResult) -> dict[str, Any]:
    """The four parts that the failed step's page shows."""
    [failed] = [event for event in run.all_events if event.is_step_failure][:1]
    told = failed.step_failure_data.user_failure_data
    assert told is not None
    return {name: entry.value for name, entry in told.metadata.items()}


def refuse(conn: Connection, table: str, why: str) -> None:
    """From now on what is written into the table, if it is about an asset then about units, fails in the server."""
    conn.execute(
        text(
            "CREATE OR REPLACE FUNCTION mill.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF coalesce(to_jsonb(NEW) ->> 'asset', 'units') = 'units' THEN {why}; END IF; RETURN NEW; END $$"
        )
    )
    conn.execute(
        text(f"CREATE OR REPLACE TRIGGER refuse BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION mill.refuse()")
    )


@pytest.mark.parametrize("table", ["publication", "parsed"], ids=["by INSERT", "by COPY"])
@pytest.mark.parametrize(
    ("why", "said", "mend"),
    [
        (
            "RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'",
            "disk is full",
            "free",
        ),
        ("PERFORM pg_terminate_backend(pg_backend_pid())", "the database does not answer", "mill doctor"),
    ],
    ids=["disk full", "server restarted"],
)
def test_a_database_that_fails_in_the_middle_is_named_and_the_next_run_ends_well(
    settings: Settings, db: Engine, dagster: DagsterInstance, corpus: Path, why: str, said: str, mend: str, table: str
) -> None:
    with db.begin() as conn:
        refuse(conn, table, why)
    run = taken_in(dagster)
    assert not run.success
    assert said in cause(run)["failed"]
    assert mend in cause(run)["next"]
    assert cause(run)["kind"] == "PrerequisiteError"
    assert publications.current(db, "units", "code") is None
    assert publications.current(db, "documents", "code") is not None
    with db.begin() as conn:
        conn.execute(text(f"DROP TRIGGER refuse ON {table}"))
    assert taken_in(dagster).success


def test_a_database_that_goes_away_while_mlflow_writes_is_named_and_what_nobody_foresaw_is_logged(
    db: Engine, dagster: DagsterInstance, caplog: pytest.LogCaptureFixture
) -> None:
    logs.logger().addHandler(caplog.handler)  # its file is that of the first test of this process

    @dg.asset
    def tracked(context, mill: Mill) -> None:
        with mill.at_work(context) as at, tracking.run(at.settings, "intent_classification", "one"):
            raise ZeroDivisionError("nobody foresaw it")

    def made() -> ExecuteInProcessResult:
        return dg.materialize([tracked], instance=dagster, resources=resources(), raise_on_error=False)

    try:
        assert not made().success
    finally:
        logs.logger().removeHandler(caplog.handler)
    assert "ZeroDivisionError: nobody foresaw it" in caplog.text
    with db.begin() as conn:
        refuse(conn, "mlflow.runs", "PERFORM pg_terminate_backend(pg_backend_pid())")
    assert cause(made())["failed"] == "the database does not answer"


def test_a_server_without_a_free_connection_is_named(settings: Settings) -> None:
    from sqlalchemy.exc import OperationalError

    from modelmill.failures import explained

    name = database.database_url(settings).database
    admin = create_engine(database.database_url(settings), poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with admin.connect() as conn:
        conn.execute(text(f'CREATE ROLE "{name}_one" LOGIN CONNECTION LIMIT 0'))
        try:
            narrow = create_engine(database.database_url(settings).set(username=f"{name}_one"), poolclass=NullPool)
            with pytest.raises(OperationalError) as refused:
                narrow.connect()
            told = explained(refused.value)
            assert told.failed == "the database takes no more connections"
            assert "too many connections for role" in told.found
        finally:
            conn.execute(text(f'DROP ROLE "{name}_one"'))


def test_a_user_that_may_not_read_the_tables_is_named_and_no_migration_is_asked_for(
    settings: Settings, db: Engine
) -> None:
    from sqlalchemy.exc import ProgrammingError

    from modelmill.failures import explained

    user = f"{database.database_url(settings).database}_other"
    with pytest.raises(ProgrammingError) as refused, db.begin() as conn:
        conn.execute(text(f'CREATE ROLE "{user}"'))
        conn.execute(text(f'SET LOCAL ROLE "{user}"'))
        conn.execute(text("SELECT FROM mill.publication"))
    told = explained(refused.value)
    assert told.failed == "the database refused its user" and "permission denied" in told.found
    assert "MILL_DATABASE_URL" in told.next


def test_a_home_that_cannot_be_written_is_named_and_the_next_run_ends_well(
    settings: Settings, db: Engine, dagster: DagsterInstance, corpus: Path
) -> None:
    blocked = settings.home_dir / "secrets"  # root writes to read-only folders too: a file stands where it should be
    blocked.parent.mkdir(parents=True, exist_ok=True)
    blocked.write_text("")
    run = taken_in(dagster)
    assert not run.success
    assert str(blocked) in cause(run)["failed"]
    assert cause(run)["kind"] == "PrerequisiteError"
    blocked.unlink()
    assert taken_in(dagster).success


def test_what_dagster_itself_cannot_write_is_told_in_four_parts_and_not_as_a_traceback(
    settings: Settings, db: Engine, corpus: Path, dagster: DagsterInstance
) -> None:
    """Its connections are psycopg2's, which call PostgreSQL's code otherwise."""
    with db.begin() as conn:
        full = "RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'"
        refuse(conn, "dagster.event_logs", full)
    done = subprocess.run(
        [sys.executable, "-m", "orchestration.launch", "intake", "--corpus", "code"],
        cwd=CHECKOUT, env=settings.child_env(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == PrerequisiteError.exit_code
    assert "error: the disk is full" in done.stderr and "Traceback" not in done.stderr


def test_a_run_that_names_no_corpus_says_which_there_are(dagster: DagsterInstance, corpus: Path) -> None:
    told = cause(taken_in(dagster, partition=None))
    assert (told["failed"], told["found"], told["kind"]) == ("this run names no corpus", "none", "UserError")
    assert "code" in told["allowed"]
    assert "mill run --corpus" in told["next"]


def test_a_task_that_waits_says_so_on_its_page_and_ends_no_run_as_failed(dagster: DagsterInstance) -> None:
    run = defs.resolve_job_def(train_name(TASK)).execute_in_process(instance=dagster, raise_on_error=False)
    skipped = {event.step_key for event in run.all_events if event.is_step_skipped}
    assert run.success and {f"{TASK}__{noun}" for noun in ("candidate", "report", "release")} <= skipped
    [record] = dagster.fetch_observations(AssetKey([TASK, "dataset"]), limit=9).records
    assert record.asset_observation is not None
    assert f"waits: {TASK} has nothing to learn from" in (record.asset_observation.description or "")
    assert {"failed", "allowed", "found", "next"} <= set(record.asset_observation.metadata)
    assert dagster.get_latest_materialization_event(AssetKey([TASK, "dataset"])) is None


@pytest.mark.parametrize(("tenant", "quoted"), [("acme", "acme"), ("Acme & Co. / R", "'Acme & Co. / R'")])
def test_a_run_of_another_tenants_corpus_says_how_it_is_taken_in(
    dagster: DagsterInstance, corpus: Path, tenant: str, quoted: str
) -> None:
    dagster.add_dynamic_partitions("corpora", [f"{tenant}/code"])
    told = cause(taken_in(dagster, partition=f"{tenant}/code"))
    assert (told["failed"], told["kind"]) == (f"the corpus '{tenant}/code' is another tenant's", "UserError")
    assert told["next"] == f"MILL_TENANT={quoted} mill run --corpus code"


def test_the_page_of_an_asset_says_which_corpus_its_numbers_are_of(dagster: DagsterInstance, corpus: Path) -> None:
    assert taken_in(dagster).success
    for asset in ("documents", "units"):
        event = dagster.get_latest_materialization_event(AssetKey(asset))
        assert event is not None and event.asset_materialization is not None
        assert event.asset_materialization.metadata["corpus"].value == "code"
    assert "| Apache-2.0 | 1 | trains |" in licences(dagster)


def test_the_page_of_units_says_that_nothing_is_learnt_without_consent(
    db: Engine, dagster: DagsterInstance, corpus: Path
) -> None:
    with db.begin() as conn:
        consents.withdraw(conn, corpora.get(db, "default", "code"), "train", "a test")
    assert taken_in(dagster).success
    assert "| Apache-2.0 | 1 | search only |" in licences(dagster)


def licences(dagster: DagsterInstance) -> str:
    """The table on the page of the units that were made last."""
    event = dagster.get_latest_materialization_event(AssetKey("units"))
    assert event is not None and event.asset_materialization is not None
    return str(event.asset_materialization.metadata["licences"].value)
