"""What of a corpus passed a check already, so that only what is new has to be judged.

A row is a file whose units passed: the hash of which rows they are, and of the versions of those rows, the hash of what
judged them (rules, code, versions), who judged, and when. Only what passed is kept: what failed is judged, and fails,
every time. A row's version is the transaction that wrote it (PostgreSQL's xmin), whatever wrote it: to hash the texts
themselves would cost thirty times as much, every night, and of a database that was restored every row is another, so
all of it is judged again. Once a verdict is older than LASTS, none of the corpus stands any more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from modelmill.store.units import FILE

# So that the weekly look at every corpus (orchestration/schedules.py) judges all of it.
LASTS = "6 days"

# Every server counts its transactions from the same number, so a version says something only beside which server it is.
# d.sha256 and c.name are of other tables, whose rows are also written for reasons that no check asks about.
NOW = """
WITH now AS (
    SELECT {file} AS file, count(*) AS units, encode(sha256(convert_to(
        (SELECT system_identifier FROM pg_control_system()) || E'\\n' || string_agg(
            concat_ws(E'\\x1f', u.id, u.xmin, d.sha256, c.name), E'\\n' ORDER BY u.id
        ), 'UTF8')), 'hex') AS sha256
    FROM mill.unit u JOIN mill.corpus c ON c.id = u.corpus_id JOIN mill.document d ON d.id = u.document_id
    WHERE u.corpus_id = :corpus GROUP BY 1
)
SELECT now.file, now.units, now.sha256, v.at, v.judge FROM now LEFT JOIN mill.verdict v ON v.corpus_id = :corpus
AND v."check" = :check AND v.file = now.file AND v.sha256 = now.sha256 AND v.rules = :rules
AND NOT EXISTS (
    SELECT FROM mill.verdict old WHERE old.corpus_id = :corpus AND old."check" = :check
    AND old.at < now() - CAST(:lasts AS interval)
) ORDER BY now.file
"""
PASSED = """
INSERT INTO mill.verdict (corpus_id, "check", file, sha256, rules, judge)
SELECT c.id, :check, file, sha256, :rules, :judge
FROM mill.corpus c, unnest(CAST(:files AS text[]), CAST(:shas AS text[])) AS t(file, sha256)
WHERE c.id = :corpus FOR KEY SHARE OF c
ON CONFLICT (corpus_id, "check", file) DO UPDATE
SET sha256 = excluded.sha256, rules = excluded.rules, judge = excluded.judge, at = now()
"""
GONE = """
DELETE FROM mill.verdict v WHERE corpus_id = :corpus AND "check" = :check
AND NOT EXISTS (SELECT FROM mill.unit u WHERE u.corpus_id = :corpus AND {file} = v.file)
"""


@dataclass(frozen=True, slots=True)
class Question:
    """A check of units. rules: the hash of what judges them."""

    check: str
    rules: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What of a corpus is to be judged. todo: per file the hash of its rows. units: of all files.

    again: units whose verdict is said again; since: when the oldest of these was given ("" for none); judges: by whom.
    """

    todo: Mapping[str, str]
    units: int
    again: int
    since: str
    judges: tuple[str, ...]

    def told(self, judge: str) -> dict[str, Any]:
        """For the check's page. judge: who judges now."""
        looked = {"units": self.units, "judged_now": self.units - self.again}
        said = {"said_again": self.again, "said_again_since": self.since, "said_by": ", ".join(self.judges)}
        return {**looked, **({"judged_by": judge} if self.todo else {}), **(said if self.again else {})}


def rules(files: Iterable[Path], *said: str) -> str:
    """The hash of what judges: its source files, and whatever else decides (versions, parameters)."""
    parts = [*(file.read_bytes() for file in files), *(one.encode() for one in said)]
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


def standing(conn: Connection, corpus_id: int, question: Question, everything: bool = False) -> Standing:
    """Which files have to be judged. everything: all of them, whatever was said before.

    To be called in the transaction (REPEATABLE READ) that then reads what it judges.
    """
    at = {"corpus": corpus_id, "check": question.check, "rules": question.rules, "lasts": LASTS}
    rows = conn.execute(text(NOW.format(file=FILE.format("u"))), at).all()
    kept = [] if everything else [row for row in rows if row.at is not None]
    done = {row.file for row in kept}
    return Standing(
        todo={row.file: row.sha256 for row in rows if row.file not in done},
        units=sum(row.units for row in rows),
        again=sum(row.units for row in kept),
        since=min(row.at for row in kept).isoformat(timespec="seconds") if kept else "",
        judges=tuple(sorted({row.judge for row in kept})),
    )


def passed(conn: Connection, corpus_id: int, question: Question, files: Mapping[str, str], judge: str) -> None:
    """These files, with these hashes, passed. It is true whoever says it and when, so it needs no token.

    Nothing is written of a corpus that was erased meanwhile.
    """
    at = {"corpus": corpus_id, "check": question.check}
    conn.execute(text(GONE.format(file=FILE.format("u"))), at)
    if files:
        new = {"files": list(files), "shas": list(files.values()), "rules": question.rules, "judge": judge}
        conn.execute(text(PASSED), {**at, **new})
