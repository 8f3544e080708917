"""Words around a training text: the text stays, and evaluation asks with others."""

from __future__ import annotations

import random

import pytest

from modelmill.evaluate import rewording
from modelmill.finetune.framing import AFTER, BEFORE, frame

TEXT = "where is the invoice of march?"


def test_the_text_stays_within_and_the_same_seed_gives_the_same() -> None:
    rng = random.Random(1)
    made = [frame(TEXT, rng, 1.0) for _ in range(200)]
    assert all(TEXT.rstrip("?") in one and one.endswith(("?", TEXT)) and one != TEXT for one in made)
    assert {one.startswith(TEXT.rstrip("?")) for one in made} == {True, False}
    again = random.Random(1)
    assert made == [frame(TEXT, again, 1.0) for _ in range(200)]


def test_about_the_share_is_changed_and_none_leaves_the_randomness_as_it_was() -> None:
    rng = random.Random(2)
    assert 350 < sum(frame(TEXT, rng, 0.4) != TEXT for _ in range(1000)) < 450
    state = rng.getstate()
    assert frame(TEXT, rng, 0.0) == TEXT
    assert rng.getstate() == state


@pytest.mark.parametrize("words", [*BEFORE, *AFTER])
def test_evaluation_asks_with_other_words(words: str) -> None:
    """Nor with the same ones within a longer phrase."""
    own = words.strip(" ,.:()?")
    asked = [one.strip(" ,:") for one in (*rewording.GREETINGS, *rewording.ENDINGS)]
    pairs = [one for pair in rewording.SYNONYMS for one in pair]
    assert not [one for one in asked if f" {one} " in f" {own} ".replace(",", " ")]
    assert own not in pairs and words.casefold() == words
