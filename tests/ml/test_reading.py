"""What a classifier gets of what was typed: no punctuation behind words where its model asks for that, no slips."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelmill.predictors import reading, spelling
from modelmill.predictors.reading import Reading

BARE = Reading(bare=True)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("Where is it?", "Where is it"),
        ("stop, look; go...", "stop look go"),
        ("really ??!", "really"),
        ("version 3.11, a.b or f(x)!", "version 3.11 a.b or f(x)"),
        ("?", "?"),  # never nothing
        ("...  !", "...  !"),
        ("", ""),
    ],
)
def test_punctuation_behind_words_is_not_read(typed: str, read: str) -> None:
    assert BARE(typed) == read
    assert BARE(read) == read


def test_a_model_that_says_nothing_reads_what_was_typed(tmp_path: Path) -> None:
    assert reading.load(tmp_path) == Reading()
    assert Reading()("Wher is it?") == "Wher is it?"


@pytest.mark.parametrize("bare", [True, False])
@pytest.mark.parametrize("speller", [None, spelling.learn(["where is it"], ())])
def test_it_comes_back_as_it_was(tmp_path: Path, bare: bool, speller: spelling.Spelling | None) -> None:
    made = Reading(speller, bare)
    reading.save(made, tmp_path)
    again = reading.load(tmp_path)
    assert again == made
    assert again("Wher is it?") == ("where" if speller else "Wher") + " is it" + ("" if bare else "?")
