"""Slips are put right, what is right or no word stays, and a model uses it only where validation says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelmill.predictors import spelling

VOCABULARY = ("[PAD]", "the", "kubectl", "##ing", "ünder")
SPELLING = spelling.learn(["Which pump breaks?", "invoices of the pump", "a whit of lager"], VOCABULARY)


@pytest.mark.parametrize(
    ("typed", "right"),
    [
        ("which pmup breaks", "which pump breaks"),
        ("wich Pumpp braeks", "which pump breaks"),
        ("pepole at the machin", "people at the machine"),
        ("the invoic", "the invoice"),
        ("kubectll", "kubectl"),
        ("EVERYBODDY KNOWS", "everybody KNOWS"),
    ],
)
def test_slips_are_put_right(typed: str, right: str) -> None:
    assert SPELLING.right(typed) == right


@pytest.mark.parametrize(
    "text",
    [
        "Which PUMP breaks? 3,000 of the pump...",
        "machines voiced",
        "pmup_id breakz.py http://machin.example/x a@machin.de isMachin 3machin",
        "teh fox",  # less than four letters
        "isn't don’t machin's",
        "zzzzzz",  # near nothing
        "peopl" * 400,
        "vitest and dedupe",  # nobody knows them, and nothing usual is near
        "the flaw smells, it is torn",  # words beside more usual ones
        "машина größe ünd",
        "",
    ],
)
def test_what_is_right_or_no_word_stays(text: str) -> None:
    assert SPELLING.right(text) == text


def test_a_rare_word_of_the_training_stays_and_comes_before_others() -> None:
    assert SPELLING.right("a whit of it") == "a whit of it"
    assert spelling.learn([], ()).right("a whit of it") == "a what of it"
    assert SPELLING.right("lagar") == "lager"
    assert spelling.learn(["from lagos"], ()).right("lagor") == "lagos"


def test_it_comes_back_as_it_was_and_a_model_without_reads_what_was_typed(tmp_path: Path) -> None:
    assert spelling.load(tmp_path) is None
    spelling.save(SPELLING, tmp_path)
    assert spelling.load(tmp_path) == SPELLING


def test_a_model_that_has_words_in_order_only_is_read_too(tmp_path: Path) -> None:
    (tmp_path / spelling.FILE).write_text('{"own": {"pump": 2}, "known": ["people", "machine", "marine"]}')
    read = spelling.load(tmp_path)
    assert read
    assert read.right("pepole with a pmup, marinee") == "people with a pump, marine"


def test_a_long_text_of_unknown_words_takes_no_more_memory_than_is_kept() -> None:
    made = spelling.learn(["pump"], ())
    made.right(" ".join(f"zzzz{a}{b}{c}q" for a in "abcdefgh" for b in "abcdefgh" for c in "abcdefgh"))
    assert len(made.kept) <= spelling.KEPT
