"""A query in plain form says the same wish in the same words; labels about politeness forbid it; a model remembers."""

from __future__ import annotations

import pytest

from modelmill.predictors.plain import fits, plain


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("Hello, what's the price of node.js?", "what is the price of node.js"),
        ("can’t you do it, please?!", "cannot you do it"),
        ("quick question: where is my .env file", "where is my .env file"),
        ("Hi there, they're BROKEN...", "they are broken"),
        ("hey, I'd like that by 9:30, thank you very much.", "i would like that by 9:30"),
        ("good morning, is the pump, the one in hall 3, ok", "is the pump, the one in hall 3, ok"),
        ("is this Bob's   hello-world, or hi-fi", "is this bob's hello-world, or hi-fi"),
    ],
)
def test_what_carries_no_wish_goes(text: str, form: str) -> None:
    assert plain(text) == form
    assert plain(form) == form


@pytest.mark.parametrize("text", ["please", "Thanks!", "...", "", " ? ", "Hello there"])
def test_a_text_without_another_word_stays(text: str) -> None:
    assert plain(text) == text


def test_other_alphabets_and_long_texts_pass() -> None:
    assert plain("Где машина 3?") == "где машина 3"
    assert plain("x" * 2000 + "?!" * 500) == "x" * 2000


def test_labels_about_politeness_forbid_plain_form() -> None:
    asked = [("where is my card", "card"), ("please block the card", "card"), ("lost it", "card"), ("stolen", "card")]
    assert not fits(asked)
    assert fits([*asked, ("it was taken from me", "card")])
    assert not fits([("thanks a lot", "thank_you"), ("you are great", "thank_you"), ("lost it", "card")])
