"""The way back of an answer, in one call: release -> candidate -> dataset -> units -> documents -> revisions.

Rows of `dataset_unit` say what a dataset was made of when it was frozen: units change, lineage does not. The corpora
that they name are those of the dataset's tenant.
"""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import Connection, Engine, func, select

from modelmill.records import Release
from modelmill.store import predictions, releases
from modelmill.store.tables import candidate, dataset, dataset_unit, report

Tree = dict[str, Any]


def lineage(db: Engine, prediction_id: uuid.UUID | str, limit: int = 50, tenant: str = "default") -> Tree:
    """The way back of one prediction; at most `limit` units are listed, all are counted. Raises UserError."""
    known = predictions.get(db, tenant, prediction_id)
    answered = next(r for r in releases.all_releases(db, known.task) if r.id == known.release_id)
    asked = {
        "id": str(known.id),
        "task": known.task,
        "created_at": known.created_at.isoformat() if known.created_at else None,
        "request": dict(known.request),
        "confidence": known.confidence,
    }
    return {"prediction": asked, **of_release(db, answered, limit)}


def of_release_name(db: Engine, name: str, limit: int = 50) -> Tree:
    """The way back of the release `task@version`. Raises UserError."""
    return of_release(db, releases.by_name(db, name), limit)


def of_release(db: Engine, release: Release, limit: int = 50) -> Tree:
    """release, candidate, report, dataset, sources and units."""
    with db.connect() as conn:
        return {
            "release": {
                "name": release.name,
                "status": release.status,
                "bento": release.bento_tag,
                "created_at": release.created_at.isoformat(),
            },
            "candidate": _candidate(conn, release.candidate_sha256),
            "report": _report(conn, release.report_id),
            "dataset": _dataset(conn, release.dataset_sha256),
            "documents": _documents(conn, release.dataset_sha256, limit),
            "units": _units(conn, release.dataset_sha256, limit),
        }


def _candidate(conn: Connection, sha256: str) -> Tree:
    row = conn.execute(select(candidate).where(candidate.c.sha256 == sha256)).one()
    made = {"profile": row.profile, "seed": row.seed, "params": row.params, "mlflow_run_id": row.mlflow_run_id}
    return {"sha256": row.sha256, "created_at": row.created_at.isoformat(), **made}


def _report(conn: Connection, report_id: int) -> Tree:
    row = conn.execute(select(report.c.id, report.c.passed, report.c.body).where(report.c.id == report_id)).one()
    told = ("main_score", "unit", "value", "baseline", "champion", "delta_baseline", "delta_champion", "n", "seed")
    return {"id": row.id, "passed": row.passed, **{name: row.body[name] for name in told if name in row.body}}


def _dataset(conn: Connection, sha256: str) -> Tree:
    row = conn.execute(select(dataset).where(dataset.c.sha256 == sha256)).one()
    grouped = (
        select(dataset_unit.c.corpus, dataset_unit.c.revision, func.count().label("units"))
        .where(dataset_unit.c.dataset_sha256 == sha256)
        .group_by(dataset_unit.c.corpus, dataset_unit.c.revision)
        .order_by(dataset_unit.c.corpus, dataset_unit.c.revision)
    )
    return {
        "sha256": row.sha256,
        "created_at": row.created_at.isoformat(),
        "tenant": row.tenant,
        "counts": row.counts,
        "tainted": row.tainted,
        "sources": row.manifest.get("sources", []),
        "revisions": [dict(found) for found in conn.execute(grouped).mappings()],
    }


def _documents(conn: Connection, sha256: str, limit: int) -> Tree:
    files = (
        select(
            dataset_unit.c.corpus,
            dataset_unit.c.path,
            dataset_unit.c.document_sha256.label("sha256"),
            dataset_unit.c.revision,
            func.count().label("units"),
        )
        .where(dataset_unit.c.dataset_sha256 == sha256)
        .group_by(dataset_unit.c.corpus, dataset_unit.c.path, dataset_unit.c.document_sha256, dataset_unit.c.revision)
    )
    total = conn.execute(select(func.count()).select_from(files.subquery())).scalar_one()
    listed = files.order_by(dataset_unit.c.corpus, dataset_unit.c.path).limit(limit)
    return {"total": total, "listed": [dict(row) for row in conn.execute(listed).mappings()]}


def _units(conn: Connection, sha256: str, limit: int) -> Tree:
    mine = dataset_unit.c.dataset_sha256 == sha256
    total = conn.execute(select(func.count()).select_from(dataset_unit).where(mine)).scalar_one()
    listed = (
        select(
            dataset_unit.c.corpus,
            dataset_unit.c.path,
            dataset_unit.c.name,
            dataset_unit.c.unit_sha256.label("sha256"),
            dataset_unit.c.document_sha256,
            dataset_unit.c.revision,
            dataset_unit.c.split,
        )
        .where(mine)
        .order_by(dataset_unit.c.corpus, dataset_unit.c.path, dataset_unit.c.name)
        .limit(limit)
    )
    return {"total": total, "listed": [dict(row) for row in conn.execute(listed).mappings()]}
