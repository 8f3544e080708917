"""Candidates as rows, and which of a task's candidates stand where: the released one and the one that challenges it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, desc, select

from modelmill.errors import DataError
from modelmill.records import Candidate, Release
from modelmill.settings import Settings
from modelmill.store import releases
from modelmill.store.tables import candidate


@dataclass(frozen=True, slots=True)
class Standing:
    """champion: what `release` serves. challenger: the newest candidate, while it is not the champion."""

    champion: Candidate | None
    release: Release | None
    challenger: Candidate | None


def get(settings: Settings, db: Engine, sha256: str) -> Candidate:
    """The candidate's row; its files are not looked at (`artifacts.open_artifact` does that). Raises DataError."""
    with db.connect() as conn:
        row = conn.execute(select(candidate).where(candidate.c.sha256 == sha256)).one_or_none()
    if row is None:
        raise DataError(
            f"there is no candidate {sha256[:12]}",
            allowed="a sha256 of `mill report --json`",
            found=sha256,
            next="mill report",
        )
    return _record(settings, row)


def newest(settings: Settings, db: Engine, task: str) -> Candidate | None:
    """The task's youngest candidate, released or not; None when nothing was trained yet."""
    statement = select(candidate).where(candidate.c.task == task)
    with db.connect() as conn:
        row = conn.execute(statement.order_by(desc(candidate.c.created_at)).limit(1)).one_or_none()
    return _record(settings, row) if row else None


def standing(settings: Settings, db: Engine, task: str) -> Standing:
    """What the registry's aliases are a projection of."""
    released = releases.champion(db, task)
    champion = get(settings, db, released.candidate_sha256) if released else None
    youngest = newest(settings, db, task)
    same = youngest is not None and champion is not None and youngest.sha256 == champion.sha256
    return Standing(champion, released, None if same else youngest)


def _record(settings: Settings, row: Any) -> Candidate:
    path = folder(settings, row.sha256)
    return Candidate(
        row.sha256, row.task, row.dataset_sha256, path, row.profile, row.seed, row.params, row.mlflow_run_id
    )


def folder(settings: Settings, sha256: str) -> Path:
    """Where the artifact store keeps it, there or not."""
    return settings.artifacts_dir / sha256[:2] / sha256
