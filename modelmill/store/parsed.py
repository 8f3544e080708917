"""What a running normalize has parsed so far: put aside document by document, moved into the units at its end.

A row is a document's units, what was left out of it and its secrets by kind, as JSON; `made_of` says of what, so that a
run that comes after a killed one knows what it need not parse again. Rows go with their document and corpus.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from sqlalchemy import Connection, delete, select, text

from modelmill.records import Dropped, Unit
from modelmill.store.copying import copying
from modelmill.store.tables import parsed

FIELDS = (
    "name", "kind", "sha256", "text", "signature", "docstring", "group", "start_line", "end_line", "language", "meta",
)  # fmt: skip
MOVE_IN = (
    "DELETE FROM mill.unit WHERE document_id IN (SELECT document_id FROM mill.parsed WHERE corpus_id = :corpus)",
    """
    INSERT INTO mill.unit (corpus_id, document_id, path, name, kind, language, sha256, text, signature, docstring,
        "group", start_line, end_line, meta, cluster)
    SELECT p.corpus_id, p.document_id, d.path, u.name, u.kind, u.language, u.sha256, u.text, u.signature, u.docstring,
        u."group", u.start_line, u.end_line, u.meta, u.sha256
    FROM mill.parsed p JOIN mill.document d ON d.id = p.document_id, jsonb_to_recordset(p.units) AS u(
        name text, kind text, language text, sha256 text, text text, signature text, docstring text, "group" text,
        start_line int, end_line int, meta jsonb)
    WHERE p.corpus_id = :corpus ORDER BY p.document_id, u.start_line, u.name
    """,
    """
    DELETE FROM mill.dropped WHERE corpus_id = :corpus AND stage IN ('normalize', 'privacy')
    AND split_part(path, '::', 1) IN (
        SELECT d.path FROM mill.parsed p JOIN mill.document d ON d.id = p.document_id WHERE p.corpus_id = :corpus)
    """,
    # What was left out of documents that are gone, under their name or another one.
    """
    DELETE FROM mill.dropped one WHERE corpus_id = :corpus AND stage IN ('normalize', 'privacy')
    AND split_part(path, '::', 1) NOT IN (SELECT path FROM mill.document WHERE corpus_id = :corpus)
    AND NOT EXISTS (
        SELECT FROM mill.document d WHERE corpus_id = :corpus AND strpos(d.path, '::') > 0
        AND starts_with(one.path, d.path))
    """,
    """
    INSERT INTO mill.dropped (corpus_id, stage, path, reason, detail)
    SELECT p.corpus_id, d.stage, d.path, d.reason, d.detail
    FROM mill.parsed p, jsonb_to_recordset(p.dropped) AS d(stage text, path text, reason text, detail text)
    WHERE p.corpus_id = :corpus ON CONFLICT DO NOTHING
    """,
    """
    UPDATE mill.document d SET parsed_as = p.made_of FROM mill.parsed p
    WHERE p.document_id = d.id AND p.corpus_id = :corpus
    """,
    "DELETE FROM mill.parsed WHERE corpus_id = :corpus",
)


class Parsed(Protocol):
    """A document's share, as normalize.parsing makes it."""

    @property
    def made_of(self) -> str | None: ...
    @property
    def units(self) -> Iterable[Unit]: ...
    @property
    def dropped(self) -> Iterable[Dropped]: ...
    @property
    def secrets(self) -> Iterable[Dropped]: ...


def keep(conn: Connection, corpus_id: int, is_current: Callable[[int, str | None], bool]) -> set[int]:
    """The documents that are put aside already as they are wanted; what else is put aside is thrown away.

    is_current: whether what a document, by its id, was made of is what it would be made of now.
    """
    rows = conn.execute(select(parsed.c.document_id, parsed.c.made_of).where(parsed.c.corpus_id == corpus_id)).all()
    good = {row.document_id for row in rows if is_current(row.document_id, row.made_of)}
    stale = {row.document_id for row in rows} - good
    if stale:
        conn.execute(delete(parsed).where(parsed.c.document_id.in_(stale)))
    return good


def put_aside(conn: Connection, corpus_id: int, found: Mapping[int, Parsed]) -> None:
    """Store what these documents (by id) gave. The caller has checked that nobody overtook it."""
    into = "COPY mill.parsed (document_id, corpus_id, made_of, units, dropped) FROM STDIN"
    with copying(conn, into) as copy:
        for document_id, one in found.items():
            left_out = [*_dropped("normalize", one.dropped), *_dropped("privacy", one.secrets)]
            rows = [{name: getattr(unit, name) for name in FIELDS} for unit in one.units]
            copy.write_row((document_id, corpus_id, one.made_of, _json(rows), _json(left_out)))


def move_in(conn: Connection, corpus_id: int) -> None:
    """Make what was put aside the units of its documents, in the caller's transaction."""
    for statement in MOVE_IN:
        conn.execute(text(statement), {"corpus": corpus_id})


def _dropped(stage: str, left_out: Iterable[Dropped]) -> list[dict[str, str]]:
    last = {one.path: one for one in left_out}.values()
    return [{"stage": stage, "path": one.path, "reason": one.reason, "detail": one.detail} for one in last]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=dict)
