"""Which of hundreds of short strings are in a text, most of which are not: told by a table of its groups of letters.

A string can only be there where all its groups of three letters are. The table is made in one go over the text (numpy,
3 ns a byte; to look for one string takes C 1 ns), and all strings are looked up in it at once. A megabyte of letters
drawn at random has nearly all groups of three: of a long text it is also told which of the strings' first letters are
there, up to six of them.
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
LONG = 100_000  # bytes; in less the groups of three tell enough
HEADS = (4, 5, 6)  # first letters of a string, the most that it has of these
MIXED = 0x9E3779B97F4A7C15  # odd: a head, times this, has its own upper bits (Knuth's multiplicative hashing)
STEP = 1 << 16  # bytes of a text at a time: what is made of them stays in the processor's cache


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

    @cached_property
    def heads(self) -> dict[int, dict[int, list[int]]]:
        """By length: first letters as a number, and the signs that begin so."""
        heads: dict[int, dict[int, list[int]]] = {length: {} for length in HEADS}
        for sign in self._signs:
            if (length := min(len(sign.text), HEADS[-1])) in heads:
                heads[length].setdefault(int.from_bytes(sign.text[:length].lower(), "little"), []).append(sign.number)
        return heads


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
        possible: Any = table[self.signs.places].all(axis=1)
        if len(self.data) >= LONG:
            possible[_not_begun(self._small, self.signs.heads)] = False
        return possible.tobytes()


def _not_begun(small: bytes, heads: dict[int, dict[int, list[int]]]) -> list[int]:
    """The numbers of signs whose first letters are nowhere in a text of small letters."""
    import numpy as np

    marked: dict[int, Any] = {}
    for length, these in heads.items():
        marked[length] = np.zeros(PLACES, bool)
        marked[length][_hashed(np.array(list(these), np.uint64))] = True
    there: set[tuple[int, int]] = set()
    letters = np.frombuffer(small + bytes(HEADS[-1]), np.uint8)
    for start in range(0, len(small), STEP):
        some = letters[start : start + STEP + HEADS[-1]].astype(np.uint64)
        packed: Any = sum(some[at : at - HEADS[-1]] << np.uint64(8 * at) for at in range(HEADS[-1]))
        for length in HEADS:
            first = packed & np.uint64((1 << 8 * length) - 1)
            there.update((length, head) for head in first[marked[length][_hashed(first)]].tolist())
    return [
        number
        for length, these in heads.items()
        for head, numbers in these.items()
        if (length, head) not in there
        for number in numbers
    ]


def _hashed(packed: Any) -> Any:
    """(n,) uint64 → (n,) a place in a table for each."""
    import numpy as np

    return (packed * np.uint64(MIXED) >> np.uint64(48)).astype(np.intp)


def _places(text: bytes) -> list[int]:
    """Of its groups of letters in the table."""
    letters = text.lower()
    groups = (letters[at : at + GROUP] for at in range(len(letters) - GROUP + 1))
    return [sum(a * b for a, b in zip(FACTORS, group, strict=True)) % PLACES for group in groups]
