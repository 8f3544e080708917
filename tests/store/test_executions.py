"""The record of a run: open before its end is known, ended once, closed by others only when nobody can end it."""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine, text

from modelmill import owner
from modelmill.errors import UserError
from modelmill.settings import CHECKOUT, Settings
from modelmill.store import database, executions
from modelmill.store.executions import Execution

ELSEWHERE = "another-host:4026531836:boot/7@1"
PROGRAM = """
import sys, uuid
from modelmill.settings import load
from modelmill.store import database, executions
row = executions.opened(uuid.UUID(sys.argv[1]), "bash", "0" * 64, "default", "another")
executions.begin(database.engine(load()), [row], 30)
print("begun", flush=True)
sys.stdin.read()
"""


def opened(files: dict[str, str] | None = None) -> Execution:
    return executions.opened(uuid.uuid4(), "bash", "0" * 64, "default", "me", files)


def begun(db: Engine) -> Execution:
    row = opened()
    executions.begin(db, [row], 30)
    return row


def ended(row: Execution) -> Execution:
    answer = {"id": str(row.id), "language": "bash", "code_sha256": "0" * 64, "status": "ok", "reason": "exit code 0"}
    nothing = dict.fromkeys(("exit_code", "signal", "container_id", "wall_seconds", "cpu_seconds", "peak_memory_bytes"))
    return executions.of(answer | nothing | {"truncated": False, "findings": []}, "default", "me")


def status(db: Engine, row: Execution) -> str:
    return executions.get(db, "default", row.id).status


def lines(db: Engine, row: Execution) -> list[tuple[str, str | None]]:
    """What the audit says of it."""
    wanted = text("SELECT action, detail->>'status' FROM mill.audit WHERE subject = :id ORDER BY id")
    with db.connect() as conn:
        return [(one[0], one[1]) for one in conn.execute(wanted, {"id": str(row.id)})]


def owned_by(db: Engine, row: Execution, name: str, hours: int = 0) -> None:
    change = "UPDATE mill.execution SET owner = :name, created_at = now() - :hours * interval '1 hour' WHERE id = :id"
    with db.begin() as conn:
        conn.execute(text(change), {"name": name, "hours": hours, "id": row.id})


def test_a_run_is_on_record_before_its_end_and_its_end_is_written_once(db: Engine) -> None:
    row = begun(db)
    known = executions.get(db, "default", row.id)
    assert (known.status, known.exit_code, known.files) == ("running", None, None)
    assert lines(db, row) == []
    executions.finish(db, [ended(row)])
    executions.finish(db, [ended(row)])
    assert status(db, row) == "ok"
    assert lines(db, row) == [("execution.run", "ok")]
    assert executions.close_lost(db) == 0


def test_the_code_is_kept_with_consent_alone_and_its_end_changes_nothing_of_that(db: Engine) -> None:
    row = opened({"code": "true"})
    executions.begin(db, [row], 30)
    executions.finish(db, [ended(row)])
    assert executions.get(db, "default", row.id).files == {"code": "true"}


def test_what_was_refused_leaves_nothing_and_what_has_ended_cannot_be_taken_back(db: Engine) -> None:
    refused, over = begun(db), begun(db)
    executions.finish(db, [ended(over)])
    executions.withdraw(db, [refused.id, over.id])
    assert status(db, over) == "ok"
    with pytest.raises(UserError):
        executions.get(db, "default", refused.id)
    assert lines(db, refused) == []


def test_what_is_erased_in_the_middle_does_not_come_back_with_its_end(db: Engine) -> None:
    row = begun(db)
    executions.erase(db, "default", row.id, "me")
    executions.finish(db, [ended(row)])
    with pytest.raises(UserError):
        executions.get(db, "default", row.id)
    assert [action for action, _ in lines(db, row)] == ["execution.erase", "execution.run"]


@pytest.fixture
def another(settings: Settings, db: Engine) -> Iterator[Callable[[], tuple[Execution, subprocess.Popen[bytes]]]]:
    """Another process with an open row of its own."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> tuple[Execution, subprocess.Popen[bytes]]:
        row = opened()
        argv = [sys.executable, "-c", PROGRAM, str(row.id)]
        pipe = subprocess.PIPE
        environment = settings.child_env()
        program = subprocess.Popen(argv, stdin=pipe, stdout=pipe, env=environment, cwd=CHECKOUT)
        started.append(program)
        assert program.stdout and program.stdout.readline() == b"begun\n"
        return row, program

    yield start
    for program in started:
        program.kill()
        program.communicate()


def test_several_processes_close_no_rows_of_each_other_but_of_those_that_are_gone(
    db: Engine, another: Callable[[], tuple[Execution, subprocess.Popen[bytes]]]
) -> None:
    mine, (living, _), (killed, program) = begun(db), another(), another()
    assert executions.close_lost(db, {mine.id}) == 0
    program.kill()
    program.wait()
    assert executions.close_lost(db, {mine.id}) == 1
    assert [status(db, one) for one in (mine, living, killed)] == ["running", "running", "sandbox_error"]
    assert "ended in the middle" in executions.get(db, "default", killed.id).reason
    assert lines(db, killed) == [("execution.run", "sandbox_error")]
    executions.finish(db, [ended(killed)])
    assert status(db, killed) == "sandbox_error", "its end is written once"


def test_an_own_row_whose_end_was_not_recorded_is_closed(db: Engine) -> None:
    row = begun(db)
    assert executions.close_lost(db, set()) == 1
    assert "could not be recorded" in executions.get(db, "default", row.id).reason


def test_of_another_machine_only_time_tells(db: Engine) -> None:
    fresh, old, long_at_work = begun(db), begun(db), begun(db)
    owned_by(db, fresh, ELSEWHERE, 1)
    owned_by(db, old, ELSEWHERE, 3)
    owned_by(db, long_at_work, owner.me(), 3)
    assert executions.close_lost(db, {long_at_work.id}) == 1
    assert [status(db, one) for one in (fresh, old, long_at_work)] == ["running", "sandbox_error", "running"]


def test_rows_of_before_have_ended(empty: Settings) -> None:
    """From 0005 with a row in it."""
    database.migrate(empty, "0005")
    db, row = database.engine(empty), opened()
    with db.begin() as conn:
        conn.execute(
            text(
                "INSERT INTO execution (id, tenant, key_prefix, language, code_sha256, status, reason, truncated,"
                " findings, expires_at) VALUES (:id, 'default', 'me', 'bash', '0', 'ok', 'exit code 0', false,"
                " '[]', now() + interval '1 day')"
            ),
            {"id": row.id},
        )
    database.migrate(empty)
    assert executions.close_lost(db) == 0
    assert status(db, row) == "ok"
