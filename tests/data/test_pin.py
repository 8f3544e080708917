"""The real DVC, in its own environment: pins a set, sees a change, replays the stages by the command line's words."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import yaml
from data_sources import copy_modules

from modelmill import receipts, tracking
from modelmill.datasets import stage
from modelmill.datasets.pin import program
from modelmill.errors import PrerequisiteError
from modelmill.evaluate import reports
from modelmill.records import Interval, Report
from modelmill.settings import CHECKOUT
from modelmill.store import corpora, publications, tables
from modelmill.task import all_tasks, get_task

REPORT = Report(
    id=0, task="intent_classification", candidate_sha256="c", dataset_sha256="d", main_score="accuracy", unit="share",
    value=Interval(0.5, 0.4, 0.6), baseline=0.3, champion=None, delta_baseline=Interval(0.2, 0.1, 0.3),
    delta_champion=None, n=7, seed=17, scores={}, slices={}, latency_ms=1.0, size_bytes=1, passed=True, reasons=(),
)  # fmt: skip
INTENT = get_task("intent_classification")
DVC = CHECKOUT / ".venv-dvc/bin/dvc"

needs_dvc = pytest.mark.skipif(
    not DVC.is_file() and not os.environ.get("CI"), reason="DVC's own environment .venv-dvc is made by `make setup`"
)


@pytest.fixture
def project(settings, monkeypatch):
    """A root that is a DVC project with the code in it; `mill` on the PATH."""
    root = settings.root
    for name in ("extract", "normalize", "datasets", "tasks"):  # what the replayed stages depend on
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(CHECKOUT / "modelmill" / name, root / "modelmill" / name, ignore=ignored)
    for name in ("dvc.yaml", ".dvcignore", ".gitignore", ".millignore"):
        shutil.copy(CHECKOUT / name, root)
    (root / ".dvc").mkdir()
    shutil.copy(CHECKOUT / ".dvc/config", root / ".dvc")
    with (root / ".dvc/config").open("a") as config:
        config.write("    no_scm = true\n")
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    return settings.model_copy(update={"dvc": DVC})


def _dvc(settings, *arguments: str) -> str:
    done = subprocess.run(
        [DVC, *arguments], cwd=settings.root, env=settings.child_env(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@needs_dvc
def test_a_frozen_set_is_pinned(project, db, catalog):
    stage.build(project, db, INTENT, "tiny", 17)
    last = publications.current(db, "intent_classification/dataset")
    assert last is not None and last.detail["pinned"], last
    lock = yaml.safe_load((project.root / "dvc.lock").read_text())
    outs = {out["path"]: out for out in lock["stages"]["datasets@intent_classification"]["outs"]}
    assert outs["data/datasets/intent_classification"]["nfiles"] == 5
    assert "up to date" in _dvc(project, "status", "--no-updates", "datasets@intent_classification")
    (stage.folder(project, INTENT.name) / "test.parquet").write_bytes(b"altered")
    assert "modified" in _dvc(project, "status", "--no-updates", "datasets@intent_classification")


@needs_dvc
def test_another_dvc_command_is_waited_for_and_what_dvc_says_is_told(project, db, catalog):
    (project.root / ".dvc/tmp").mkdir()
    with (project.root / ".dvc/tmp/lock").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        threading.Timer(4, fcntl.flock, (held, fcntl.LOCK_UN)).start()
        stage.build(project, db, INTENT, "tiny", 17)
    last = publications.current(db, "intent_classification/dataset")
    assert last is not None and last.detail["pinned"]
    shutil.rmtree(project.root / "modelmill/datasets")
    with pytest.raises(PrerequisiteError, match="DVC did not pin") as caught:
        stage.build(project, db, INTENT, "tiny", 17, force=True)
    assert "'modelmill/datasets' does not exist" in caught.value.found


@needs_dvc
def test_dvc_replays_the_stages_once(project, db, tmp_path, catalog):
    corpora.add(project, db, "stdlib", str(copy_modules(tmp_path / "code")), "Python-2.0", consent=True)
    done = _dvc(project, "repro", "datasets@intent_classification")
    assert "mill extract" in done and "mill normalize" in done and "mill datasets --task intent_classification" in done
    assert receipts.write(project, "datasets", "intent_classification").read_text().count("sha256") == 1
    lock = (project.root / "dvc.lock").read_bytes()
    again = _dvc(project, "repro", "datasets@intent_classification")
    assert "Stage 'normalize' didn't change" in again and "mill datasets" not in again
    assert (project.root / "dvc.lock").read_bytes() == lock


def test_outside_of_a_dvc_project_the_reason_is_on_record(settings, db, catalog):
    stage.build(settings, db, INTENT, "tiny", 17)
    last = publications.current(db, "intent_classification/dataset")
    assert last is not None and not last.detail["pinned"]
    assert "is no DVC project" in last.detail["not_pinned_because"]


def test_without_dvc_nothing_is_published(settings, db, catalog, monkeypatch):
    (settings.root / ".dvc").mkdir()
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(PrerequisiteError, match="there is no DVC") as caught:
        stage.build(settings, db, INTENT, "tiny", 17)
    assert "make setup" in caught.value.next
    assert publications.current(db, "intent_classification/dataset") is None
    with pytest.raises(PrerequisiteError, match="there is no DVC"):
        program(settings.model_copy(update={"dvc": settings.root / "dvc"}))


def test_dvc_and_the_command_line_have_the_same_stages_and_tasks():
    stages = yaml.safe_load((CHECKOUT / "dvc.yaml").read_text())["stages"]
    assert list(stages) == [*receipts.OF_CORPORA, *receipts.OF_TASKS]
    for name in receipts.OF_TASKS:
        assert stages[name]["foreach"] == list(all_tasks())
        assert stages[name]["do"]["cmd"] == f"mill {name} --task ${{item}}"
    for name in receipts.OF_CORPORA:
        assert stages[name]["cmd"] == f"mill {name}"


def test_dvc_draws_the_loss_and_the_certainty_that_are_on_record(settings, db):
    stages = yaml.safe_load((CHECKOUT / "dvc.yaml").read_text())["stages"]
    for word, begins in receipts.PLOTS.items():
        (drawn,) = stages[word]["do"]["plots"]
        ((name, how),) = drawn.items()
        assert name == f"data/receipts/{begins}-${{item}}.csv" and how["cache"] is False
    with tracking.run(settings, "intent_classification", "trained") as run:
        for step, loss in enumerate((1.5, 0.75), 1):
            run.metric("loss", loss, step)
    made = {"task": "intent_classification", "dataset_sha256": "d"}
    details = {"curves": {"candidate": [{"n": 7, "confidence": 0.55, "right": 0.5}]}}
    with db.begin() as conn:
        conn.execute(tables.dataset.insert().values(sha256="d", task=made["task"], path="x", counts={}, manifest={}))
        row = {"sha256": "c", "profile": "tiny", "seed": 1, "params": {}, "manifest": {}, "mlflow_run_id": run.id}
        conn.execute(tables.candidate.insert().values(**made, **row))
        report = reports.to_json(REPORT)
        row = {"candidate_sha256": "c", "passed": True, "body": {**report, "details": details}}
        conn.execute(tables.report.insert().values(**made, **row))
    for word, expected in (
        ("finetune", "step,loss\n1,1.5\n2,0.75\n"),
        ("evaluate", "confidence,right,n\n0.5500,0.5000,7\n"),
    ):
        lease = publications.take(db, f"intent_classification/{receipts.OF_TASKS[word]}")
        with db.begin() as conn:
            publications.publish(conn, lease, input_hash="i", sha256="c", rows=1, detail={})
        receipts.write(settings, word, "intent_classification")
        drawn = receipts.plot(settings, word, "intent_classification")
        assert drawn.read_text() == expected
        for header in stages[word]["do"]["plots"][0].values():
            assert {header["x"], header["y"]} <= set(expected.splitlines()[0].split(","))


def test_a_receipt_says_the_same_for_the_same_and_is_left_alone(settings, db):
    lease = publications.take(db, "documents", "x")
    for _ in range(2):
        with db.begin() as conn:
            publications.publish(conn, lease, input_hash="i", sha256="s", rows=3, detail={"seconds": 1})
    file = receipts.write(settings, "extract")
    written = file.stat().st_mtime_ns
    assert file.read_text() == '{\n "x": {\n  "rows": 3,\n  "sha256": "s"\n }\n}\n'
    assert receipts.write(settings, "extract").stat().st_mtime_ns == written
