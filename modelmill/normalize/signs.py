"""Which of hundreds of short strings are in a text, most of which are not: told by a table of its groups of letters.

A string can only be there where all its groups of three letters are. The table is made in one go over the text (numpy,
3 ns a byte; to look for one string takes C 1 ns), and all strings are looked up in it at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

GROUP = 3  # letters
PLACES = 1 << 16  # of the table; 20,000 characters of code fill one of twelve
ALWAYS = PLACES  # a place that is filled in each table
FACTORS = (9409, 97, 1)  # of a group's letters, 97 signs apart: groups that share a place cost a look at the text
MIN_BYTES = 2000  # in less, to look for each string costs less than the table


@dataclass(frozen=True, slots=True)
class Sign:
    """What to look for. small: in whatever case; it is in small letters then. number: its place among all signs."""

    text: bytes
    small: bool
    number: int


class Signs:
    """All that texts are asked for, in order of their numbers."""

    def __init__(self, signs: Sequence[Sign]) -> None:
        self._signs = signs

    @cached_property
    def places(self) -> Any:
        """(signs, groups) int32: where a sign's groups are in a table. Made for the first text that is worth one."""
        import numpy as np

        places = [_places(one.text) for one in self._signs]
        table = np.full((len(places), max(map(len, places), default=0)), ALWAYS, np.int32)
        for row, of in zip(table, places, strict=True):
            row[: len(of)] = of
        return table


class Text:
    """A text that is asked for many signs."""

    def __init__(self, data: bytes, signs: Signs) -> None:
        self.data = data
        self.signs = signs
        self.known: dict[int, bool] = {}  # by the signs themselves, which many ask for
        self.there: dict[int, bool] = {}  # by number

    def has_any(self, signs: Sequence[Sign]) -> bool:
        """Whether one of them is there, or there is none to look for. signs: the same object is looked for once."""
        said = id(signs)
        if said not in self.known:
            self.known[said] = not signs or any(map(self._has, self._possible(signs)))
        return self.known[said]

    def _has(self, sign: Sign) -> bool:
        if sign.number not in self.there:
            self.there[sign.number] = sign.text in (self._small if sign.small else self.data)
        return self.there[sign.number]

    def _possible(self, signs: Sequence[Sign]) -> Sequence[Sign]:
        possible = self._numbers
        return signs if possible is None else [one for one in signs if possible[one.number]]

    @cached_property
    def _small(self) -> bytes:
        return self.data.lower()

    @cached_property
    def _numbers(self) -> bytes | None:
        """By number, 1 for each sign all of whose groups are there, in whatever case; None for a short text."""
        if len(self.data) < MIN_BYTES:
            return None
        import numpy as np

        letters = np.frombuffer(self._small, np.uint8).astype(np.uint16)
        places = np.zeros(len(letters) - GROUP + 1, np.uint16)
        for at, factor in enumerate(FACTORS):
            places += letters[at : len(places) + at] * np.uint16(factor)
        table = np.zeros(PLACES + 1, bool)
        table[places.astype(np.intp)] = table[ALWAYS] = True  # as numpy counts places: half the time
        return table[self.signs.places].all(axis=1).tobytes()


def _places(text: bytes) -> list[int]:
    """Of its groups of letters in the table."""
    letters = text.lower()
    groups = (letters[at : at + GROUP] for at in range(len(letters) - GROUP + 1))
    return [sum(a * b for a, b in zip(FACTORS, group, strict=True)) % PLACES for group in groups]
