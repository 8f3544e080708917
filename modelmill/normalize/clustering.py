"""Keeps the duplicate clusters of all units, in all corpora, up to date: what did not change is not compared again.

Per distinct text one row holds its bands and its cluster (the table `signature`); units repeat the cluster.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, Text, any_, literal, select, text
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on

from modelmill.normalize.duplicates import SIGN_VERSION, Signed, regroup, sign
from modelmill.store.tables import signature, unit

FORGET = """
DELETE FROM mill.signature s WHERE version <> :version OR NOT EXISTS (SELECT FROM mill.unit u WHERE u.sha256 = s.sha256)
RETURNING cluster
"""
UNSIGNED = """
SELECT DISTINCT ON (sha256) sha256, text FROM mill.unit u
WHERE NOT EXISTS (SELECT FROM mill.signature s WHERE s.sha256 = u.sha256) ORDER BY sha256
"""
TELL_UNITS = """
UPDATE mill.unit u SET cluster = s.cluster FROM mill.signature s WHERE s.sha256 = u.sha256 AND u.cluster <> s.cluster
"""


def bring_up_to_date(conn: Connection) -> None:
    """Sign new texts, forget those gone, and regroup both and what was in one cluster with those gone.

    The caller holds the lock on units: clusters reach over all corpora.
    """
    torn = set(conn.scalars(text(FORGET), {"version": SIGN_VERSION}))
    new = {row.sha256: row.text for row in conn.execute(text(UNSIGNED))}
    if new:
        rows = [{"sha256": s, "version": SIGN_VERSION, "bands": b, "cluster": s} for s, b in sign(new).items()]
        conn.execute(signature.insert(), rows)
    if new or torn:
        _regroup(conn, new.keys(), torn)
    conn.execute(text(TELL_UNITS))


def _regroup(conn: Connection, new: Collection[str], torn: Collection[str]) -> None:
    rows = conn.execute(select(signature.c.sha256, signature.c.cluster, signature.c.bands))
    known = {row.sha256: Signed(row.cluster, bytes(row.bands)) for row in rows}
    affected = {sha for sha, one in known.items() if sha in new or one.cluster in torn}
    found = regroup(known, affected, lambda shas: _texts(conn, shas))
    changed = [{"sha": sha, "now": now} for sha, now in found.items() if known[sha].cluster != now]
    if changed:
        conn.execute(text("UPDATE mill.signature SET cluster = :now WHERE sha256 = :sha"), changed)


def _texts(conn: Connection, shas: Collection[str]) -> Mapping[str, str]:
    wanted = unit.c.sha256 == any_(literal(list(shas), ARRAY(Text)))
    found = select(unit.c.sha256, unit.c.text).where(wanted).ext(distinct_on(unit.c.sha256))
    return {row.sha256: row.text for row in conn.execute(found)}
