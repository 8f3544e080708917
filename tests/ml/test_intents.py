"""Labelled queries: training from the catalog, measuring by hand-written files, and bad lines named."""

from __future__ import annotations

import json
import random
import shutil
from collections import Counter
from pathlib import Path

import pytest

from modelmill.datasets.intent_labels import label_of
from modelmill.datasets.intents import FILES, FOLDER, labelled
from modelmill.errors import DataError, PrerequisiteError
from modelmill.records import Split, Unit
from modelmill.settings import CHECKOUT


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A copy of the evaluation files."""
    shutil.copytree(CHECKOUT / "data" / FOLDER, tmp_path / FOLDER)
    return tmp_path


def test_training_knows_every_label_that_is_measured(units: list[Unit], data: Path) -> None:
    made = labelled(units, random.Random(1), "small", data)
    labels = {split: {str(e.target["label"]) for e in made if e.split is split} for split in Split}
    assert labels[Split.TEST] <= labels[Split.TRAIN]
    assert labels[Split.VALIDATION] <= labels[Split.TRAIN]
    assert Counter(label.split(":")[0] for label in labels[Split.TRAIN]).keys() == {
        "use_case",
        "industry",
        "action",
        "out_of_scope",
    }


def test_no_text_is_in_two_splits(units: list[Unit], data: Path) -> None:
    made = labelled(units, random.Random(1), "small", data)
    homes: dict[str, set[Split]] = {}
    for example in made:
        homes.setdefault(str(example.input["text"]).casefold(), set()).add(example.split)
    assert [text for text, splits in homes.items() if len(splits) > 1] == []


def test_words_that_two_labels_share_teach_neither(data: Path) -> None:
    entries = [entry("one", "track my parcel"), entry("two", "track my parcel")]
    texts = [e.input["text"] for e in labelled(entries, random.Random(1), "small", data) if e.units]
    assert "track my parcel" not in texts
    assert "Title of one" in texts


def test_the_label_is_told_by_the_entrys_fields() -> None:
    assert label_of(entry("x", "a").meta) == "use_case:x"
    assert label_of({"id": "y", "tagline": "t", "exampleQueries": ["a"]}) == "industry:y"
    assert label_of({"id": "z", "exampleQueries": ["a"]}) == "action:z"
    assert label_of({"id": "w"}) == ""


@pytest.mark.parametrize(
    "line", ["not json", '{"text": "", "label": "use_case:x", "kind": "plain"}', '{"text": "a", "kind": "plain"}',
             '{"text": "a", "label": "usecase:x", "kind": "plain"}', "[1]"],
)  # fmt: skip
def test_a_bad_line_is_named_by_file_and_number(data: Path, line: str) -> None:
    file = data / FOLDER / "test.jsonl"
    file.write_text("\n".join([*file.read_text().splitlines()[:4], line]))
    with pytest.raises(DataError, match=r"record 5 of test\.jsonl"):
        labelled([], random.Random(1), "small", data)


def test_a_missing_file_is_a_missing_part(tmp_path: Path) -> None:
    with pytest.raises(PrerequisiteError, match=Path(next(iter(FILES))).name):
        labelled([], random.Random(1), "small", tmp_path)


def entry(name: str, query: str) -> Unit:
    fields = {"id": name, "industry": "retail", "title": f"Title of {name}", "exampleQueries": [query]}
    return Unit("c", "a.ts", f"useCases.{name}", "entry", "typescript", json.dumps(fields), "c", meta=fields)
