"""The words half of a hybrid search: what the vectors found first is put into order again by what its words add.

BM25 (see bm25.py) of the query against each of the nearest passages, times a weight that is fitted to validation
queries, added to the cosine. Words are cut to their first letters, so that `connected` finds `connection`. How rare
they are was counted once, in the passages and queries the model was trained on (in code alone, `the` would be rare),
and goes with the model: so there is no second index that could be older than the units, filters hold as they do for
vectors, and evaluation orders exactly as serving does. A passage that is not among the nearest is not found by its
words.
"""

from __future__ import annotations

import json
import math
import re
import sys
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields
from pathlib import Path

from modelmill.predictors.code import is_code
from modelmill.records import Unit
from modelmill.task import Hit

FILE = "words.json"
K1, B = 1.2, 0.75
LETTERS = 5  # of a word; 4, 6, 7 and a stemmer find less (docs/experiments.md)
NEAREST = 100  # put into order again; the right one of 1,000 is among them in 96 of 100 cases
KNOWN_AT_ONCE, PAUSE_SECONDS = 20, 0.005  # some 2 ms of work, then those who are asked
KEPT = 20_000  # passages whose words are kept, of some 2 kB each

Name = tuple[str, str, str, int]
Held = tuple[Mapping[str, int], float]
# As `texts.words` splits, in a third of its time: a hundred passages are split for a question about what is new.
_WORD = re.compile(r"[a-z0-9]+|[A-Z]+(?![a-z])[a-z0-9]*|[A-Z][a-z0-9]+")


def terms(text: str) -> list[str]:
    """Lower-case words of prose and of names: `parseHeader` gives parse, header."""
    found: list[str] = _WORD.findall(text)
    return " ".join(found).lower().split()


@dataclass(frozen=True)
class Lexicon:
    """rarity: a word's inverse document frequency; unknown: that of a word nobody used. mean: words a passage.

    weight: what a point of BM25 is worth in cosine; 0 leaves the order of the vectors. n: queries it was fitted to.
    code_weight, code_n: the same for queries that are code; None, as in models made before: as for words.
    letters: that a word is cut to; None, as in models made before: all of them.
    """

    weight: float
    mean: float
    unknown: float
    rarity: Mapping[str, float]
    n: int = 0
    code_weight: float | None = None
    code_n: int = 0
    letters: int | None = None
    kept: OrderedDict[Name, Held] = field(default_factory=OrderedDict[Name, Held], compare=False)

    def weight_for(self, query: str) -> float:
        """The weight for code or for words, whichever the query is."""
        return self.code_weight if self.code_weight is not None and is_code(query) else self.weight

    def reorder(self, query: str, hits: Sequence[Hit], passage: Callable[[Unit], str], k: int) -> list[Hit]:
        """The k best of the hits by cosine and words together; equal ones stay in the order of the vectors."""
        weight = self.weight_for(query)
        if not weight or not hits:
            return list(hits[:k])
        added = self.points(query, [hit.unit for hit in hits], passage)
        scores = [hit.score + weight * points for hit, points in zip(hits, added, strict=True)]
        best = sorted(range(len(hits)), key=scores.__getitem__, reverse=True)[:k]
        return [Hit(hits[place].unit, scores[place]) for place in best]

    def points(self, query: str, units: Sequence[Unit], passage: Callable[[Unit], str]) -> list[float]:
        """BM25 of each unit's passage for the query, 0 and more."""
        asked = [(term, self.rarity.get(term, self.unknown)) for term in dict.fromkeys(self._terms(query))]
        found: list[float] = []
        for unit in units:  # a hundred for each question: without a call for each
            held, norm = self._held(unit, passage)
            points = 0.0
            for term, rarity in asked:
                if term in held:
                    points += rarity * held[term] * (K1 + 1) / (held[term] + norm)
            found.append(points)
        return found

    def know(self, units: Sequence[Unit], passage: Callable[[Unit], str]) -> None:
        """Count the words of as many as are kept now, with room for other threads, so that who asks need not wait.

        All others are forgotten: they may have been erased.
        """
        self.kept.clear()
        for place, unit in enumerate(units[:KEPT]):
            self._held(unit, passage)
            if place % KNOWN_AT_ONCE == 0:
                time.sleep(PAUSE_SECONDS)

    def _terms(self, text: str) -> list[str]:
        return cut(terms(text), self.letters)

    def _held(self, unit: Unit, passage: Callable[[Unit], str]) -> Held:
        """How often each word is in the passage, and what BM25 makes of how many they are; computed once a text."""
        name = (unit.corpus, unit.path, unit.name, hash(unit.text))  # of texts that know their hashes
        found = self.kept.get(name)
        if found is None:
            said = self._terms(passage(unit))
            counted = Counter(map(sys.intern, said))  # one text of a word for all passages
            found = self.kept[name] = (dict(counted), K1 * (1 - B + B * len(said) / self.mean))
            while len(self.kept) > KEPT:
                with suppress(KeyError):  # another thread may have forgotten all
                    self.kept.popitem(last=False)
        return found


def learn(passages: Sequence[str], queries: Sequence[str] = ()) -> Lexicon:
    """Count the words of both; without a weight yet."""
    said = [cut(terms(passage), LETTERS) for passage in passages]
    texts = [*said, *(cut(terms(query), LETTERS) for query in queries)]
    held = Counter(term for one in texts for term in set(one))
    rarity = {term: round(_rarity(len(texts), n), 4) for term, n in sorted(held.items())}
    mean = sum(map(len, said)) / len(said) if said else 1.0
    return Lexicon(0.0, max(mean, 1.0), _rarity(len(texts), 0), rarity, letters=LETTERS)


def cut(words: list[str], letters: int | None) -> list[str]:
    """The words' first letters; None leaves them whole."""
    return words if letters is None else [word[:letters] for word in words]


def _rarity(texts: int, held: int) -> float:
    return math.log(1 + (texts - held + 0.5) / (held + 0.5))


def save(lexicon: Lexicon, folder: Path) -> None:
    """As JSON beside the model."""
    told = {one.name: getattr(lexicon, one.name) for one in fields(lexicon) if one.name != "kept"}
    (folder / FILE).write_text(json.dumps(told, ensure_ascii=False) + "\n", encoding="utf-8")


def load(folder: Path) -> Lexicon | None:
    """What `save` wrote; None for a model that was made without."""
    file = folder / FILE
    return Lexicon(**json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else None
