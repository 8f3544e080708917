"""What became of a corpus on its way in: `mill corpus report`. Counts and masked samples, never a value."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, func, select, text

from modelmill.licences.policy import may_train
from modelmill.settings import Settings
from modelmill.store import corpora, documents, units
from modelmill.store.tables import corpus, document, dropped, unit

SAMPLES = 5
LABELS = 20  # shown

# Looked for only in files in which something was masked (MATERIALIZED: those are chosen first): a pattern over each of
# 20,000 texts takes a tenth of a second.
PLACEHOLDER_LINES = """
WITH masked AS MATERIALIZED (
    SELECT path, name, text FROM mill.unit u WHERE corpus_id = :corpus AND {file} IN (
        SELECT split_part(path, '::', 1) FROM mill.dropped WHERE corpus_id = :corpus AND stage = 'privacy'
    )
)
SELECT path, name, line FROM masked, regexp_split_to_table(text, E'\\n') AS line
WHERE text ~ '<[A-Z_]+_[a-p]{{10}}>' AND line ~ '<[A-Z_]+_[a-p]{{10}}>'
ORDER BY path, name, line LIMIT :limit
"""
# Clusters are counted once for all: asked unit by unit it is a scan of the table each, 158 s for 13,690 units.
DUPLICATES = """
WITH shared AS (
    SELECT cluster FROM mill.unit GROUP BY cluster HAVING min(corpus_id) <> max(corpus_id)
)
SELECT count(*) - count(DISTINCT u.sha256) AS exact, count(DISTINCT u.sha256) - count(DISTINCT u.cluster) AS near,
count(s.cluster) AS also_elsewhere
FROM mill.unit u LEFT JOIN shared s ON s.cluster = u.cluster WHERE u.corpus_id = :corpus
"""


@dataclass(frozen=True, slots=True)
class Report:
    """left_out: per stage and reason. files: by language. licences: files per expression. languages, kinds: units.
    duplicates: units, by how they repeat others.

    labels: rows per label of a team's labelled texts, the rarest first: there slips are. samples: lines of units in
    which something was masked.
    """

    corpus: str
    corpus_id: int
    revision: str | None
    consent_to_train: bool
    documents: int
    units: int
    files: Mapping[str, int]
    languages: Mapping[str, int]
    kinds: Mapping[str, int]
    labels: Mapping[str, int]
    licences: Mapping[str, int]
    trains: tuple[str, ...]
    left_out: Mapping[str, Mapping[str, int]]
    secrets: Mapping[str, int]
    duplicates: Mapping[str, int]
    samples: tuple[str, ...]

    @property
    def uses(self) -> dict[str, str]:
        """What may be done with the files of each licence, as the corpus's consent is."""
        trains = self.trains if self.consent_to_train else ()
        return {said: "trains" if said in trains else "search only" for said in self.licences}

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self)


def report(settings: Settings, db: Engine, name: str) -> Report:
    """Of the corpus as it was last taken in. Raises UserError when there is none of that name."""
    one = corpora.get(db, settings.tenant, name)
    with db.connect() as conn:
        licences = _licences(conn, one.id)
        at = {"corpus": one.id}
        samples = conn.execute(text(PLACEHOLDER_LINES.format(file=units.FILE.format("u"))), {**at, "limit": SAMPLES})
        return Report(
            corpus=one.name,
            corpus_id=one.id,
            revision=one.revision,
            consent_to_train=one.consent_to_train,
            documents=sum(licences.values()),
            units=conn.scalar(select(func.count()).where(unit.c.corpus_id == one.id)) or 0,
            files=documents.by_language(conn, one.id),
            languages=units.counts(conn, one.id, "language"),
            kinds=units.counts(conn, one.id, "kind"),
            labels=_labels(conn, one.id),
            licences=licences,
            trains=tuple(said for said in licences if may_train(said, settings.training_policy)),
            left_out={stage: documents.dropped_by_reason(conn, one.id, stage) for stage in ("extract", "normalize")},
            secrets=documents.secrets_by_kind(conn, one.id),
            duplicates=dict(conn.execute(text(DUPLICATES), at).mappings().one()),
            samples=tuple(f"{row.path}::{row.name}: {row.line.strip()[:120]}" for row in samples),
        )


def lines(told: Report) -> Iterator[str]:
    """For people."""
    consent = "with consent to train" if told.consent_to_train else "without consent to train"
    yield f"{told.corpus} at {told.revision or 'no revision yet'}, {consent}"
    yield f"  {told.documents} documents, {told.units} units"
    duplicates = {name.replace("_", " "): number for name, number in told.duplicates.items()}
    labels = {"labels": _rarest(told.labels)} if told.labels else {}
    parts = {"files": told.files, "units by language": told.languages, "by kind": told.kinds, **labels}
    parts |= {"secrets": told.secrets, "duplicates": duplicates}
    licences = {f"{said} ({told.uses[said]})": number for said, number in told.licences.items()}
    for title, counts in {**parts, "licences": licences}.items():
        yield f"  {title}: {_listed(counts)}"
    for stage, reasons in told.left_out.items():
        yield f"  left out by {stage}: {_listed(reasons) if _done(told, stage) else _unknown(told, stage)}"
    yield from (f"  masked: {sample}" for sample in told.samples)


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {what}" for what, number in counts.items()) or "none"


def _rarest(labels: Mapping[str, int]) -> dict[str, int]:
    shown = dict(list(labels.items())[:LABELS])
    rest = list(labels.values())[LABELS:]
    return {**shown, f"of {len(rest)} more": sum(rest)} if rest else shown


def _done(told: Report, stage: str) -> bool:
    """A stage that finds nothing it can use fails, and keeps no record of what it left out."""
    return told.revision is not None if stage == "extract" else told.units > 0


def _unknown(told: Report, stage: str) -> str:
    return f"not known, nothing came through; mill {stage} --corpus {told.corpus} says why"


def write_dropped(db: Engine, told: Report, file: str) -> None:
    """One JSON line per thing that was left out: stage, path, reason, detail. `-` is stdout."""
    statement = select(dropped.c.stage, dropped.c.path, dropped.c.reason, dropped.c.detail)
    mine = dropped.c.corpus_id == told.corpus_id, dropped.c.stage != "privacy"
    with db.connect() as conn:
        found = conn.execute(statement.where(*mine).order_by(dropped.c.stage, dropped.c.path)).mappings()
        written = "".join(json.dumps(dict(row), ensure_ascii=False) + "\n" for row in found)
    sys.stdout.write(written) if file == "-" else Path(file).write_text(written, encoding="utf-8")


def _licences(conn: Connection, corpus_id: int) -> dict[str, int]:
    """Files per licence, their own or else the corpus's."""
    said = func.coalesce(document.c.licence, corpus.c.licence, "unknown").label("said")
    joined = select(said, func.count()).join(corpus, corpus.c.id == document.c.corpus_id)
    return dict(conn.execute(joined.where(document.c.corpus_id == corpus_id).group_by(said).order_by(said)).all())


def _labels(conn: Connection, corpus_id: int) -> dict[str, int]:
    """Rows per label as it is written, the rarest first."""
    label, number = unit.c.meta["label"].astext, func.count()
    mine = (unit.c.corpus_id == corpus_id) & (unit.c.kind == "labelled")
    return dict(conn.execute(select(label, number).where(mine).group_by(label).order_by(number, label)).all())
