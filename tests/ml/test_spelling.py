"""Slips are put right, what is right or no word stays, and a model uses it only where validation says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelmill.predictors import spelling

VOCABULARY = {
    "[PAD]": 0,
    "the": 1,
    "machine": 2,
    "people": 3,
    "invoice": 4,
    "##ing": 5,
    "voice": 6,
    "marine": 7,
    "ünder": 8,
}
SPELLING = spelling.learn(["Which pump breaks?", "invoices of the pump"], VOCABULARY)


@pytest.mark.parametrize(
    ("typed", "right"),
    [
        ("which pmup breaks", "which pump breaks"),
        ("wich Pumpp braeks", "which pump breaks"),
        ("pepole at the machin", "people at the machine"),
        ("the invoic", "the invoice"),
    ],
)
def test_slips_are_put_right(typed: str, right: str) -> None:
    assert SPELLING.right(typed) == right


@pytest.mark.parametrize(
    "text",
    [
        "Which PUMP breaks? 3,000 of the pump...",
        "machines voiced",  # a known word with an ending
        "pmup_id breakz.py http://machin.example/x a@machin.de isMachin 3machin",
        "teh fox",  # less than four letters
        "zzzzzz",  # near nothing
        "машина größe ünd",
        "",
    ],
)
def test_what_is_right_or_no_word_stays(text: str) -> None:
    assert SPELLING.right(text) == text


def test_words_of_the_training_come_before_words_of_the_tokenizer() -> None:
    both = spelling.learn(["a marine"], {"machine": 1, "marines": 2})
    assert both.right("marinee") == "marine"
    assert SPELLING.known == {"the": 0, "machine": 1, "people": 2, "invoice": 3, "voice": 4, "marine": 5}


def test_it_comes_back_as_it_was_and_a_model_without_reads_what_was_typed(tmp_path: Path) -> None:
    assert spelling.load(tmp_path) is None
    spelling.save(SPELLING, tmp_path)
    assert spelling.load(tmp_path) == SPELLING


def test_a_long_text_of_unknown_words_takes_no_more_memory_than_is_kept() -> None:
    made = spelling.learn(["pump"], {})
    made.right(" ".join(f"zzzz{a}{b}{c}q" for a in "abcdefgh" for b in "abcdefgh" for c in "abcdefgh"))
    assert len(made.kept) <= spelling.KEPT
