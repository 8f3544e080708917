"""Datasets: frozen from real units, the same from the same, refused when nobody allowed it."""

from __future__ import annotations

import dataclasses
import json
import random
import shutil

import pyarrow.parquet as pq
import pytest
from data_sources import take_in
from pydantic import SecretStr
from sqlalchemy import select, update

from modelmill import erasure, guard
from modelmill.datasets import expectations, freeze, split, stage
from modelmill.errors import DataError, FencedError, PrerequisiteError, UserError
from modelmill.normalize import expectations as units_expectations
from modelmill.records import Example, Split
from modelmill.store import consents, corpora, datasets, publications
from modelmill.store.tables import dataset as table
from modelmill.store.tables import dataset_unit
from modelmill.task import get_task

SEARCH, INTENT = get_task("semantic_search"), get_task("intent_classification")


def _build(settings, db, task=SEARCH, seed=17, force=False):
    return stage.build(settings, db, task, "tiny", seed, force=force)


def _examples(n: int) -> list[Example]:
    where = (Split.TRAIN, Split.VALIDATION, Split.TEST)
    return [
        Example({"query": f"question {i}"}, {"name": f"n{i}"}, where[i % 3], (f"u{i}",), f"g{i % 3}") for i in range(n)
    ]


def test_a_dataset_is_frozen_whole_with_its_sources(settings, db, code):
    built = _build(settings, db).dataset
    examples = datasets.read_examples(built)
    assert len(examples) == sum(built.counts.values()) > 50
    assert split.torn(examples) == ([], [])
    assert all(built.counts[one] for one in ("train", "validation", "test"))
    folder = stage.folder(settings, SEARCH.name)
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest == built.manifest and manifest["seed"] == 17 and manifest["profile"] == "tiny"
    assert [(one["corpus"], one["licence"]) for one in manifest["sources"]] == [("code", "Apache-2.0")]
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == {
        file.name: file.read_bytes() for file in built.path.iterdir()
    }
    with db.connect() as conn:
        rows = conn.execute(select(dataset_unit).where(dataset_unit.c.dataset_sha256 == built.sha256)).all()
    assert {f"{row.corpus}:{row.path}::{row.name}" for row in rows} == {key for one in examples for key in one.units}
    assert all(row.document_sha256 and row.revision for row in rows)


def test_a_set_whose_folder_is_lost_comes_back_from_the_shared_store_before_anything_reads_it(
    settings, db, code, tmp_path
):
    shared = settings.model_copy(update={"store_url": SecretStr(f"file://{tmp_path}/shared")})
    built, place = _build(shared, db).dataset, stage.folder(settings, SEARCH.name)
    for read in (
        lambda: stage.build(shared, db, SEARCH, "tiny", 17),
        lambda: guard.hold(guard.DATASET, shared, db, SEARCH),
        lambda: datasets.kept(shared, built),
    ):
        shutil.rmtree(built.path)
        shutil.rmtree(place, ignore_errors=True)
        read()
        assert len(datasets.read_examples(built)) == sum(built.counts.values())
    shutil.rmtree(built.path)
    assert datasets.read_examples(datasets.kept(settings, built)) == []
    with pytest.raises(PrerequisiteError, match="is not in the store"):
        guard.hold(guard.DATASET[1:], settings, db, SEARCH)


def test_both_checks_pass_on_what_was_built(settings, db, code, catalog):
    for task in (SEARCH, INTENT):
        built = _build(settings, db, task).dataset
        assert expectations.check_dataset(built).failures == []
        assert expectations.check_leak(built).failures == []


def test_the_second_build_does_nothing_and_a_forced_one_gives_the_same_bytes(settings, db, code):
    first = _build(settings, db)
    again, forced, other = _build(settings, db), _build(settings, db, force=True), _build(settings, db, seed=18)
    assert (first.fresh, again.fresh, forced.fresh, other.fresh) == (True, False, True, True)
    assert first.dataset == again.dataset and forced.dataset.sha256 == first.dataset.sha256 != other.dataset.sha256
    assert stage.is_current(settings, db, SEARCH, "tiny", 18) and not stage.is_current(settings, db, SEARCH, "tiny", 17)


def test_freezing_is_the_same_byte_for_byte_in_any_order(settings):
    examples = _examples(200)
    one = freeze.freeze(settings, "x", examples, {"seed": 1})
    kept = {file.name: file.read_bytes() for file in one.path.iterdir()}
    shutil.rmtree(one.path)
    two = freeze.freeze(settings, "x", random.Random(3).sample(examples, 200), {"seed": 1})
    assert one == two and kept == {file.name: file.read_bytes() for file in two.path.iterdir()}
    assert sorted(datasets.read_examples(two, "test"), key=str) == sorted(
        (example for example in examples if example.split is Split.TEST), key=str
    )


def test_new_code_makes_a_new_dataset_and_other_content_does_not(settings, db, code, catalog):
    built = _build(settings, db, INTENT)
    (code / "heapq.py").write_text((code / "heapq.py").read_text().replace("Heap queue", "Queue on a heap"))
    take_in(settings, db, "code", code)
    assert stage.is_current(settings, db, INTENT, "tiny", 17)
    evaluation = settings.data_dir / "eval/intent_classification/test.jsonl"
    evaluation.write_text("\n".join(evaluation.read_text().splitlines()[:-1]) + "\n")
    assert _build(settings, db, INTENT).dataset.counts["test"] == built.dataset.counts["test"] - 1


def test_without_consent_nothing_is_learned_and_nothing_is_written(settings, db, code):
    corpora.add(settings, db, "code", str(code), "Apache-2.0", consent=False)
    with pytest.raises(UserError, match="may not learn from any of its") as caught:
        _build(settings, db)
    assert caught.value.found.startswith("code (") and caught.value.found.endswith(", Apache-2.0, consent no)")
    corpora.add(settings, db, "code", str(code), "GPL-3.0-only", consent=True)
    with pytest.raises(UserError, match="may not learn from any of its"):
        _build(settings, db)
    assert publications.current(db, "semantic_search/dataset") is None
    assert not stage.folder(settings, SEARCH.name).exists() and not settings.artifacts_dir.exists()


def test_without_units_the_error_says_what_to_do_first(settings, db):
    with pytest.raises(UserError, match="has nothing to learn from") as caught:
        _build(settings, db)
    assert "mill corpus add" in caught.value.next
    with pytest.raises(UserError, match="semantic_search has no dataset yet"):
        datasets.load(db, SEARCH)


def test_a_missing_evaluation_file_is_named(settings, db, catalog):
    (settings.data_dir / "eval/intent_classification/test.jsonl").unlink()
    with pytest.raises(PrerequisiteError, match=r"eval/intent_classification/test\.jsonl cannot be read"):
        _build(settings, db, INTENT)


def test_an_outdated_run_leaves_files_and_rows_as_they_are(settings, db, code, monkeypatch):
    first = _build(settings, db).dataset
    before = (stage.folder(settings, SEARCH.name) / "manifest.json").read_bytes()

    def overtaken(units, rng, profile):
        publications.take(db, "semantic_search/dataset")
        return SEARCH.examples(units, rng, profile)

    slow = dataclasses.replace(SEARCH, examples=overtaken)
    monkeypatch.setattr(stage, "_code", lambda task: "other code")
    with pytest.raises(FencedError):
        stage.build(settings, db, slow, "tiny", 99)
    assert (stage.folder(settings, SEARCH.name) / "manifest.json").read_bytes() == before
    assert datasets.load(db, SEARCH).sha256 == first.sha256


def _withdrawn(settings, db):
    with db.begin() as conn:
        consents.withdraw(conn, corpora.get(db, settings.tenant, "code"), "train", "me")


def _relicensed(settings, db):
    uri = corpora.get(db, settings.tenant, "code").uri
    corpora.add(settings, db, "code", uri, "GPL-3.0-only", consent=True)


@pytest.mark.parametrize(
    "meanwhile",
    [_withdrawn, _relicensed, lambda settings, db: erasure.remove(settings, db, "default", "code", by="a test")],
)
def test_what_is_withdrawn_or_erased_while_a_set_is_made_is_in_none(settings, db, code, meanwhile):
    def taken_back(units, rng, profile):
        meanwhile(settings, db)
        return SEARCH.examples(units, rng, profile)

    with pytest.raises(UserError, match="semantic_search was not published") as caught:
        stage.build(settings, db, dataclasses.replace(SEARCH, examples=taken_back), "tiny", 17)
    assert "code: consent withdrawn, another licence, or the corpus removed" in caught.value.found
    assert publications.current(db, "semantic_search/dataset") is None
    assert not stage.folder(settings, SEARCH.name).exists()
    assert not list(settings.artifacts_dir.rglob("*.parquet"))


def test_a_licence_that_no_longer_allows_training_marks_what_was_made(settings, db, code):
    built = _build(settings, db).dataset
    corpora.add(settings, db, "code", str(code), "MIT", consent=True)
    another = settings.model_copy(update={"tenant": "another"})
    corpora.add(another, db, "code", str(code), "GPL-3.0-only", consent=True)  # its first: nothing was made of it
    assert datasets.tainted(db, built.sha256) == ""
    corpora.add(settings, db, "code", str(code), "GPL-3.0-only", consent=True)
    assert datasets.tainted(db, built.sha256) == "the licence of 'code' is now GPL-3.0-only"


def test_the_working_copy_comes_back(settings, db, code):
    folder = stage.folder(settings, SEARCH.name)
    built = _build(settings, db)
    (folder / "train.parquet").write_bytes(b"altered")
    assert not _build(settings, db).fresh
    shutil.rmtree(folder)
    assert not _build(settings, db).fresh
    assert (folder / "train.parquet").read_bytes() == (built.dataset.path / "train.parquet").read_bytes()


def test_an_altered_set_is_refused(settings, db, code):
    built = _build(settings, db).dataset
    file = built.path / "test.parquet"
    file.chmod(0o644)
    rows = pq.read_table(file)
    pq.write_table(rows.set_column(1, "input", [['{"query":"another question"}'] * len(rows)]), file)
    with pytest.raises(DataError, match=r"record 1 of test\.parquet"):
        datasets.read_examples(built)
    with pytest.raises(DataError, match=r"test\.parquet is not what"):
        expectations.check_dataset(built)


@pytest.mark.parametrize("suite", [expectations.SUITE, units_expectations.SUITE], ids=lambda file: file.name)
def test_every_expectation_of_a_suite_says_why_in_a_sentence_of_its_own(suite):
    reasons = [one["notes"] for one in json.loads(suite.read_text())["expectations"]]
    assert len(set(reasons)) == len(reasons) > 5
    assert all(len(reason.split()) > 6 and reason.endswith(".") for reason in reasons)


def test_the_checks_name_what_is_wrong(settings):
    bad = [
        *_examples(9),
        Example({"query": ""}, {"name": "empty"}, Split.TRAIN, (), "g0"),
        Example({"query": "Question 2!"}, {"name": "copy"}, Split.TRAIN, (), "g0"),
        Example({"query": "torn"}, {"name": "torn"}, Split.TRAIN, (), "g2", "c"),
    ]
    frozen = freeze.freeze(settings, "semantic_search", bad, {})
    suite = expectations.check_dataset(frozen)
    assert not suite.passed and [one["column"] for one in suite.failures] == ["misfit"]
    assert "query" in suite.failures[0]["examples"]
    assert "what a caller may send" in suite.failures[0]["because"]
    leaked = expectations.check_leak(frozen)
    assert [(one["expectation"], one["found"]) for one in leaked.failures] == [
        ("group in one split", "g2"),
        ("no copy across splits", "train is like test"),
    ]


def test_what_was_erased_taints_and_what_comes_back_with_consent_clears(settings, db, code):
    built = _build(settings, db).dataset
    erasure.remove(settings, db, settings.tenant, "code", by="a test")
    assert "'code' was erased" in datasets.tainted(db, built.sha256)
    take_in(settings, db, "code", code)
    again = _build(settings, db)
    assert again.fresh and again.dataset.sha256 == built.sha256
    assert datasets.tainted(db, built.sha256) == ""
    with db.begin() as conn:
        conn.execute(update(table).values(tainted="by hand"))
    assert not stage.is_current(settings, db, SEARCH, "tiny", 17)
