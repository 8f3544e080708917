"""What the files of a folder were found to be when they were last read, so that those at rest need not be read again.

A row is a file of a corpus: the state that its file system told of it, what its bytes were, by which rules they were
judged, and whether they became a document. What the corpus is stands in its documents, not here. Rows go with their
corpus; once one is older than LASTS, none of the corpus counts any more: everything is read again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass

from sqlalchemy import Connection, Engine, select, text

from modelmill.store.tables import seen
from modelmill.store.verdicts import LASTS


@dataclass(frozen=True, slots=True)
class Seen:
    """state: see `Entry.state`. licence: what its head says. reason: why it is no document ("": it is one).

    language: of a document; a script's is told by its bytes.
    """

    state: str
    sha256: str
    size: int
    licence: str | None
    language: str | None
    reason: str = ""
    detail: str = ""


KEEP = """
INSERT INTO mill.seen (corpus_id, path, rules, state, sha256, size, licence, language, reason, detail)
SELECT c.id, s.path, :rules, s.state, s.sha256, s.size, s.licence, s.language, s.reason, s.detail
FROM mill.corpus c, unnest(CAST(:paths AS text[]), CAST(:states AS text[]), CAST(:shas AS text[]),
    CAST(:sizes AS int[]), CAST(:licences AS text[]), CAST(:languages AS text[]), CAST(:reasons AS text[]),
    CAST(:details AS text[])
) AS s(path, state, sha256, size, licence, language, reason, detail)
WHERE c.id = :corpus ORDER BY s.path FOR KEY SHARE OF c
ON CONFLICT (corpus_id, path) DO UPDATE SET rules = excluded.rules, state = excluded.state, sha256 = excluded.sha256,
    size = excluded.size, licence = excluded.licence, language = excluded.language, reason = excluded.reason,
    detail = excluded.detail, at = now()
"""
FORGET = "DELETE FROM mill.seen WHERE corpus_id = :corpus AND (:all OR path = ANY(:paths))"
OLD = "EXISTS (SELECT FROM mill.seen WHERE corpus_id = :corpus AND at < now() - CAST(:lasts AS interval))"
COLUMNS = ("states", "shas", "sizes", "licences", "languages", "reasons", "details")  # in the order of Seen's fields


def all_seen(db: Engine, corpus_id: int, rules: str) -> dict[str, Seen]:
    """By path, what was judged by these rules; nothing once some of it is too old."""
    columns = (
        seen.c.path, seen.c.state, seen.c.sha256, seen.c.size, seen.c.licence, seen.c.language, seen.c.reason,
        seen.c.detail,
    )  # fmt: skip
    statement = select(*columns).where(seen.c.corpus_id == corpus_id, seen.c.rules == rules)
    with db.connect() as conn:
        if conn.execute(text(f"SELECT {OLD}"), {"corpus": corpus_id, "lasts": LASTS}).scalar_one():
            return {}
        return {row[0]: Seen(*row[1:]) for row in conn.execute(statement)}


def keep(conn: Connection, corpus_id: int, rules: str, now: Mapping[str, Seen], before: Mapping[str, Seen]) -> None:
    """Write how `now` differs from `before`, which `all_seen` gave; all of it where that was nothing.

    Each row is true whoever writes it and when, so it needs no token; of a corpus that was erased meanwhile none is.
    """
    at = {"corpus": corpus_id}
    gone = sorted(before.keys() - now.keys())
    if gone or not before:
        conn.execute(text(FORGET), {**at, "paths": gone, "all": not before})
    new = {path: one for path, one in sorted(now.items()) if before.get(path) != one}
    if new:
        fields = zip(*(astuple(one) for one in new.values()), strict=True)
        given = {name: list(values) for name, values in zip(COLUMNS, fields, strict=True)}
        conn.execute(text(KEEP), {**at, "rules": rules, "paths": list(new), **given})
