"""Why a candidate is not released, looked up again where the release is made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Engine, select

from modelmill.records import Candidate
from modelmill.store import releases
from modelmill.store.tables import dataset
from modelmill.task import Task


def refusals(db: Engine, task: Task, candidate: Candidate, verdict: Any) -> Iterator[str]:
    """Every reason against the candidate, by its newest report's row; none: it may be released."""
    if not verdict.passed:
        yield "the gate did not let it through: " + ("; ".join(verdict.body.get("reasons", ())) or "no reason given")
    champion = releases.champion(db, task.name)
    now = champion.candidate_sha256 if champion else ""
    if verdict.champion_sha256 != now:
        compared = verdict.champion_sha256[:12] or "no champion"
        yield f"it was compared with {compared}, but {now[:12] or 'none'} is champion: mill evaluate --task {task.name}"
    if verdict.dataset_sha256 != candidate.dataset_sha256:
        yield "its report is about another dataset than it was trained on"
    with db.connect() as conn:
        tainted = conn.execute(
            select(dataset.c.tainted).where(dataset.c.sha256 == candidate.dataset_sha256)
        ).scalar_one()
    if tainted:
        yield f"its dataset holds what was erased since: {tainted}"
