"""What changed between two frozen datasets is told example by example; what did not is not told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

from modelmill.cli import app
from modelmill.datasets import difference, freeze
from modelmill.errors import UserError
from modelmill.records import Dataset, Example, Split
from modelmill.settings import Settings
from modelmill.store import datasets

TASK = "intent_classification"


def example(text: str, label: str, split: Split) -> Example:
    return Example({"text": text}, {"label": label}, split, (text,))


OLD = [
    example("one", "a", Split.TRAIN),
    example("two", "a", Split.TRAIN),
    example("three", "b", Split.TEST),
    example("four", "b", Split.TEST),
    example("", "pool", Split.POOL),
]
NEW = [
    OLD[0],
    replace(OLD[1], target={"label": "b"}),
    replace(OLD[2], split=Split.TRAIN),
    example("five", "c", Split.TEST),
    replace(OLD[4], units=("another",)),
]


def frozen(settings: Settings, db: Engine, examples: Sequence[Example], revision: str, task: str = TASK) -> Dataset:
    about = {"seed": 17, "profile": "tiny", "sources": [{"corpus": "code", "revision": revision}]}
    made = freeze.freeze(settings, task, examples, about)
    with db.begin() as conn:
        datasets.record(conn, made, [], settings.tenant)
    return made


def test_every_kind_of_change_is_told_once(settings: Settings, db: Engine) -> None:
    old, new = frozen(settings, db, OLD, "r1"), frozen(settings, db, NEW, "r2")
    found = difference.difference(old, new)
    assert [one.input["text"] for one in found.added] == ["", "five"]
    assert [one.input["text"] for one in found.removed] == ["", "four"]
    assert [(was.split, now.split, now.input["text"]) for was, now in found.moved] == [
        (Split.TEST, Split.TRAIN, "three")
    ]
    assert [(was.target["label"], now.target["label"]) for was, now in found.changed] == [("a", "b")]
    assert found.labels == {"a": (2, 1), "c": (0, 1)}, "b lost one and won one"
    assert found.sources == {"code": ("r1", "r2")} and found.dial == {} and not found.same
    assert difference.difference(old, old).same
    told = difference.to_json(found)
    assert told["moved"][0]["was"] == "test" and told["changed"][0]["was"] == {"label": "a"}
    assert len(difference.tables(found)) == 7


def test_datasets_are_named_by_a_beginning_that_is_long_enough(settings: Settings, db: Engine) -> None:
    old, new = frozen(settings, db, OLD, "r1"), frozen(settings, db, NEW, "r2")
    assert datasets.named(db, old.sha256[:12]).sha256 == old.sha256
    assert [one.sha256 for one, _ in datasets.history(db, TASK)] == [new.sha256, old.sha256]
    for wrong in ("", "nothing", "%"):
        with pytest.raises(UserError, match="does not name one dataset"):
            datasets.named(db, wrong)
    other = frozen(settings, db, OLD, "r1", "semantic_search")
    with pytest.raises(UserError, match="cannot be compared"):
        difference.difference(old, other)


def test_the_command_tells_it_to_people_and_to_programs(settings: Settings, db: Engine) -> None:
    old, new = frozen(settings, db, OLD, "r1"), frozen(settings, db, NEW, "r2")
    said = CliRunner().invoke(app, ["dataset", "diff", old.sha256[:12], new.sha256[:12]])
    assert said.exit_code == 0, said.output
    assert "added: 2" in said.output and "test → train: 'three'" in said.output and "'two' → b (was a)" in said.output
    listed = CliRunner().invoke(app, ["dataset", "list"])
    assert new.sha256[:12] in listed.output and "17" in listed.output


def test_examples_that_are_not_there_any_more_are_not_told_as_the_same(settings: Settings, db: Engine) -> None:
    old, new = frozen(settings, db, OLD, "r1"), frozen(settings, db, [*OLD, example("six", "a", Split.TEST)], "r2")
    for made in (old, new):
        (made.path / "test.parquet").unlink()
    found = difference.difference(old, new)
    assert (found.gone, found.same) == ((2, 3), False)
    assert difference.to_json(found)["gone"] == {"old": 2, "new": 3}
    said = str(difference.tables(found)[-1])
    assert said.startswith("not compared") and f"2 examples of {old.sha256[:12]}, 3 of {new.sha256[:12]}" in said
    assert difference.difference(old, replace(old, counts={"train": 2, "pool": 1})).gone == (2, 0)
