"""Drift is told by the confidences that changed, only of enough answers, and against what the report measured."""

from __future__ import annotations

import math
import random
import uuid

import pytest
from sqlalchemy import Engine

from modelmill.monitor import drift
from modelmill.settings import Settings
from modelmill.store import predictions, tables
from modelmill.store.predictions import Prediction

TASK = "intent_classification"
# As a report keeps it: bins that are not empty, by their mean confidence.
CURVE = [{"n": 100, "confidence": 0.55, "right": 0.5}, {"n": 300, "confidence": 0.93, "right": 0.9}]


@pytest.fixture
def release(db: Engine) -> int:
    """The id of a champion whose report has CURVE."""
    made = {"task": TASK, "dataset_sha256": "d"}
    body = {"details": {"curves": {"candidate": CURVE, "baseline": []}}}
    with db.begin() as conn:
        conn.execute(tables.dataset.insert().values(sha256="d", task=TASK, path="x", counts={}, manifest={}))
        row = {"sha256": "c", "profile": "tiny", "seed": 17, "params": {}, "manifest": {}}
        conn.execute(tables.candidate.insert().values(**made, **row))
        report = {"candidate_sha256": "c", "passed": True, "body": body}
        number = conn.execute(
            tables.report.insert().values(**made, **report).returning(tables.report.c.id)
        ).scalar_one()
        row = {"version": "1.0.0", "number": 1, "candidate_sha256": "c", "report_id": number, "status": "champion"}
        return conn.execute(tables.release.insert().values(**made, **row).returning(tables.release.c.id)).scalar_one()


def answered(db: Engine, release: int, confidences: list[float]) -> None:
    made = [
        Prediction(uuid.uuid4(), "default", "k", TASK, release, {"text": "x"}, {"label": "a"}, one, 1.0)
        for one in confidences
    ]
    with db.begin() as conn:
        predictions.log(conn, made)


def test_the_index_is_that_of_its_definition() -> None:
    assert drift.psi([50, 50], [50, 50]) == 0
    a, b = 50.5 / 101, 90.5 / 101
    expected = (b - a) * math.log(b / a) + ((1 - b) - (1 - a)) * math.log((1 - b) / (1 - a))
    assert drift.psi([50, 50], [90, 10]) == pytest.approx(expected)
    assert math.isfinite(drift.psi([100, 0], [0, 100]))


def test_the_same_questions_are_steady_and_others_have_moved(settings: Settings, db: Engine, release: int) -> None:
    assert drift.drift(db, TASK) is None, "never asked"
    draw = random.Random(17)
    answered(db, release, [draw.choice([0.52, 0.93, 0.95, 0.97]) for _ in range(drift.FEWEST)])
    steady = drift.drift(db, TASK)
    assert steady is not None and (steady.n, steady.measured, steady.moved) == (drift.FEWEST, 400, False)
    assert steady.psi < 0.1
    answered(db, release, [0.2] * 3 * drift.FEWEST + [1.0])
    moved = drift.drift(db, TASK)
    assert moved is not None and moved.moved and moved.psi > drift.MOVED


def test_of_a_few_answers_nothing_is_said(settings: Settings, db: Engine, release: int) -> None:
    answered(db, release, [0.1] * (drift.FEWEST - 1))
    few = drift.drift(db, TASK)
    assert few is not None and few.psi > drift.MOVED and not few.moved


def test_a_task_without_a_release_has_no_drift(db: Engine) -> None:
    assert drift.drift(db, "semantic_search") is None
