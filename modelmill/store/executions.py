"""The record of every run in the sandbox: who, what by its hash, how it ended, what it used, what the scan saw.

A row is there before the program is handed over (`begin`) and has an owner until its end is known (`finish`): one whose
owner is gone is closed by whoever comes next (`close_lost`). The output is not kept. The code is kept only with the
caller's consent. A row lives `sandbox_days` days; every end takes those with it whose time is over, and until then
nobody can read them.
"""

from __future__ import annotations

import uuid
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, func, select, update

from modelmill import owner
from modelmill.errors import UserError
from modelmill.storable import storable
from modelmill.store import audit
from modelmill.store.tables import execution

RUNNING = "running"
UNHEARD = timedelta(hours=2)  # the gateway waits an hour for an answer: of another machine's runs one knows no better


@dataclass(frozen=True, slots=True)
class Execution:
    """One run; status `running` until its end is known. files: name and content, None without consent.
    expires_at: None when it is not stored yet."""

    id: uuid.UUID
    tenant: str
    key_prefix: str
    language: str
    code_sha256: str
    status: str
    reason: str
    exit_code: int | None
    signal: int | None
    container_id: str | None
    wall_seconds: float | None
    cpu_seconds: float | None
    peak_memory_bytes: int | None
    truncated: bool
    findings: Sequence[Mapping[str, Any]]
    files: Mapping[str, str] | None = None
    created_at: datetime | None = None
    expires_at: datetime | None = None


def of(answer: Mapping[str, Any], tenant: str, key_prefix: str, files: Mapping[str, str] | None = None) -> Execution:
    """From the sandbox's answer, whose fields have the same names. files: only where the caller consented."""
    told = {name: answer[name] for name in Execution.__dataclass_fields__ if name in answer and name != "id"}
    return Execution(id=uuid.UUID(answer["id"]), tenant=tenant, key_prefix=key_prefix, files=files, **told)


def opened(
    execution_id: uuid.UUID,
    language: str,
    code_sha256: str,
    tenant: str,
    key_prefix: str,
    files: Mapping[str, str] | None = None,
) -> Execution:
    """A run that is about to be handed over. files: only where the caller consented."""
    said = {"status": RUNNING, "reason": "it was handed to the sandbox, and its end is not known yet"}
    unknown = ("exit_code", "signal", "container_id", "wall_seconds", "cpu_seconds", "peak_memory_bytes")
    rest: dict[str, Any] = {**said, **dict.fromkeys(unknown), "truncated": False, "findings": (), "files": files}
    return Execution(execution_id, tenant, key_prefix, language, code_sha256, **rest)


def begin(db: Engine, made: Sequence[Execution], days: int) -> None:
    """Write them as this process's, in one statement."""
    until = datetime.now(UTC) + timedelta(days=days)
    rows = [{**_row(one), "owner": owner.me(), "expires_at": until} for one in made]
    with db.connect() as conn:  # a run waits for this: no word to the server but the one
        conn.execution_options(isolation_level="AUTOCOMMIT").execute(execution.insert().values(rows))


def finish(db: Engine, made: Sequence[Execution]) -> None:
    """Their ends, with a line of the audit each, in one transaction. An end is written once; what was erased meanwhile
    stays so, and only the audit knows of its end."""
    with db.begin() as conn:
        for one in made:
            if _end(conn, one) or not _there(conn, one.id):
                _audit(conn, one, "execution.run")
        conn.execute(delete(execution).where(execution.c.expires_at < func.now()))


def withdraw(db: Engine, ids: Sequence[uuid.UUID]) -> None:
    """Forget what was refused before anything was run."""
    with db.begin() as conn:
        conn.execute(delete(execution).where(execution.c.id.in_(ids), execution.c.owner.is_not(None)))


def close_lost(db: Engine, at_work: Container[uuid.UUID] = ()) -> int:
    """End the rows whose owner is gone, or is this process and has none of these at work. Returns how many."""
    closed = 0
    with db.begin() as conn:
        for row in conn.execute(select(execution).where(execution.c.owner.is_not(None))):
            if reason := _lost(row, at_work):
                ended = replace(_of(row), status="sandbox_error", reason=reason)
                if _end(conn, ended):  # else another one was quicker
                    _audit(conn, ended, "execution.run")
                    closed += 1
    return closed


def get(db: Engine, tenant: str, execution_id: uuid.UUID) -> Execution:
    """The tenant's execution. Raises UserError when there is none of that id, or its time is over."""
    statement = select(execution).where(
        execution.c.tenant == tenant, execution.c.id == execution_id, execution.c.expires_at >= func.now()
    )
    with db.connect() as conn:
        row = conn.execute(statement).one_or_none()
    if row is None:
        raise _unknown(execution_id)
    return _of(row)


def erase(db: Engine, tenant: str, execution_id: uuid.UUID, by: str) -> None:
    """Delete it; the audit keeps that it was, not what it was. Raises UserError when there is none of that id."""
    known = get(db, tenant, execution_id)
    with db.begin() as conn:
        conn.execute(delete(execution).where(execution.c.tenant == tenant, execution.c.id == execution_id))
        audit.append(conn, tenant=tenant, by=by, action="execution.erase", subject=str(known.id))


def _end(conn: Connection, one: Execution) -> int:
    """Writes it where the row is still open; how many that are."""
    known = (execution.c.id == one.id, execution.c.owner.is_not(None))
    ended = {name: value for name, value in _row(one).items() if name not in ("id", "files")}
    return conn.execute(update(execution).where(*known).values(**ended, owner=None)).rowcount


def _there(conn: Connection, execution_id: uuid.UUID) -> bool:
    return conn.scalar(select(execution.c.id).where(execution.c.id == execution_id)) is not None


def _lost(row: Row[Any], at_work: Container[uuid.UUID]) -> str:
    """Why nobody will ever end it; empty while somebody may."""
    if row.owner == owner.me():
        return "" if row.id in at_work else "how it ended could not be recorded"
    lives = owner.lives(row.owner)
    if lives is False:
        return "what asked for it was ended in the middle of it: how far it ran is not known"
    if lives is None and datetime.now(UTC) - row.created_at > UNHEARD:
        return f"nothing was heard of it in {UNHEARD.total_seconds() / 3600:g} hours"
    return ""


def _audit(conn: Connection, one: Execution, action: str) -> None:
    detail = {"language": one.language, "status": one.status, "code_sha256": one.code_sha256}
    audit.append(conn, tenant=one.tenant, by=one.key_prefix, action=action, subject=str(one.id), detail=detail)


def _of(row: Row[Any]) -> Execution:
    return Execution(**{name: getattr(row, name) for name in Execution.__dataclass_fields__})


def _row(one: Execution) -> dict[str, Any]:
    row = {name: getattr(one, name) for name in Execution.__dataclass_fields__ if not name.endswith("_at")}
    return row | {"findings": storable(list(one.findings)), "files": storable(one.files)}


def _unknown(execution_id: uuid.UUID) -> UserError:
    return UserError(
        f"there is no execution {str(execution_id)!r}",
        allowed="the id of a run that was made with a key of the same tenant, and is not too old",
        found=repr(str(execution_id)),
        next="run something first: mill exec --language python FILE",
    )
