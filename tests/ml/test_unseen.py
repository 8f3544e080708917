"""A champion is compared with a candidate only on what it did not learn from."""

from __future__ import annotations

from modelmill.datasets import freeze
from modelmill.evaluate.unseen import unseen
from modelmill.records import Dataset, Example, Split
from modelmill.settings import Settings


def _example(name: str, group: str, split: Split, cluster: str = "") -> Example:
    return Example({"query": name}, {"passage": name}, split, (name,), group, cluster)


TAUGHT = [
    _example("a", "json", Split.TRAIN, "c1"),
    _example("b", "csv", Split.VALIDATION),
    _example("c", "zip", Split.TEST),
]


def _frozen(settings: Settings) -> Dataset:
    return freeze.freeze(settings, "semantic_search", TAUGHT, {})


def test_what_shares_a_group_or_a_copy_with_its_training_does_not_count(settings: Settings) -> None:
    asked = [
        _example("d", "json", Split.TEST),
        _example("e", "csv", Split.TEST),
        _example("f", "tar", Split.TEST, "c1"),
        _example("c", "zip", Split.TEST),
        _example("g", "tar", Split.TEST),
    ]
    assert unseen(asked, _frozen(settings), given_splits=False).tolist() == [False, False, False, True, True]


def test_where_splits_are_given_only_the_same_example_was_seen(settings: Settings) -> None:
    asked = [_example("d", "json", Split.TEST), TAUGHT[0]]
    assert unseen(asked, _frozen(settings), given_splits=True).tolist() == [True, False]


def test_a_champion_that_saw_everything_is_compared_on_everything(settings: Settings) -> None:
    assert unseen([_example("d", "json", Split.TEST)], _frozen(settings), given_splits=False).tolist() == [True]
