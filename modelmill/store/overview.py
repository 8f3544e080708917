"""Counts over the tables, for people: what each corpus holds, what each task has, what was asked."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Engine, func, select

from modelmill.store.consents import live
from modelmill.store.publications import Publication, current
from modelmill.store.tables import corpus, document, prediction, publication, unit

TASK_ASSETS = ("dataset", "candidate", "report", "release")


def corpora(db: Engine, tenant: str) -> list[dict[str, Any]]:
    """Per corpus: name, kind, uri, licence, consent_to_train, revision, documents, units."""
    documents = select(func.count()).where(document.c.corpus_id == corpus.c.id).scalar_subquery()
    units = select(func.count()).where(unit.c.corpus_id == corpus.c.id).scalar_subquery()
    columns = (
        corpus.c.name,
        corpus.c.kind,
        corpus.c.uri,
        corpus.c.licence,
        live(corpus.c.id).label("consent_to_train"),
        corpus.c.revision,
    )
    statement = select(*columns, documents.label("documents"), units.label("units")).where(corpus.c.tenant == tenant)
    with db.connect() as conn:
        return [dict(row) for row in conn.execute(statement.order_by(corpus.c.name)).mappings()]


def published(db: Engine, asset: str) -> dict[str, datetime]:
    """Per partition of the asset when it was last published."""
    statement = select(publication.c.partition, func.max(publication.c.created_at)).where(publication.c.asset == asset)
    with db.connect() as conn:
        return dict(conn.execute(statement.group_by(publication.c.partition)).all())


def task_assets(db: Engine, task: str) -> dict[str, Publication | None]:
    """A task's dataset, candidate, report and release as last published."""
    return {asset: current(db, f"{task}/{asset}") for asset in TASK_ASSETS}


def predictions(db: Engine, tenant: str) -> dict[str, tuple[int, datetime]]:
    """Per task how many questions were answered, and when the last was."""
    statement = (
        select(prediction.c.task, func.count(), func.max(prediction.c.created_at))
        .where(prediction.c.tenant == tenant)
        .group_by(prediction.c.task)
    )
    with db.connect() as conn:
        return {task: (count, last) for task, count, last in conn.execute(statement)}
