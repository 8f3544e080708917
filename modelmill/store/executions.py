"""The record of every run in the sandbox: who, what by its hash, how it ended, what it used, what the scan saw.

The output is not kept. The code is kept only with the caller's consent. A row lives `sandbox_days` days; every write
takes those with it whose time is over, and until then nobody can read them.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, select

from modelmill.errors import UserError
from modelmill.store import audit
from modelmill.store.predictions import storable
from modelmill.store.tables import execution


@dataclass(frozen=True, slots=True)
class Execution:
    """One run. files: name and content, None without consent. expires_at: None when it is not stored yet."""

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


def record(db: Engine, made: Sequence[Execution], days: int) -> None:
    """Write them with a line of the audit each, in one transaction."""
    until = datetime.now(UTC) + timedelta(days=days)
    with db.begin() as conn:
        for one in made:
            conn.execute(execution.insert().values(**_row(one), expires_at=until))
            _audit(conn, one, "execution.run")
        conn.execute(delete(execution).where(execution.c.expires_at < func.now()))


def get(db: Engine, tenant: str, execution_id: uuid.UUID) -> Execution:
    """The tenant's execution. Raises UserError when there is none of that id, or its time is over."""
    statement = select(execution).where(
        execution.c.tenant == tenant, execution.c.id == execution_id, execution.c.expires_at >= func.now()
    )
    with db.connect() as conn:
        row = conn.execute(statement).one_or_none()
    if row is None:
        raise _unknown(execution_id)
    return Execution(**{name: getattr(row, name) for name in Execution.__dataclass_fields__})


def erase(db: Engine, tenant: str, execution_id: uuid.UUID, by: str) -> None:
    """Delete it; the audit keeps that it was, not what it was. Raises UserError when there is none of that id."""
    known = get(db, tenant, execution_id)
    with db.begin() as conn:
        conn.execute(delete(execution).where(execution.c.tenant == tenant, execution.c.id == execution_id))
        audit.append(conn, tenant=tenant, by=by, action="execution.erase", subject=str(known.id))


def _audit(conn: Connection, one: Execution, action: str) -> None:
    detail = {"language": one.language, "status": one.status, "code_sha256": one.code_sha256}
    audit.append(conn, tenant=one.tenant, by=one.key_prefix, action=action, subject=str(one.id), detail=detail)


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
