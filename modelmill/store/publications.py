"""Fenced, idempotent publication: who may write an asset, and what it last was.

A killed run leaves an orphan step that can still write. So whoever works on an asset takes a token first; taking one
outdates all older ones; and the token is checked in the transaction that publishes (M. Kleppmann, "How to do
distributed locking", 2016, fencing tokens).
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, desc, func, select
from sqlalchemy.dialects.postgresql import distinct_on, insert

from modelmill import processes
from modelmill.errors import FencedError
from modelmill.store.tables import lease, publication

Stamp = tuple[int, int]  # (newest, number) of the publications of what is searched
PARTITIONED = ("documents", "units", "vectors")  # the assets that are published a corpus at a time
# Put together once: a service asks it for every batch of questions.
STAMP = select(func.coalesce(func.max(publication.c.id), 0), func.count()).where(publication.c.asset.in_(PARTITIONED))


@dataclass(frozen=True, slots=True)
class Publication:
    """What an asset is now: content sha256, made from inputs with `input_hash`."""

    id: int
    asset: str
    partition: str
    input_hash: str
    sha256: str
    rows: int
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to publish an asset until somebody else takes it."""

    asset: str
    partition: str
    token: int
    owner: str


def owner_name() -> str:
    """Who is working: host and process, and Dagster's run where there is one."""
    run = os.environ.get(processes.RUN, "")
    return f"{socket.gethostname()}/{os.getpid()}" + (f"/{run}" if run else "")


def take(engine: Engine, asset: str, partition: str = "") -> Lease:
    """Take over the asset: everybody who took it before can no longer publish."""
    owner = owner_name()
    statement = insert(lease).values(asset=asset, partition=partition, token=1, owner=owner)
    statement = statement.on_conflict_do_update(
        index_elements=[lease.c.asset, lease.c.partition], set_={"token": lease.c.token + 1, "owner": owner}
    ).returning(lease.c.token)
    with engine.begin() as conn:
        return Lease(asset, partition, conn.execute(statement).scalar_one(), owner)


def check(conn: Connection, held: Lease) -> None:
    """Hold the asset's row until the end of the transaction. Raises FencedError when a newer token was handed out."""
    row = conn.execute(
        select(lease.c.token, lease.c.owner)
        .where(lease.c.asset == held.asset, lease.c.partition == held.partition)
        .with_for_update()
    ).one_or_none()
    if row is None or row.token != held.token:
        newest = f"token {row.token} held by {row.owner}" if row else "nobody"
        raise FencedError(
            f"{held.asset} {held.partition}".strip() + " was not published",
            allowed=f"the newest run of it, {newest}",
            found=f"an older run, token {held.token} held by {held.owner}",
            next="nothing: the newest publishes, or removed it; `mill status` shows which",
        )


def publish(
    conn: Connection,
    held: Lease,
    *,
    input_hash: str,
    sha256: str,
    rows: int,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Record what the asset now is, in the caller's transaction, together with the rows themselves."""
    check(conn, held)
    conn.execute(
        publication.insert().values(
            asset=held.asset,
            partition=held.partition,
            token=held.token,
            owner=held.owner,
            input_hash=input_hash,
            sha256=sha256,
            rows=rows,
            detail=dict(detail or {}),
        )
    )


def current(engine: Engine, asset: str, partition: str = "") -> Publication | None:
    """The asset as last published; None if it never was."""
    statement = (
        select(publication)
        .where(publication.c.asset == asset, publication.c.partition == partition)
        .order_by(desc(publication.c.id))
        .limit(1)
    )
    with engine.connect() as conn:
        row = conn.execute(statement).one_or_none()
    return _record(row) if row else None


def all_current(engine: Engine, asset: str) -> dict[str, Publication]:
    """Per partition the asset as last published."""
    statement = (
        select(publication)
        .ext(distinct_on(publication.c.partition))
        .where(publication.c.asset == asset)
        .order_by(publication.c.partition, desc(publication.c.id))
    )
    with engine.connect() as conn:
        return {row.partition: _record(row) for row in conn.execute(statement)}


def searched(engine: Engine) -> Stamp:
    """(newest, number) of the publications of what is searched: another after every change of it, and every erasure."""
    with engine.connect() as conn:
        return stamp(conn)


def stamp(conn: Connection) -> Stamp:
    """What `searched` says, as this transaction sees it."""
    newest, number = conn.execute(STAMP).one()
    return newest, number


def _record(row: Any) -> Publication:
    return Publication(row.id, row.asset, row.partition, row.input_hash, row.sha256, row.rows, row.detail)
