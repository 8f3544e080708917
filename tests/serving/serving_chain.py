"""What the stages before deploy leave behind, by hand: rows that can be checked, an artifact that can be served."""

from __future__ import annotations

import json
from pathlib import Path

from sqlalchemy import Engine

from modelmill.deploy.stage import deploy
from modelmill.evaluate import reports
from modelmill.records import Interval, Report, sha256_text
from modelmill.settings import Settings
from modelmill.store import artifacts
from modelmill.store.tables import candidate, dataset, dataset_unit
from modelmill.task import Task

TASK = "letter_count"


def add_dataset(db: Engine, name: str = "first", task: str = TASK, units: int = 3) -> str:
    """A dataset of `units` units in files of two functions each; returns its sha256."""
    sha256 = sha256_text(f"dataset {name}")
    sources = [{"corpus": "demo", "revision": "r7", "sha256": "c" * 64, "licence": "MIT"}]
    rows = [
        {
            "dataset_sha256": sha256,
            "corpus": "demo",
            "path": f"src/f{i // 2}.py",
            "name": f"g{i}",
            "unit_sha256": sha256_text(f"unit {i}"),
            "document_sha256": sha256_text(f"file {i // 2}"),
            "revision": "r7",
            "split": "train" if i else "test",
        }
        for i in range(units)
    ]
    with db.begin() as conn:
        conn.execute(
            dataset.insert().values(
                sha256=sha256, task=task, path="data/datasets/x", counts={"train": 2}, manifest={"sources": sources}
            )
        )
        conn.execute(dataset_unit.insert(), rows)
    return sha256


def add_candidate(
    settings: Settings, db: Engine, folder: Path, dataset_sha256: str, letters: str = "aeiou", task: str = TASK
) -> str:
    """A model that counts `letters`, published as an artifact; returns its sha256."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "letters.json").write_text(json.dumps({"letters": letters}))
    sha256, path = artifacts.publish_dir(settings, folder, kind="model")
    with db.begin() as conn:
        conn.execute(
            candidate.insert().values(
                sha256=sha256,
                task=task,
                dataset_sha256=dataset_sha256,
                profile="tiny",
                seed=17,
                params={"letters": letters},
                manifest=artifacts.read_manifest(path),
            )
        )
    return sha256


def add_report(
    db: Engine, candidate_sha256: str, dataset_sha256: str, passed: bool = True, against: str = "", task: str = TASK
) -> int:
    """The verdict on a candidate; returns its id."""
    sure = Interval(1.0, 1.0, 1.0)
    gain = Interval(0.5, 0.25, 0.75) if passed else Interval(0.0, -0.25, 0.25)
    made = Report(
        id=0,
        task=task,
        candidate_sha256=candidate_sha256,
        dataset_sha256=dataset_sha256,
        main_score="exact",
        unit="share",
        value=sure,
        baseline=0.5,
        champion=0.75 if against else None,
        delta_baseline=gain,
        delta_champion=Interval(0.25, 0.0, 0.5) if against else None,
        n=3,
        seed=17,
        scores={"exact": {"candidate": 1.0, "baseline": 0.5, "champion": 0.75 if against else None}},
        slices={},
        latency_ms=1.0,
        size_bytes=100,
        passed=passed,
        reasons=("better than the baseline",) if passed else ("not better than the baseline",),
    )
    with db.begin() as conn:
        return reports.record(conn, made, against, reports.Details({}, (), ())).id


def add_release(settings: Settings, db: Engine, task: Task, folder: Path, letters: str, against: str = "") -> str:
    """A release of a model that counts `letters`, made by deploy; returns its candidate."""
    data = add_dataset(db, letters)
    made = add_candidate(settings, db, folder / letters, data, letters)
    add_report(db, made, data, against=against)
    deployed = deploy(settings, db, task)
    assert deployed.release is not None, deployed.reason
    return made
