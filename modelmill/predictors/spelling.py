"""Slips of the fingers, put right before a text is classified: a word that nobody knows becomes a known one near it.

One edit away (Norvig, https://norvig.com/spell-correct.html): a letter lost, added, exchanged, or two swapped. Known
are the words of the training texts, which are chosen first, the whole words of the tokenizer, and forms of both with
a common English ending. What looks like code, an address or a name with inner capitals stays; so do words of less than
four letters and other alphabets. Whether it is used at all is decided on validation (finetune/recipes/classifier.py).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

FILE = "spelling.json"
LEAST = 4  # letters of a word that is looked at
KEPT = 10_000  # words whose answer is kept
LETTERS = "abcdefghijklmnopqrstuvwxyz"
ENDINGS = (
    ("s", ""), ("es", ""), ("ed", ""), ("ed", "e"), ("ing", ""), ("ing", "e"), ("er", ""), ("er", "e"), ("ers", ""),
    ("ers", "e"), ("ly", ""), ("ies", "y"), ("ied", "y"),
)  # fmt: skip
WORD = re.compile(rf"(?<![\w.@/-])[A-Za-z]{{{LEAST},}}(?![\w@/]|[.-]\w)")
_PLAIN = re.compile(r"[a-z]+")


@dataclass(frozen=True)
class Spelling:
    """own: words of the training texts and how often. known: further words, the most usual first, with their place."""

    own: Mapping[str, int]
    known: Mapping[str, int]
    kept: dict[str, str] = field(default_factory=dict[str, str], compare=False)

    def right(self, text: str) -> str:
        """The text with known words in place of slips; the same text where there is none."""
        return WORD.sub(lambda found: self._word(found.group()), text)

    def _word(self, word: str) -> str:
        """Capital letters are lost with the slip: the models read small ones."""
        low = word.lower()
        if word not in (low, word.upper(), word.capitalize()):
            return word
        found = self.kept.get(low)
        if found is None:
            if len(self.kept) >= KEPT:
                self.kept.clear()
            found = self.kept[low] = self._nearest(low)
        return word if found == low else found

    def _nearest(self, word: str) -> str:
        if self._knows(word):
            return word
        near = set(_one_edit(word))
        own = near & self.own.keys()
        if own:
            return max(own, key=lambda one: (self.own[one], one))
        return min(near & self.known.keys(), key=lambda one: self.known[one], default=word)

    def _knows(self, word: str) -> bool:
        stems = (word.removesuffix(end) + stem for end, stem in ENDINGS if word.endswith(end))
        return any(one in self.own or one in self.known for one in (word, *(s for s in stems if len(s) >= LEAST - 1)))


def _one_edit(word: str) -> Iterator[str]:
    for at in range(len(word) + 1):
        before, after = word[:at], word[at:]
        yield from (before + letter + after for letter in LETTERS)
        if after:
            yield before + after[1:]
            yield from (before + letter + after[1:] for letter in LETTERS)
        if len(after) > 1:
            yield before + after[1] + after[0] + after[2:]


def learn(texts: Iterable[str], vocabulary: Mapping[str, int]) -> Spelling:
    """vocabulary: a tokenizer's pieces with their numbers, the smaller the more usual; whole words of it are taken."""
    own = Counter(word for text in texts for word in _PLAIN.findall(text.lower()) if len(word) >= LEAST - 1)
    whole = (piece for piece in sorted(vocabulary, key=lambda one: vocabulary[one]) if len(piece) >= LEAST - 1)
    known = {piece: place for place, piece in enumerate(piece for piece in whole if _PLAIN.fullmatch(piece))}
    return Spelling(dict(sorted(own.items())), known)


def save(spelling: Spelling, folder: Path) -> None:
    """As JSON beside the model; the further words in their order."""
    told = {"own": spelling.own, "known": list(spelling.known)}
    (folder / FILE).write_text(json.dumps(told) + "\n", encoding="utf-8")


def load(folder: Path) -> Spelling | None:
    """What `save` wrote; None for a model that reads what was typed as it is."""
    file = folder / FILE
    if not file.is_file():
        return None
    told = json.loads(file.read_text(encoding="utf-8"))
    return Spelling(told["own"], {word: place for place, word in enumerate(told["known"])})
