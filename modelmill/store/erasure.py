"""The rows of a corpus, taken out of every table; and which datasets, candidates and releases knew it.

What is of another tenant's corpus of the same name stays. Leases and the note that it was erased keep its key, the
audit log what was consented to and who erased it. No content is in either.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Text, cast, delete, func, literal, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, JSONPATH, aggregate_order_by

from modelmill.records import DEFAULT_TENANT, Corpus
from modelmill.store import consents, traces, vectors
from modelmill.store.publications import PARTITIONED
from modelmill.store.tables import (
    candidate,
    corpus,
    dataset,
    dataset_unit,
    document,
    dropped,
    feedback,
    parsed,
    prediction,
    publication,
    release,
    report,
    seen,
    unit,
    vector,
    verdict,
)

# Where what is said of a corpus's files stands in rows of its own, which go with it.
HOLDING = (document, dropped, unit, parsed, verdict, seen, dataset_unit, prediction, report)
CLEAR = """
SELECT pg_clear_attribute_stats(schemaname::text, tablename::text, attname::text, inherited) FROM pg_stats
WHERE schemaname = :schema AND tablename = :table
"""


@dataclass(frozen=True, slots=True)
class Knew:
    """What was made of the corpus: datasets by sha256 with their folders, the models that were trained on them or
    measured by them, those trained that were never released, and Dagster's runs that show something of it.
    partitions: what those runs and the log call it.
    read_by_others: whether our copy of its source is another corpus's, too.
    """

    datasets: dict[str, str]
    candidates: tuple[str, ...]
    unreleased: tuple[str, ...]
    releases: tuple[str, ...]
    runs: tuple[str, ...]
    partitions: tuple[str, ...]
    read_by_others: bool


def knew(conn: Connection, of: Corpus) -> Knew:
    """The datasets with a unit of the corpus, and what was trained on them; no dataset of it is published any more."""
    conn.execute(select(corpus.c.id).where(corpus.c.id == of.id).with_for_update())
    rows = conn.execute(select(dataset.c.sha256, dataset.c.path).where(dataset.c.sha256.in_(consents.made_of(of))))
    datasets = {row.sha256: row.path for row in rows}
    trained = select(candidate.c.sha256).where(candidate.c.dataset_sha256.in_(datasets))
    measured = select(report.c.candidate_sha256).where(report.c.dataset_sha256.in_(datasets))
    candidates = tuple(sorted({*conn.scalars(trained), *conn.scalars(measured)}))
    never = trained.where(candidate.c.sha256.not_in(select(release.c.candidate_sha256))).order_by(candidate.c.sha256)
    named = (release.c.task + "@" + release.c.version).label("named")
    answering = select(named).where(release.c.dataset_sha256.in_(datasets)).order_by(named)
    partitions = _partitions(conn, of)
    shown = traces.runs(conn, partitions, [*datasets, *candidates])
    return Knew(
        datasets=datasets,
        candidates=candidates,
        unreleased=tuple(conn.scalars(never)),
        releases=tuple(conn.scalars(answering)),
        runs=shown,
        partitions=partitions,
        read_by_others=read_by_others(conn, of),
    )


def erase(conn: Connection, of: Corpus, known: Knew, labels: Collection[str]) -> dict[str, int]:
    """Delete and mark, in the caller's transaction; returns how many rows of what. known: what `knew` said.
    labels: what only it taught to answer with.

    Signatures of texts that are gone are left for `clustering.bring_up_to_date`, which regroups what was near them.
    """
    counts = {
        "documents": _count(conn, document, of),
        "units": _count(conn, unit, of),
        "predictions": _predictions(conn, of, labels),
        "datasets_tainted": consents.taint(conn, of, f"the corpus {of.name!r} was erased"),
        "releases_tainted": _releases(conn, of, known.datasets),
        "reports_emptied": _reports(conn, known.datasets),
        "runs": len(known.runs),
    }
    traces.forget(conn, known.partitions, known.runs)
    theirs = dataset_unit.c.dataset_sha256.in_(known.datasets)
    conn.execute(delete(dataset_unit).where(dataset_unit.c.corpus == of.name, theirs))
    conn.execute(delete(corpus).where(corpus.c.id == of.id))
    conn.execute(delete(publication).where(publication.c.asset.in_(PARTITIONED), publication.c.partition == of.key))
    live = list(conn.scalars(select(vector.c.model).distinct()))
    counts["vectors"] = vectors.prune(conn, live)
    return counts


def forget_samples(db: Engine) -> None:
    """Let the planner's statistics, which hold some of the texts, be those of what is left.

    Of a table that is empty now ANALYZE keeps the old ones, whatever SET STATISTICS says. PostgreSQL 18 can be told to
    forget them; a server before it keeps them until there is something in the table again.
    """
    with db.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:  # no table waits for another one
        conn.exec_driver_sql("ANALYZE")
        if conn.scalar(text("SELECT to_regproc('pg_clear_attribute_stats')")) is not None:
            for table in HOLDING:
                if conn.scalar(select(~select(table).exists())):
                    conn.execute(text(CLEAR), {"schema": table.schema, "table": table.name})


def _partitions(conn: Connection, of: Corpus) -> tuple[str, ...]:
    """Its key; and its name alone, as all tenants' runs were called before, where that is no other corpus's key."""
    key = select(corpus.c.id).where(corpus.c.tenant == DEFAULT_TENANT, corpus.c.name == of.name)
    taken = of.key == of.name or conn.scalar(key) is not None
    return (of.key,) if taken else (of.key, of.name)


def read_by_others(conn: Connection, of: Corpus) -> bool:
    """Several corpora may be of one repository, each at a branch of its own; our copy of it is one."""
    place = func.split_part(corpus.c.uri, "#", 1) == of.uri.partition("#")[0]
    return conn.scalar(select(corpus.c.id).where(place, corpus.c.id != of.id).limit(1)) is not None


def _count(conn: Connection, table: Any, of: Corpus) -> int:
    return conn.scalar(select(func.count()).select_from(table).where(table.c.corpus_id == of.id)) or 0


def _releases(conn: Connection, of: Corpus, datasets: Collection[str]) -> int:
    why = f"the corpus {of.name!r} was erased"
    mine = release.c.dataset_sha256.in_(datasets)
    return conn.execute(update(release).where(mine, release.c.tainted.is_(None)).values(tainted=why)).rowcount


def _reports(conn: Connection, datasets: Collection[str]) -> int:
    """Of reports by these sets the numbers stay; the examples, groups and labels that they show go."""
    shown = ("failures", "confusions", "mistaken")
    body: Any = report.c.body
    for name in shown:
        body = func.jsonb_set(body, literal(["details", name], ARRAY(Text)), literal([], JSONB), False)
    return conn.execute(update(report).where(report.c.dataset_sha256.in_(datasets)).values(body=body)).rowcount


def _predictions(conn: Connection, of: Corpus, labels: Collection[str]) -> int:
    """Those whose answer names the corpus, or a path or label that only it has of its tenant, and those that were
    corrected to such a label; with what was said of them.
    """
    others = select(document.c.path).join(corpus).where(corpus.c.tenant == of.tenant, corpus.c.id != of.id)
    paths = select(document.c.path).where(document.c.corpus_id == of.id, document.c.path.not_in(others)).subquery()
    listed = func.jsonb_agg(aggregate_order_by(paths.c.path, paths.c.path))
    own = select(func.jsonb_build_object("them", func.coalesce(listed, literal([], JSONB)))).scalar_subquery()
    its = literal({"them": list(labels)}, JSONB)
    corrected = select(feedback.c.prediction_id).where(_says(feedback.c.correction, "label", its))
    answer = prediction.c.answer
    named = _says(answer, "corpus", literal({"them": [of.name]}, JSONB)) | _says(answer, "path", own)
    labelled = _says(answer, "label", its) | prediction.c.id.in_(corrected)
    return conn.execute(delete(prediction).where(prediction.c.tenant == of.tenant, named | labelled)).rowcount


def _says(column: Any, field: str, them: Any) -> ColumnElement[bool]:
    """Whether a field of that name, however deep, holds one of `them`: an object with a list."""
    return func.jsonb_path_exists(column, cast(f"$.**.{field} ? (@ == $them[*])", JSONPATH), them)
