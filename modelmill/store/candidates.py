"""Candidates as rows, and which of a task's candidates stand where: the released one and the one that challenges it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Engine, Select, desc, func, select
from sqlalchemy.dialects.postgresql import distinct_on

from modelmill.errors import DataError
from modelmill.records import Candidate, Release
from modelmill.settings import Settings
from modelmill.store import artifacts, releases
from modelmill.store.tables import candidate, lease, publication, release, report

ASSET = "/candidate"  # what the name of a task's trained model, as a published asset, ends with


@dataclass(frozen=True, slots=True)
class Standing:
    """champion: what `release` serves. challenger: the newest candidate, while it is not the champion."""

    champion: Candidate | None
    release: Release | None
    challenger: Candidate | None


def get(settings: Settings, db: Engine, sha256: str) -> Candidate:
    """The candidate's row; its files are not looked at (`artifacts.open_artifact` does that). Raises DataError."""
    with db.connect() as conn:
        row = conn.execute(select(candidate).where(candidate.c.sha256 == sha256)).one_or_none()
    if row is None:
        raise DataError(
            f"there is no candidate {sha256[:12]}",
            allowed="a sha256 of `mill report --json`",
            found=sha256,
            next="mill report",
        )
    return _record(settings, row)


def newest(settings: Settings, db: Engine, task: str) -> Candidate | None:
    """The task's youngest candidate, released or not; None when nothing was trained yet."""
    statement = select(candidate).where(candidate.c.task == task)
    with db.connect() as conn:
        row = conn.execute(statement.order_by(desc(candidate.c.created_at)).limit(1)).one_or_none()
    return _record(settings, row) if row else None


def standing(settings: Settings, db: Engine, task: str) -> Standing:
    """What the registry's aliases are a projection of."""
    released = releases.champion(db, task)
    champion = get(settings, db, released.candidate_sha256) if released else None
    youngest = newest(settings, db, task)
    same = youngest is not None and champion is not None and youngest.sha256 == champion.sha256
    return Standing(champion, released, None if same else youngest)


def superseded(conn: Connection, days: int) -> dict[str, str]:
    """sha256 -> task of the candidates older than `days` that nothing goes back to: never released, not the task's
    newest, nor the one published last or reported last. None of a task that is `in_training`.
    """
    never = candidate.c.sha256.not_in(select(release.c.candidate_sha256))
    return _free(conn, never & (candidate.c.created_at < func.now() - timedelta(days=days)))


def replaced(conn: Connection) -> dict[str, str]:
    """The same, of whatever age, of those that were released, learnt from what was erased since, and answer no more."""
    its = select(release.c.candidate_sha256).where(release.c.status == "retired", release.c.tainted.is_not(None))
    return _free(conn, candidate.c.sha256.in_(its))


def _free(conn: Connection, chosen: ColumnElement[bool]) -> dict[str, str]:
    kept = {
        *conn.scalars(_last(candidate.c.sha256, candidate.c.task, candidate.c.created_at)),
        *conn.scalars(_last(report.c.candidate_sha256, report.c.task, report.c.id)),
        *conn.scalars(_last(publication.c.sha256, publication.c.asset, publication.c.id)),
    }
    found = conn.execute(select(candidate.c.sha256, candidate.c.task).where(chosen))
    busy = in_training(conn)
    return {row.sha256: row.task for row in found if row.sha256 not in kept and row.task not in busy}


def in_training(conn: Connection) -> set[str]:
    """Tasks of which a training was begun after the candidate that was published last: it may be at work, and may be
    about to make an old candidate again.
    """
    published = select(func.coalesce(func.max(publication.c.token), 0)).where(publication.c.asset == lease.c.asset)
    begun = select(lease.c.asset).where(lease.c.asset.endswith(ASSET), lease.c.token > published.scalar_subquery())
    return {asset.removesuffix(ASSET) for asset in conn.scalars(begun)}


def hold(conn: Connection, task: str) -> None:
    """Until the end of the transaction no training of the task begins or publishes."""
    conn.execute(select(lease.c.token).where(lease.c.asset == f"{task}{ASSET}").with_for_update())


def _last(what: Column[Any], each: Column[Any], by: Column[Any]) -> Select[Any]:
    return select(what).ext(distinct_on(each)).order_by(each, desc(by))


def _record(settings: Settings, row: Any) -> Candidate:
    path = artifacts.location(settings, row.sha256)
    return Candidate(
        row.sha256, row.task, row.dataset_sha256, path, row.profile, row.seed, row.params, row.mlflow_run_id
    )
