"""`mill report`: what the champion's report says, and nothing that it does not."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import Engine

from modelmill import cli, scoreboard
from modelmill.evaluate import page, reports
from modelmill.records import Interval, Report
from modelmill.settings import Settings
from modelmill.store import releases, tables

TASK = "semantic_search"
KEYS = {
    "task", "release", "main_score", "unit", "value", "baseline", "baseline_name", "champion", "n", "ci_low", "ci_high",
    "seed", "calibration", "dataset_sha256", "candidate_sha256", "corpora",
}  # fmt: skip


CURVES = {"candidate": [{"n": 50, "confidence": 0.4, "right": 0.3}, {"n": 50, "confidence": 0.9, "right": 0.9}]}


def measured(db: Engine, candidate: str, value: float, curves: Mapping[str, Any] = CURVES) -> Report:
    """A report of a candidate on a dataset of two corpora, on record."""
    sources = [{"corpus": "lib", "revision": "r2"}, {"corpus": "catalog", "revision": "r1"}]
    with db.begin() as conn:
        if conn.execute(tables.dataset.select()).first() is None:
            conn.execute(
                tables.dataset.insert().values(
                    sha256="d" * 64, task=TASK, path="/d", counts={"test": 100}, manifest={"sources": sources}
                )
            )
        conn.execute(
            tables.candidate.insert().values(
                sha256=candidate, task=TASK, dataset_sha256="d" * 64, profile="tiny", seed=17, params={}, manifest={}
            )
        )
        gain = Interval(0.1, 0.05, 0.15)
        made = Report(
            id=0, task=TASK, candidate_sha256=candidate, dataset_sha256="d" * 64, main_score="mrr", unit="0..1",
            value=Interval(value, value - 0.02, value + 0.02), baseline=0.5, champion=None, delta_baseline=gain,
            delta_champion=None, n=100, seed=17, scores={}, slices={}, latency_ms=1.0, size_bytes=1, passed=True,
            reasons=(),
        )  # fmt: skip
        return reports.record(conn, made, "", reports.Details(curves, (), ()))


def promote(db: Engine, report: Report) -> None:
    wish = releases.Promotion(
        TASK, report.candidate_sha256, report.dataset_sha256, report.id, "release:x", report.candidate_sha256
    )
    with db.begin() as conn:
        releases.promote(conn, wish)


@pytest.fixture
def champion(db: Engine) -> Report:
    """A released candidate."""
    made = measured(db, "a" * 64, 0.61)
    promote(db, made)
    return made


def test_a_row_has_the_score_with_everything_that_makes_it_a_score(db: Engine, champion: Report) -> None:
    [row] = scoreboard.rows(db)
    assert set(row) == KEYS
    assert row["release"] == "semantic_search@1.0.0"
    assert (row["value"], row["ci_low"], row["ci_high"], row["n"]) == (0.61, 0.59, 0.63, 100)
    assert row["corpora"] == [{"name": "catalog", "revision": "r1"}, {"name": "lib", "revision": "r2"}]


def test_a_row_says_how_true_the_confidence_is_with_n_interval_and_chance(db: Engine, champion: Report) -> None:
    [row] = scoreboard.rows(db)
    told = row["calibration"]
    assert told["n"] == 100
    assert told["error"] == pytest.approx(0.05)
    assert told["low"] <= told["error"] <= told["high"]
    assert 0 < told["by_chance"] < told["by_chance_at_most"]


def test_a_task_without_a_confidence_has_no_calibration(db: Engine) -> None:
    measured(db, "a" * 64, 0.61, curves={})
    assert scoreboard.rows(db)[0]["calibration"] is None


def test_a_newer_candidate_that_was_not_released_does_not_change_the_row(db: Engine, champion: Report) -> None:
    measured(db, "b" * 64, 0.99)
    [row] = scoreboard.rows(db)
    assert row["candidate_sha256"] == "a" * 64


def test_before_any_release_the_newest_report_is_shown_as_not_released(db: Engine) -> None:
    measured(db, "a" * 64, 0.61)
    [row] = scoreboard.rows(db)
    assert row["release"] is None


def test_the_markdown_has_one_line_a_task_with_its_baseline_by_name(db: Engine, champion: Report) -> None:
    lines = scoreboard.markdown(scoreboard.rows(db)).splitlines()
    assert len(lines) == 3
    assert "| 0.610 | 0.590 to 0.630 | 0.500 (" in lines[2]


def test_a_page_can_be_had_of_a_release_that_a_newer_candidate_did_not_replace(
    settings: Settings,
    db: Engine,
    champion: Report,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    newer = measured(db, "b" * 64, 0.99)
    written: list[Report] = []
    monkeypatch.setattr(page, "write", lambda _settings, _db, _task, report: written.append(report))
    for name in ("semantic_search", "semantic_search@1.0.0"):
        monkeypatch.setattr(sys, "argv", ["mill", "report", name])
        with pytest.raises(SystemExit):
            cli.main()
    assert [one.candidate_sha256 for one in written] == [newer.candidate_sha256, champion.candidate_sha256]
