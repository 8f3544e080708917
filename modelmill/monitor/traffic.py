"""What the prediction log says about a release: how much, how fast, how sure."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine, func, select, text

from modelmill.store.tables import feedback, prediction, release


@dataclass(frozen=True, slots=True)
class Traffic:
    """One release over the last hours. Latencies in ms; confidence 0..1, None where the task has none."""

    task: str
    version: str
    predictions: int
    p50_ms: float
    p95_ms: float
    mean_confidence: float | None
    right: int
    wrong: int


def traffic(db: Engine, tenant: str, hours: float = 24.0) -> list[Traffic]:
    """Per release that answered the tenant in the last `hours`, by task and version."""
    said = (
        select(
            feedback.c.prediction_id,
            func.bool_and(feedback.c.verdict == "right").label("right"),
        )
        .group_by(feedback.c.prediction_id)
        .subquery()
    )
    statement = (
        select(
            release.c.task,
            release.c.version,
            func.count().label("predictions"),
            func.percentile_cont(0.5).within_group(prediction.c.latency_ms).label("p50_ms"),
            func.percentile_cont(0.95).within_group(prediction.c.latency_ms).label("p95_ms"),
            func.avg(prediction.c.confidence).label("mean_confidence"),
            func.count().filter(said.c.right).label("right"),
            func.count().filter(~said.c.right).label("wrong"),
        )
        .join(release, release.c.id == prediction.c.release_id)
        .outerjoin(said, said.c.prediction_id == prediction.c.id)
        .where(
            prediction.c.tenant == tenant,
            prediction.c.created_at > func.now() - text("make_interval(secs => :seconds)"),
        )
        .group_by(release.c.task, release.c.version)
        .order_by(release.c.task, release.c.version)
    )
    with db.connect() as conn:
        return [Traffic(**row) for row in conn.execute(statement, {"seconds": hours * 3600}).mappings()]
