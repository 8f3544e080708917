"""A team's own labelled texts: from a CSV, JSON or JSONL file in a corpus to a frozen dataset; every fault named."""

from __future__ import annotations

import json
import math
import shutil
from collections import Counter
from pathlib import Path

import pytest
from data_sources import take_in
from labelled_rows import ROWS, table
from sqlalchemy import Engine

from modelmill import plan, reporting
from modelmill.datasets import expectations, stage
from modelmill.errors import DataError, UserError
from modelmill.records import Split
from modelmill.settings import CHECKOUT, Settings
from modelmill.store import corpora, datasets, documents, units
from modelmill.task import get_task

INTENT = get_task("intent_classification")


@pytest.fixture
def desk(settings: Settings, tmp_path: Path) -> Path:
    """An empty folder for a corpus; the frozen queries lie where the task looks for them."""
    shutil.copytree(CHECKOUT / "data/eval", settings.data_dir / "eval")
    folder = tmp_path / "desk"
    folder.mkdir()
    return folder


def taken(settings: Settings, db: Engine, desk: Path, name: str, content: str | bytes) -> None:
    """The file, taken in as the corpus `desk`."""
    (desk / name).write_bytes(content.encode() if isinstance(content, str) else content)
    take_in(settings, db, "desk", desk)


def built(settings: Settings, db: Engine) -> datasets.Dataset:
    return stage.build(settings, db, INTENT, "tiny", 17).dataset


def refused(settings: Settings, db: Engine, desk: Path, rows: dict[str, list[str]]) -> DataError:
    """The error of the datasets stage for these rows."""
    taken(settings, db, desk, "questions.csv", table(rows))
    with pytest.raises(DataError, match="labelled texts cannot be learnt from") as caught:
        built(settings, db)
    assert all(caught.value.as_dict().values())
    return caught.value


def objects() -> list[dict[str, str]]:
    return [{"id": "x", "query": text, "intent": label} for label, texts in ROWS.items() for text in texts]


FORMS = {
    "questions.csv": table(),
    "semicolons.csv": table(header=("Query", "Intent"), separator=";"),
    "excel.csv": "sep=;\r\n" + table(separator=";"),
    "nested.json": json.dumps({"nlu": {"version": 1, "common_examples": objects()}}, indent=1),
    "questions.tsv": "\ufeff" + table(header=("label", "text"), separator="\t").replace("label\ttext", "text\tlabel"),
    "questions.json": json.dumps(objects()),
    "parts.json": json.dumps({"about": "a help desk", "rows": objects()}, indent=1),
    "questions.jsonl": "\n".join(json.dumps(one) for one in objects()),
}


@pytest.mark.parametrize("name", FORMS)
def test_every_row_becomes_an_example_in_one_split(settings, db, desk, name):
    taken(settings, db, desk, name, FORMS[name])
    dataset = built(settings, db)
    examples = datasets.read_examples(dataset)
    assert Counter(e.target["label"] for e in examples) == {label: len(texts) for label, texts in ROWS.items()}
    by_split = {split: Counter(e.target["label"] for e in examples if e.split is split) for split in Split}
    for split, fewest in ((Split.TRAIN, 5), (Split.VALIDATION, 1), (Split.TEST, 1)):
        assert set(by_split[split]) == set(ROWS) and min(by_split[split].values()) >= fewest
    assert expectations.check_dataset(dataset).passed and expectations.check_leak(dataset).passed
    assert [one["corpus"] for one in dataset.manifest["sources"]] == ["desk"]


def test_rows_join_the_catalog_and_its_frozen_queries(settings, db, catalog, tmp_path):
    desk = tmp_path / "desk"
    desk.mkdir()
    taken(settings, db, desk, "questions.csv", table())
    labels = {e.target["label"] for e in datasets.read_examples(built(settings, db), Split.TEST)}
    assert {"refund", "use_case:appointment-triage", "industry:healthcare", "out_of_scope"} <= labels


def test_without_consent_no_row_is_learnt_from(settings, db, desk):
    (desk / "questions.csv").write_text(table())
    take_in(settings, db, "desk", desk, consent=False)
    with pytest.raises(UserError, match="may not learn"):
        built(settings, db)


def test_copies_stay_in_one_split(settings, db, desk):
    long = "please tell me where the parcel with the blue lamp that I ordered on the first of May is now"
    rows = {**ROWS, "delivery": [*ROWS["delivery"], *(f"{long}{end}" for end in ("", "?", " and thanks"))]}
    taken(settings, db, desk, "questions.csv", table(rows))
    homes = {e.split for e in datasets.read_examples(built(settings, db)) if "blue lamp" in str(e.input["text"])}
    assert len(homes) == 1


def test_a_text_keeps_its_split_when_rows_are_added_to_other_labels(settings, db, desk):
    taken(settings, db, desk, "questions.csv", table())
    before = {str(e.input["text"]): e.split for e in datasets.read_examples(built(settings, db))}
    taken(settings, db, desk, "more.csv", table({"returns": [f"send back item {n}" for n in range(9)]}))
    after = {str(e.input["text"]): e.split for e in datasets.read_examples(built(settings, db))}
    assert before.items() <= after.items() and len(after) == len(before) + 9


def test_a_label_with_one_example_is_named_with_its_line(settings, db, desk):
    error = refused(settings, db, desk, {**ROWS, "warranty": ["is my kettle still under warranty"]})
    assert "'warranty' has one example (desk: questions.csv line 42)" in error.found


def test_one_class_is_nothing_to_tell_apart(settings, db, desk):
    assert "all 8 rows have the one label 'refund'" in refused(settings, db, desk, {"refund": ROWS["refund"]}).found


@pytest.mark.parametrize("slip", ["Refund", "refunds", "refnud", "rfund", "refumd", "re-fund"])
def test_a_slip_in_a_label_is_told_with_the_name_it_is_near(settings, db, desk, slip):
    many = [f"{text}, order {n}" for n in range(3) for text in ROWS["refund"]]
    error = refused(settings, db, desk, {**ROWS, "refund": many, slip: ["pay back my deposit"]})
    assert f"{slip!r} (1 rows" in error.found and "looks like a slip for 'refund' (24 rows)" in error.found


def test_names_that_are_near_but_both_common_are_two_labels(settings, db, desk):
    rows = {"time": [f"what time is it in city {n}" for n in range(9)], "timer": [f"set {n} minutes" for n in range(9)]}
    taken(settings, db, desk, "questions.csv", table(rows))
    assert {"time", "timer"} <= {e.target["label"] for e in datasets.read_examples(built(settings, db))}


def test_one_text_with_two_labels_is_told_with_both_places(settings, db, desk):
    error = refused(settings, db, desk, {**ROWS, "invoice": [*ROWS["invoice"], "Where is my parcel?"]})
    assert "'delivery'" in error.found and "'invoice'" in error.found and error.found.count("questions.csv line") == 2


def test_all_faults_are_told_at_once(settings, db, desk):
    rows = {**ROWS, "warranty": ["is it covered"], "invoice": [*ROWS["invoice"], "track order 9921"]}
    found = refused(settings, db, desk, rows).found
    assert "warranty" in found and "track order 9921" in found


BAD_ROWS = {
    "row without text": ("", "refund"),
    "row without label": ("give it back", ""),
    "text too long": ("long " * 500, "refund"),
    "label too long": ("give it back", "l" * 101),
}


@pytest.mark.parametrize("reason", BAD_ROWS)
def test_a_bad_row_is_left_out_with_its_line_and_the_others_stay(settings, db, desk, reason):
    text, label = BAD_ROWS[reason]
    taken(settings, db, desk, "questions.csv", f'{table()}"{text}","{label}"\n"it came broken, repay me",refund\n')
    assert len(units.query(db, ["labelled"])) == 41
    corpus = corpora.get(db, settings.tenant, "desk")
    with db.connect() as conn:
        assert documents.dropped_by_reason(conn, corpus.id, "normalize") == {reason: 1}


@pytest.mark.parametrize("form", ["questions.json", "questions.jsonl"])
def test_a_row_that_has_its_label_twice_is_left_out_and_told(settings, db, desk, form):
    """What every reader takes for the last of them may be the first that was meant."""
    twice = '{"query": "it came broken, repay me", "intent": "delivery", "intent": "refund"}'
    aside = '{"query": "the heel came off, repay me", "id": 1, "id": 2, "intent": "refund"}'
    rows = [*(json.dumps(one) for one in objects()), twice, aside]
    taken(settings, db, desk, form, "\n".join(rows) if form.endswith("l") else f"[{', '.join(rows)}]")
    found = [unit.text for unit in units.query(db, ["labelled"])]
    assert len(found) == 41
    assert "the heel came off, repay me" in found
    corpus = corpora.get(db, settings.tenant, "desk")
    with db.connect() as conn:
        assert documents.dropped_by_reason(conn, corpus.id, "normalize") == {"key twice": 1}


def test_lines_without_words_may_stand_above_the_head(settings, db, desk):
    taken(settings, db, desk, "questions.csv", "\ufeff\n  \n" + table())
    rows = units.query(db, ["labelled"])
    assert len(rows) == 40 and min(row.start_line for row in rows) == 4


def test_a_quote_without_an_end_costs_its_own_line(settings, db, desk):
    taken(
        settings, db, desk, "questions.csv", table() + '"it broke,refund\nsend it back,refund\n"in two\nlines",refund\n'
    )
    assert len(units.query(db, ["labelled"])) == 42
    corpus = corpora.get(db, settings.tenant, "desk")
    with db.connect() as conn:
        assert documents.dropped_by_reason(conn, corpus.id, "normalize") == {"quote without an end": 1}


def test_a_cell_of_a_megabyte_is_left_out_and_the_others_stay(settings, db, desk):
    taken(settings, db, desk, "questions.csv", table() + "a" * 900_000 + ",refund\nit broke,refund\n")
    assert len(units.query(db, ["labelled"])) == 41


def test_the_corpus_report_tells_the_rows_of_each_label_the_rarest_first(settings, db, desk):
    taken(settings, db, desk, "questions.csv", table({**ROWS, "refnd": ["money back, please"]}))
    told = reporting.report(settings, db, "desk")
    assert next(iter(told.labels.items())) == ("refnd", 1)
    assert sum(told.labels.values()) == told.units
    [said] = [line for line in reporting.lines(told) if line.startswith("  labels: ")]
    assert said.startswith("  labels: 1 refnd, 8 delivery, 8 invoice")


def test_many_labels_are_told_in_short(settings, db, desk):
    many = {f"label {i:02}": [f"the number {i} with the word {word}" for word in ("ox", "fly")] for i in range(30)}
    taken(settings, db, desk, "questions.csv", table(many))
    told = reporting.report(settings, db, "desk")
    assert len(told.labels) == 30
    assert any(line.endswith("2 label 19, 20 of 10 more") for line in reporting.lines(told))


@pytest.mark.parametrize(
    ("content", "stages"),
    [("text,price\nx,3\n", ["normalize"]), ("text,label\na,b\n".encode("utf-16"), ["extract", "normalize"])],
    ids=["no columns", "UTF-16"],
)
def test_what_was_left_out_of_a_corpus_that_gave_nothing_is_not_told_as_nothing(settings, db, desk, content, stages):
    with pytest.raises(UserError):
        taken(settings, db, desk, "questions.csv", content)
    said = "\n".join(reporting.lines(reporting.report(settings, db, "desk")))
    for stage_ in ("extract", "normalize"):
        unknown = f"left out by {stage_}: not known, nothing came through; mill {stage_} --corpus desk says why"
        assert (unknown in said) is (stage_ in stages)


USELESS: dict[str, tuple[str | bytes, str]] = {
    "no column for the label": ("text,price\nI want my money back,3\n", "no columns text and label"),
    "no header": ("I want my money back,refund\n", "no columns text and label"),
    "nothing in it": ("", "empty"),
    "blank": (" \n\n", "empty"),
    "not UTF-8": ("text,label\ncaf\xe9,refund\n".encode("latin-1"), "wrong encoding"),
    "UTF-16": ("text,label\na,b\n".encode("utf-16"), "wrong encoding"),
    "more than a megabyte": ("text,label\n" + "a" * 1_000_001 + ",b\n", "too large"),
    "header alone": ("text,label\n\n", "no rows"),
}


@pytest.mark.parametrize("what", USELESS)
def test_a_file_without_a_good_row_is_refused_with_the_reason(settings, db, desk, what):
    content, reason = USELESS[what]
    with pytest.raises(UserError, match="nothing in the corpus 'desk' can be used") as caught:
        taken(settings, db, desk, "questions.csv", content)
    assert reason in caught.value.found


def test_numbers_true_and_false_are_labels_as_json_spells_them(settings, db, desk):
    labels = [True, False, 3, 2.5, "4", math.nan, None]
    rows = [{"text": f"a question that is number {i}", "label": label} for i, label in enumerate(labels)]
    taken(settings, db, desk, "questions.jsonl", "\n".join(map(json.dumps, rows)))
    assert sorted(row.meta["label"] for row in units.query(db, ["labelled"])) == ["2.5", "3", "4", "false", "true"]


def test_a_label_that_is_a_list_or_an_object_is_told_as_one_and_not_as_missing(settings, db, desk):
    rows = [{"text": "two at once", "label": ["refund", "delivery"]}, {"text": "nested", "label": {"name": "refund"}}]
    with pytest.raises(UserError) as caught:
        taken(settings, db, desk, "questions.jsonl", "\n".join(map(json.dumps, rows)))
    assert caught.value.found == "2 no text in a column"


def test_a_menu_in_json_is_no_labelled_text(settings, db, desk):
    menu = [{"label": "Pricing", "text": "What it costs"}, {"label": "About us", "text": "Who we are"}]
    taken(settings, db, desk, "menu.json", json.dumps(menu))
    assert {unit.kind for unit in units.query(db)} == {"entry"}


def test_personal_data_in_a_row_is_taken_out(settings, db, desk):
    rows = {**ROWS, "refund": [*ROWS["refund"], "repay jane.roe@acme-shapes.com please"]}
    taken(settings, db, desk, "questions.csv", table(rows))
    assert not [unit for unit in units.query(db) if "acme-shapes" in unit.text or "acme-shapes" in str(unit.meta)]


def test_a_corpus_that_holds_the_frozen_files_changes_no_split(settings, db, catalog, tmp_path):
    before = {(str(e.input["text"]), e.split) for e in datasets.read_examples(built(settings, db))}
    desk = tmp_path / "desk"
    shutil.copytree(CHECKOUT / "data/eval/intent_classification", desk)
    take_in(settings, db, "desk", desk)
    assert {(str(e.input["text"]), e.split) for e in datasets.read_examples(built(settings, db))} == before


def test_entries_without_a_label_teach_nothing_and_the_task_waits_until_a_label_may_be_learnt(
    settings: Settings, db: Engine, desk: Path
) -> None:
    taken(settings, db, desk, "hero.json", json.dumps({"title": "Welcome to our help desk"}))
    with pytest.raises(UserError, match="has nothing to learn from") as caught:
        built(settings, db)
    assert "columns text and label" in caught.value.allowed and "1 units" in caught.value.found
    assert plan.task_reasons(settings, db, INTENT, "tiny", 17) == []
    (desk / "questions.csv").write_text(table())
    take_in(settings, db, "desk", desk, consent=False)
    waits = plan.waiting(settings, db, INTENT)
    assert waits is not None and "may not learn from any of its" in waits.failed
    corpora.add(settings, db, "desk", str(desk), "Apache-2.0", consent=True)
    assert plan.waiting(settings, db, INTENT) is None
    assert [one.why for one in plan.task_reasons(settings, db, INTENT, "tiny", 17)] == ["never made"]
