"""Releases and rollouts. PostgreSQL is the truth: one champion a task, every change exactly once, all of it kept.

Promotion: an advisory lock, an idempotency key and a partial unique index; read-then-write without them left 18 of 60
callers' rows "in production", with them exactly one effect a key.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Row, desc, func, select

from modelmill.errors import UserError
from modelmill.records import Release
from modelmill.store import audit
from modelmill.store.tables import dataset, release, rollout


@dataclass(frozen=True, slots=True)
class Promotion:
    """What is to be released. against: the champion's candidate it was compared with; "" none, None not checked."""

    task: str
    candidate_sha256: str
    dataset_sha256: str
    report_id: int
    bento_tag: str | None
    idempotency_key: str
    by: str = ""
    tenant: str = "default"
    reason: str = "passed the gate"
    against: str | None = None


@dataclass(frozen=True, slots=True)
class Promoted:
    """The release that the promotion led to; fresh: it was made by this call."""

    release: Release
    fresh: bool


def champion(db: Engine, task: str) -> Release | None:
    """The release that answers for the task; None before the first."""
    return _one(db, task, "champion")


def previous(db: Engine, task: str) -> Release | None:
    """The release kept warm, to which a rollback returns."""
    return _one(db, task, "previous")


def of_candidate(db: Engine, task: str, candidate_sha256: str) -> Release | None:
    """The release made of this candidate, whatever became of it."""
    statement = select(release).where(release.c.task == task, release.c.candidate_sha256 == candidate_sha256)
    with db.connect() as conn:
        row = conn.execute(statement).one_or_none()
    return record(row) if row else None


def all_releases(db: Engine, task: str | None = None) -> list[Release]:
    """Newest first; of one task or of all."""
    statement = select(release).order_by(desc(release.c.number))
    with db.connect() as conn:
        return [record(row) for row in conn.execute(statement.where(release.c.task == task) if task else statement)]


def live(db: Engine) -> list[Release]:
    """What has to be running: every task's champion, and the one before it, kept warm."""
    statement = select(release).where(release.c.status.in_(("champion", "previous"))).order_by(release.c.number)
    with db.connect() as conn:
        return [record(row) for row in conn.execute(statement)]


def by_name(db: Engine, name: str) -> Release:
    """The release called `task@version`. Raises UserError listing the known ones."""
    for known in all_releases(db):
        if known.name == name:
            return known
    raise UserError(
        f"there is no release {name!r}",
        allowed=", ".join(r.name for r in all_releases(db)) or "none: nothing was released yet",
        found=repr(name),
        next="mill releases",
    )


def promote(conn: Connection, wish: Promotion) -> Promoted:
    """Make the candidate the champion, in the caller's transaction. The same idempotency key again changes nothing.

    A candidate that was released before keeps that release: what was rolled back never returns by itself.
    Raises UserError when the champion is another one than the candidate was compared with.
    """
    _lock(conn)
    done = _rolled_out(conn, wish.task, wish.idempotency_key) or _of_candidate(conn, wish.task, wish.candidate_sha256)
    if done is not None:
        return Promoted(done, fresh=False)
    before = _current(conn, wish.task)
    _check_opponent(wish, before)
    kept = _retire(conn, wish.task, before)
    _set_status(conn, before, "previous" if kept else "retired")
    made = _insert(conn, wish)
    _record_rollout(conn, made, wish.idempotency_key, wish.by, wish.reason)
    _audit(conn, made, "release.promote", wish.tenant, wish.by, before)
    return Promoted(made, fresh=True)


def rollback(
    conn: Connection, task: str, by: str = "", idempotency_key: str | None = None, tenant: str = "default"
) -> Promoted:
    """The release kept warm becomes champion, the present one retires. Raises UserError when none is kept warm, or the
    one that is learnt from what was erased, or from what may not be learnt from any more.
    """
    _lock(conn)
    key = idempotency_key or f"rollback:{uuid.uuid4()}"
    done = _rolled_out(conn, task, key)
    if done is not None:
        return Promoted(done, fresh=False)
    before, target = _current(conn, task), _current(conn, task, "previous")
    if target is None:
        raise UserError(
            f"{task} cannot be rolled back",
            allowed="a task whose last promotion left a previous release",
            found=f"champion {before.version}, nothing before it" if before else "no release at all",
            next="mill releases",
        )
    if why := _marked(conn, target):
        raise UserError(
            f"{task} cannot be rolled back",
            allowed="a previous release that learnt from nothing that was taken back since",
            found=f"{target.name}: {why}",
            next=f"mill run --task {task}",
        )
    _set_status(conn, before, "retired")
    _set_status(conn, target, "champion")
    now = _current(conn, task)
    assert now is not None
    _record_rollout(conn, now, key, by, f"rolled back from {before.version}" if before else "rolled back")
    _audit(conn, now, "release.rollback", tenant, by, before)
    return Promoted(now, fresh=True)


def retag(db: Engine, which: Release, tag: str, by: str = "", tenant: str = "default") -> Release:
    """From now on the release is served by another Bento; the release as it then is. The same tag changes nothing."""
    if which.bento_tag == tag:
        return which
    with db.begin() as conn:
        _lock(conn)
        conn.execute(release.update().where(release.c.id == which.id).values(bento_tag=tag))
        detail = {"bento": tag, "before": which.bento_tag}
        audit.append(conn, tenant=tenant, by=by, action="release.rebuild", subject=which.name, detail=detail)
    return by_name(db, which.name)


def rollouts(db: Engine, task: str) -> list[dict[str, Any]]:
    """Every change of who answers, oldest first."""
    with db.connect() as conn:
        rows = conn.execute(select(rollout).where(rollout.c.task == task).order_by(rollout.c.number)).mappings()
        return [{str(name): value for name, value in row.items()} for row in rows]


def record(row: Row[Any]) -> Release:
    """The record of a row of the table `release`."""
    return Release(**{name: getattr(row, name) for name in Release.__dataclass_fields__})


def next_version(latest: str | None) -> str:
    """Semantic: a new model of the same question is a minor step."""
    if latest is None:
        return "1.0.0"
    major, minor, _ = latest.split(".")
    return f"{major}.{int(minor) + 1}.0"


def _lock(conn: Connection) -> None:
    """One change at a time, over all tasks: release numbers are counted over all of them."""
    conn.execute(select(func.pg_advisory_xact_lock(func.hashtext("mill release"))))


def _one(db: Engine, task: str, status: str) -> Release | None:
    with db.connect() as conn:
        return _current(conn, task, status)


def _current(conn: Connection, task: str, status: str = "champion") -> Release | None:
    row = conn.execute(select(release).where(release.c.task == task, release.c.status == status)).one_or_none()
    return record(row) if row else None


def _of_candidate(conn: Connection, task: str, sha256: str) -> Release | None:
    statement = select(release).where(release.c.task == task, release.c.candidate_sha256 == sha256)
    row = conn.execute(statement).one_or_none()
    return record(row) if row else None


def _rolled_out(conn: Connection, task: str, key: str) -> Release | None:
    """The release that the rollout with this idempotency key led to."""
    statement = select(rollout.c.shares).where(rollout.c.task == task, rollout.c.idempotency_key == key)
    shares = conn.execute(statement).scalar_one_or_none()
    if shares is None:
        return None
    statement = select(release).where(release.c.task == task, release.c.version.in_(shares))
    return record(conn.execute(statement).one())


def _check_opponent(wish: Promotion, before: Release | None) -> None:
    now = before.candidate_sha256 if before else ""
    if wish.against is not None and wish.against != now:
        raise UserError(
            f"{wish.task} was not promoted",
            allowed=f"a report against the present champion {now[:12] or '(none)'}",
            found=f"a report against {wish.against[:12] or 'none'}",
            next=f"mill evaluate --task {wish.task}",
        )


def _retire(conn: Connection, task: str, before: Release | None) -> bool:
    """What no rollback may return to retires; returns whether the champion of before is to be kept warm."""
    warm, kept = _current(conn, task, "previous"), before is not None and not _marked(conn, before)
    if warm is not None and (kept or _marked(conn, warm)):
        _set_status(conn, warm, "retired")
    return kept


def _marked(conn: Connection, which: Release) -> str | None:
    """Why nobody may be answered by it again: what it learnt from was erased, or a consent withdrawn."""
    return conn.scalar(select(dataset.c.tainted).where(dataset.c.sha256 == which.dataset_sha256))


def _set_status(conn: Connection, which: Release | None, status: str) -> None:
    if which is not None:
        values: dict[str, Any] = {"status": status}
        if status == "champion":
            values["promoted_at"] = func.now()
        conn.execute(release.update().where(release.c.id == which.id).values(**values))


def _insert(conn: Connection, wish: Promotion) -> Release:
    latest = select(release.c.version).where(release.c.task == wish.task).order_by(desc(release.c.number)).limit(1)
    number = conn.execute(select(func.coalesce(func.max(release.c.number), 0) + 1)).scalar_one()
    statement = (
        release.insert()
        .values(
            task=wish.task,
            number=number,
            version=next_version(conn.execute(latest).scalar_one_or_none()),
            candidate_sha256=wish.candidate_sha256,
            dataset_sha256=wish.dataset_sha256,
            report_id=wish.report_id,
            status="champion",
            bento_tag=wish.bento_tag,
            promoted_at=func.now(),
        )
        .returning(release)
    )
    return record(conn.execute(statement).one())


def _record_rollout(conn: Connection, now: Release, key: str, by: str, reason: str) -> None:
    count = select(func.coalesce(func.max(rollout.c.number), 0) + 1).where(rollout.c.task == now.task)
    conn.execute(
        rollout.insert().values(
            task=now.task,
            number=conn.execute(count).scalar_one(),
            shares={now.version: 1.0},
            reason=reason,
            idempotency_key=key,
            by=by,
        )
    )


def _audit(conn: Connection, now: Release, action: str, tenant: str, by: str, before: Release | None) -> None:
    detail = {"candidate": now.candidate_sha256, "before": before.name if before else None}
    audit.append(conn, tenant=tenant, by=by, action=action, subject=now.name, detail=detail)
