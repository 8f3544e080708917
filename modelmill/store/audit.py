"""Who did what: an append-only chain of rows, each with the hash of the one before. No payloads, no secrets.

The chain makes a changed, removed or inserted row visible (`check`); a trigger refuses changes in the first place.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, desc, func, select

from modelmill.errors import DataError
from modelmill.records import canonical_json, sha256_text
from modelmill.store.tables import audit

START = "0" * 64


def append(
    conn: Connection, *, tenant: str, by: str, action: str, subject: str, detail: Mapping[str, Any] | None = None
) -> str:
    """Add one line in the caller's transaction; returns its sha256. Writers wait for each other until they commit."""
    conn.execute(select(func.pg_advisory_xact_lock(func.hashtext("mill audit"))))
    last = conn.execute(select(audit.c.id, audit.c.sha256).order_by(desc(audit.c.id)).limit(1)).one_or_none()
    line = {
        "id": last.id + 1 if last else 1,
        "tenant": tenant,
        "by": by,
        "action": action,
        "subject": subject,
        "detail": dict(detail or {}),
        "at": datetime.now(UTC),
        "previous": last.sha256 if last else START,
    }
    sha256 = _hash(line)
    conn.execute(audit.insert().values(**line, sha256=sha256))
    return sha256


def check(db: Engine) -> int:
    """Walk the whole chain; returns its length. Raises DataError at the first line that does not follow."""
    previous, count = START, 0
    with db.connect() as conn:
        for line in conn.execute(select(audit).order_by(audit.c.id)).mappings().yield_per(1000):
            count += 1
            if line["previous"] != previous or line["id"] != count or _hash(line) != line["sha256"]:
                raise _broken(line, count)
            previous = line["sha256"]
    return count


def _hash(line: Mapping[Any, Any]) -> str:
    at = line["at"].astimezone(UTC).isoformat()
    return sha256_text(canonical_json({**{k: v for k, v in line.items() if k != "sha256"}, "at": at}))


def _broken(line: Mapping[Any, Any], count: int) -> DataError:
    return DataError(
        f"line {count} of the audit log does not follow the line before it",
        allowed="an unbroken chain of hashes",
        found=f"id {line['id']}, sha256 {line['sha256'][:12]}",
        next="compare the table mill.audit with a backup: somebody changed it",
    )
