"""The words do what they say, on a real database."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, update

from modelmill.errors import DataError, PrerequisiteError, RefusedError
from modelmill.evaluate import reports
from modelmill.records import Interval, Report
from modelmill.settings import PROFILES, Settings
from modelmill.store import keys, tables
from modelmill.store.tables import unit
from modelmill.task import all_tasks

Mill = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A corpus of one file."""
    made = tmp_path / "shop"
    made.mkdir()
    (made / "cart.py").write_text(
        '"""The cart."""\n\n\ndef total(prices: list[float], discount: float) -> float:\n'
        '    """What the customer pays."""\n    whole = sum(prices)\n    taken = whole * discount\n'
        "    return whole - taken\n"
    )
    return made


def test_a_corpus_comes_is_listed_and_goes(inside: Mill, folder: Path, settings: Settings) -> None:
    added = inside("corpus", "add", "shop", str(folder), "--license", "MIT", "--consent-to-train")
    assert added.returncode == 0, added.stderr
    assert "may be trained on" in added.stdout
    [row] = [row for row in json.loads(inside("corpus", "list", "--json").stdout) if row["name"] == "shop"]
    assert (row["licence"], row["consent_to_train"], row["documents"]) == ("MIT", True, 0)
    (stray := settings.artifacts_dir / "ab" / ("ab" * 32)).mkdir(parents=True)
    (stray / "manifest.json").write_text("no JSON")
    removed = inside("corpus", "remove", "shop", "--yes")
    assert removed.returncode == DataError.exit_code
    assert "documents: 0" in removed.stdout and all(
        part in removed.stderr for part in (str(stray), "allowed:", "next:")
    )
    assert "shop" not in [row["name"] for row in json.loads(inside("corpus", "list", "--json").stdout)]


def test_consent_is_off_unless_it_is_given(inside: Mill, folder: Path) -> None:
    assert "search only" in inside("corpus", "add", "shop", str(folder)).stdout


def test_a_licence_that_nothing_is_learnt_under_is_told_when_consent_is_given(inside: Mill, folder: Path) -> None:
    added = inside("corpus", "add", "shop", str(folder), "--license", "Apache 2", "--consent-to-train").stdout
    assert "nothing is learnt under it (MILL_TRAIN_ON=permissive)" in added
    again = inside("corpus", "add", "shop", str(folder), "--license", "mit", "--consent-to-train").stdout
    assert "licence mit; may be trained on" in again


def test_a_stage_says_what_came_out_writes_its_receipt_and_does_nothing_twice(
    inside: Mill, folder: Path, settings: Settings
) -> None:
    inside("corpus", "add", "shop", str(folder))
    first = inside("extract", "--corpus", "shop")
    assert first.stdout == "extract: shop: 1 documents (1 changed, 0 gone, 0 left out)\n"
    receipt = settings.data_dir / "receipts" / "extract.json"
    assert json.loads(receipt.read_text())["shop"]["rows"] == 1
    assert "(nothing changed)" in inside("extract", "--corpus", "shop").stdout
    assert "units" in inside("normalize", "--corpus", "shop").stdout


def test_a_corpus_that_is_bad_does_not_keep_the_others_from_their_turn(
    inside: Mill, folder: Path, tmp_path: Path
) -> None:
    for name in ("a-bad", "z-bad"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "only.xyz").write_text("nothing")
        inside("corpus", "add", name, str(tmp_path / name))
    inside("corpus", "add", "shop", str(folder))
    done = inside("extract")
    assert "extract: shop: 1 documents" in done.stdout
    assert done.returncode == 2
    assert "2 corpora did not get through extract" in done.stderr
    assert "'a-bad'" in done.stderr
    assert "'z-bad'" in done.stderr
    assert "next:    check the folder, or `mill corpus remove a-bad`" in done.stderr


def test_a_stage_by_its_word_is_held_by_the_same_checks_as_in_dagster(inside: Mill, folder: Path, db: Engine) -> None:
    inside("corpus", "add", "shop", str(folder))
    inside("extract", "--corpus", "shop")
    assert inside("normalize", "--corpus", "shop").returncode == 0
    with db.begin() as conn:
        conn.execute(update(unit).values(text="mail " + "@".join(("jane.roe", "shop.io"))))
    refused = inside("normalize", "--corpus", "shop")
    assert refused.returncode == 2
    assert "the check no_secret_left of shop said no" in refused.stderr
    assert "jane" not in refused.stderr


def test_a_candidate_that_is_refused_keeps_no_other_task_from_its_turn(
    inside: Mill, folder: Path, db: Engine, settings: Settings
) -> None:
    (folder / "asked.csv").write_text("text,label\nmy card was stolen,card\nwhere is my parcel,parcel\n")
    inside("corpus", "add", "shop", str(folder), "--license", "MIT", "--consent-to-train")
    for stage in ("extract", "normalize"):
        assert inside(stage, "--corpus", "shop").returncode == 0
    refused_candidate(db, "intent_classification")
    alone = inside("deploy", "--task", "intent_classification")
    assert (alone.returncode, "was not released" in alone.stderr) == (RefusedError.exit_code, True)
    every = inside("deploy")
    assert "there is nothing of semantic_search to release" in every.stderr
    assert every.returncode == PrerequisiteError.exit_code


def refused_candidate(db: Engine, task: str) -> None:
    """One that was measured and is not better than its baseline."""
    same = Interval(0.5, 0.4, 0.6)
    report = Report(
        id=0, task=task, candidate_sha256="c", dataset_sha256="d", main_score="accuracy", unit="share", value=same,
        baseline=0.5, champion=None, delta_baseline=Interval(0.0, -0.1, 0.1), delta_champion=None, n=100, seed=17,
        scores={}, slices={}, latency_ms=1.0, size_bytes=1, passed=False, reasons=["not better than the baseline"],
    )  # fmt: skip
    made = {"dataset_sha256": "d", "profile": "tiny", "seed": 17, "params": {}, "manifest": {}}
    with db.begin() as conn:
        conn.execute(tables.dataset.insert().values(sha256="d", task=task, path="x", counts={}, manifest={}))
        conn.execute(tables.candidate.insert().values(sha256="c", task=task, **made))
        reports.record(conn, report, "", reports.Details({}, [], []))


def test_a_key_is_printed_once_works_and_can_be_taken_back(inside: Mill, db: Engine, settings: Settings) -> None:
    made = inside("key", "create", "my-app", "--scope", "predict", "--days", "3")
    secret = made.stdout.strip()
    key = keys.check(settings, db, secret)
    assert key is not None
    assert (key.name, key.scopes) == ("my-app", frozenset({"predict"}))
    listed, told = inside("key", "list").stdout, inside("key", "list", "--json").stdout
    assert key.prefix in listed
    assert secret.split(".")[1] not in listed + told
    assert [(one["prefix"], one["scopes"], one["live"]) for one in json.loads(told)] == [
        (key.prefix, ["predict"], True)
    ]
    inside("key", "revoke", "my-app")
    assert keys.check(settings, db, secret) is None


@pytest.mark.parametrize(
    ("words", "next_word"),
    [("key list", "mill key create"), ("releases", "mill run"), ("dataset list", "mill run"), ("report", "mill run")],
)
def test_a_list_of_nothing_says_what_makes_the_first(inside: Mill, words: str, next_word: str) -> None:
    said = inside(*words.split()).stdout
    assert len(said.splitlines()) == 1
    assert f"next: {next_word}" in said


def test_a_report_before_any_measurement_is_an_empty_list(inside: Mill) -> None:
    assert json.loads(inside("report", "--json").stdout) == []
    assert "next: mill run" in inside("report").stdout


def test_nothing_runs_and_status_says_how_to_start(inside: Mill) -> None:
    told = json.loads(inside("status", "--json").stdout)
    assert (told["programs"], told["running"], told["failed"]) == ([], [], [])
    assert {one["task"]: one["release"] for one in told["tasks"]} == dict.fromkeys(all_tasks())
    assert told["due"] and told["profile"] in PROFILES
    said = inside("status").stdout
    assert "`mill up` starts the programs" in said
    assert "semantic_search" in said


def test_the_doctor_finds_what_is_there_and_says_what_mends_the_rest(inside: Mill) -> None:
    done = inside("doctor", "--json")
    found = {finding["part"]: finding for finding in json.loads(done.stdout)}
    assert found["python"]["state"] == "ok"
    assert "pgvector" in found["database"]["found"]
    assert found["base model"]["state"] == "ok"
    assert found["packages"]["state"] == "ok"
    assert all(finding["mend"] for finding in found.values() if finding["state"] != "ok")
    assert done.returncode == (3 if any(one["state"] == "missing" for one in found.values()) else 0)


def test_the_doctor_says_what_mends_a_missing_dvc(inside: Mill, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILL_DVC", "/nowhere/dvc")
    done = inside("doctor", "--json")
    [dvc] = [finding for finding in json.loads(done.stdout) if finding["part"] == "dvc"]
    assert dvc["state"] == "missing"
    assert "make setup" in dvc["mend"]
    assert done.returncode == 3


def test_down_says_that_nothing_was_running(inside: Mill) -> None:
    assert inside("down").stdout == "nothing was running\n"


def test_adding_a_corpus_again_says_what_that_took_from_it(inside: Mill, tmp_path: Path) -> None:
    (tmp_path / "c").mkdir()
    (tmp_path / "c/a.md").write_text("# A\n\nWords.\n")
    first = inside("corpus", "add", "c", str(tmp_path / "c"), "--license", "MIT", "--consent-to-train").stdout
    assert "already" not in first
    again = inside("corpus", "add", "c", str(tmp_path / "c")).stdout
    assert "already: its licence was MIT" in again and "already: consent is withdrawn" in again
    assert "already: consent is given" in inside("corpus", "add", "c", str(tmp_path / "c"), "--consent-to-train").stdout
