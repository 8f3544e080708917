"""Slips of the fingers, put right before a text is classified: a word becomes the one that was most likely meant.

A noisy channel of one edit (Kernighan, Church and Gale 1990, https://aclanthology.org/C90-2036; Norvig,
https://norvig.com/spell-correct.html): how usual a word is, times how likely fingers make of it what stands there. How
usual words are comes half from the training texts, half from the list of symspellpy (82,765 English words by Google
Books Ngrams, CC BY 3.0, cut down to SCOWL's), and the whole words of the tokenizer are known too. So a usual word is
also put in the place of a rare one ("whit" becomes "what"), but never in that of a training text's.

What looks like code, an address or a name with inner capitals stays; so do words of less than four letters and other
alphabets. Whether it is used at all is decided on validation (finetune/recipes/classifier.py).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import log
from pathlib import Path

from modelmill.finetune.typos import NEAR

FILE = "spelling.json"
LEAST, MOST = 4, 30  # letters of a word that is looked at; a longer one costs seconds and is no word
KEPT = 10_000  # words whose answer is kept
LETTERS = "abcdefghijklmnopqrstuvwxyz"
VOWELS = "aeiou"
FEW = 100_000  # how often a word of the tokenizer is counted that the list has not: among the rarest third of it
# Logarithms of how much likelier a word was typed as it was meant, and of how likely each slip is beside the others.
# The first two were chosen so that no right word of the validation queries is changed (docs/experiments.md); the others
# are set by hand and fitted to nothing.
AS_MEANT = 4.0
NEW = -20.5  # a word that nobody knows is meant so: a name of a program, say
FIRST = -3.0  # at a word's first letter: a twentieth as usual
DOUBLED = -2.0  # a double letter written once, or one twice
VOWEL = -2.6  # for another one
SWAPPED = -2.6
LOST_VOWEL = -3.2  # or the last letter
KEY = -3.2  # the one beside it
LOST = -4.0
ADDED = -4.4
OTHER = -6.4
WORD = re.compile(rf"(?<![\w.@/'’-])[A-Za-z]{{{LEAST},{MOST}}}(?![\w@/]|[.'’-]\w)")
_PLAIN = re.compile(r"[a-z]+")


@dataclass(frozen=True)
class Spelling:
    """own: words of the training texts and how often. known: those of English and the tokenizer, and how often."""

    own: Mapping[str, int]
    known: Mapping[str, int]
    kept: dict[str, str] = field(default_factory=dict[str, str], compare=False, repr=False)

    def right(self, text: str) -> str:
        """The text with known words in place of slips; the same text where there is none."""
        return WORD.sub(lambda found: self._word(found.group()), text)

    def _word(self, word: str) -> str:
        """Capital letters are lost with the slip: the models read small ones."""
        low = word.lower()
        if low in self.own or word not in (low, word.upper(), word.capitalize()):
            return word
        found = self.kept.get(low)
        if found is None:
            if len(self.kept) >= KEPT:
                self.kept.clear()
            found = self.kept[low] = self._meant(low)
        return word if found == low else found

    def _meant(self, word: str) -> str:
        likely = {word: AS_MEANT + self._usual(word) if word in self.known else NEW}
        for one, slip in _slips(word):
            if one in self.own or one in self.known:
                likely[one] = max(likely.get(one, -1e9), slip + self._usual(one))
        return max(likely, key=lambda one: (likely[one], one))

    def _usual(self, word: str) -> float:
        """Logarithm of the share of all words."""
        own, known = self._words
        return log((self.own.get(word, 0) / own + self.known.get(word, 0) / known) / 2)

    @cached_property
    def _words(self) -> tuple[int, int]:
        return sum(self.own.values()) or 1, sum(self.known.values()) or 1


def _slips(word: str) -> Iterator[tuple[str, float]]:
    """Whatever is one edit away, maybe more than once, with how likely the slip is that made `word` of it."""
    for at in range(len(word) + 1):
        before, after = word[:at], word[at:]
        first = 0.0 if at else FIRST
        for letter in LETTERS:
            twice = letter in (before[-1:], after[:1])
            yield (
                before + letter + after,
                first + (DOUBLED if twice else LOST if after and letter not in VOWELS else LOST_VOWEL),
            )
        if after:
            yield before + after[1:], first + (DOUBLED if after[0] in (before[-1:], after[1:2]) else ADDED)
            yield from (
                (before + letter + after[1:], first + _exchanged(letter, after[0]))
                for letter in LETTERS
                if letter != after[0]
            )
        if len(after) > 1 and after[0] != after[1]:
            yield before + after[1] + after[0] + after[2:], first + SWAPPED


def _exchanged(meant: str, typed: str) -> float:
    if meant in VOWELS and typed in VOWELS:
        return VOWEL
    return KEY if typed in NEAR[meant] else OTHER


def learn(texts: Iterable[str], vocabulary: Iterable[str]) -> Spelling:
    """vocabulary: a tokenizer's pieces; whole words of it are known."""
    own = Counter(word for text in texts for word in _PLAIN.findall(text.lower()))
    whole = dict.fromkeys((piece for piece in vocabulary if len(piece) >= LEAST - 1 and _PLAIN.fullmatch(piece)), FEW)
    return Spelling(dict(sorted(own.items())), {**whole, **_english()})


def _english() -> dict[str, int]:
    """How often each word stands in English books."""
    from importlib.resources import files

    listed = files("symspellpy").joinpath("frequency_dictionary_en_82_765.txt").read_text(encoding="utf-8-sig")
    pairs = (line.split() for line in listed.splitlines())
    return {word: int(count) for word, count in pairs if _PLAIN.fullmatch(word)}


def save(spelling: Spelling, folder: Path) -> None:
    """As JSON beside the model."""
    told = {"own": spelling.own, "known": spelling.known}
    (folder / FILE).write_text(json.dumps(told) + "\n", encoding="utf-8")


def load(folder: Path) -> Spelling | None:
    """What `save` wrote; None for a model that reads what was typed as it is."""
    file = folder / FILE
    if not file.is_file():
        return None
    told = json.loads(file.read_text(encoding="utf-8"))
    known = told["known"]
    if isinstance(known, list):  # models made before words were counted have them in order, the most usual first
        known = {word: FEW * len(known) // place for place, word in enumerate(known, 1)}
    return Spelling(told["own"], known)
