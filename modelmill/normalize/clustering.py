"""Keeps the duplicate clusters of all units, in all corpora, up to date: what did not change is not compared again.

Per distinct text one row holds its bands and its cluster (the table `signature`); units repeat the cluster.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, Text, any_, literal, select, text
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on

from modelmill.normalize.duplicates import SIGN_VERSION, Signed, regroup, sign
from modelmill.store.copying import copying
from modelmill.store.tables import signature, unit

FORGET = """
DELETE FROM mill.signature s WHERE version <> :version OR NOT EXISTS (SELECT FROM mill.unit u WHERE u.sha256 = s.sha256)
RETURNING cluster
"""
UNSIGNED = """
SELECT DISTINCT ON (sha256) sha256, text FROM mill.unit u
WHERE NOT EXISTS (SELECT FROM mill.signature s WHERE s.sha256 = u.sha256) ORDER BY sha256
LIMIT :limit
"""
INTO = "COPY mill.signature (sha256, version, bands, cluster) FROM STDIN"
SIGNED_AT_ONCE = 2000
TELL_UNITS = """
UPDATE mill.unit u SET cluster = s.cluster FROM mill.signature s WHERE s.sha256 = u.sha256 AND u.cluster <> s.cluster
"""


def lock(conn: Connection) -> None:
    """Let the transaction be the only one that changes units, as clusters reach over all corpora; before any row."""
    conn.execute(text("SELECT pg_advisory_xact_lock(hashtext('mill units'))"))


def bring_up_to_date(conn: Connection) -> None:
    """Sign new texts, forget those gone, and regroup both and what was in one cluster with those gone.

    The caller holds the lock.
    """
    torn = set(conn.scalars(text(FORGET), {"version": SIGN_VERSION}))
    new = _sign_new(conn)
    if new or torn:
        _regroup(conn, new, torn)
    conn.execute(text(TELL_UNITS))


def _sign_new(conn: Connection) -> set[str]:
    """Sign the texts that are not yet, some at a time: their shingles weigh ten times what they do."""
    new: set[str] = set()
    while rows := conn.execute(text(UNSIGNED), {"limit": SIGNED_AT_ONCE}).all():
        signed = sign({row.sha256: row.text for row in rows})
        with copying(conn, INTO) as copy:
            for sha, bands in signed.items():
                copy.write_row((sha, SIGN_VERSION, bands, sha))
        new |= signed.keys()
        if len(rows) < SIGNED_AT_ONCE:  # all: to ask again costs as much as the first time
            break
    return new


def _regroup(conn: Connection, new: Collection[str], torn: Collection[str]) -> None:
    columns = signature.c.sha256, signature.c.cluster, signature.c.bands
    rows = conn.execute(select(*columns).order_by(signature.c.sha256)).all()  # so it need not be sorted here
    known = {sha: Signed(cluster, bands) for sha, cluster, bands in rows}
    affected = {sha for sha, one in known.items() if sha in new or one.cluster in torn}
    found = regroup(known, affected, lambda shas: _texts(conn, shas))
    changed = [{"sha": sha, "now": now} for sha, now in found.items() if known[sha].cluster != now]
    if changed:
        conn.execute(text("UPDATE mill.signature SET cluster = :now WHERE sha256 = :sha"), changed)


def _texts(conn: Connection, shas: Collection[str]) -> Mapping[str, str]:
    wanted = unit.c.sha256 == any_(literal(list(shas), ARRAY(Text)))
    found = select(unit.c.sha256, unit.c.text).where(wanted).ext(distinct_on(unit.c.sha256))
    return {row.sha256: row.text for row in conn.execute(found)}
