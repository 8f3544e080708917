"""Typing errors for training texts, so that a classifier does not fall over one: swap, drop, double, or a near key."""

from __future__ import annotations

import random

NEAR = {
    "a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj", "i": "uo", "j": "hk",
    "k": "jl", "l": "k", "m": "n", "n": "bm", "o": "ip", "p": "o", "q": "wa", "r": "et", "s": "ad", "t": "ry",
    "u": "yi", "v": "cb", "w": "qe", "x": "zc", "y": "tu", "z": "x",
}  # fmt: skip


def mistype(text: str, rng: random.Random, share: float) -> str:
    """`text` with one typing error in about `share` of its words of four letters or more."""
    return " ".join(
        _spoil(word, rng) if len(word) > 3 and word.isalpha() and rng.random() < share else word
        for word in text.split(" ")
    )


def _spoil(word: str, rng: random.Random) -> str:
    at = rng.randrange(1, len(word) - 1)
    how = rng.randrange(4)
    if how == 0:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if how == 1:
        return word[:at] + word[at + 1 :]
    if how == 2:
        return word[:at] + word[at] + word[at:]
    return word[:at] + rng.choice(NEAR.get(word[at].lower(), word[at])) + word[at + 1 :]
