"""Which of hundreds of short strings are in a text, most of which are not: told by a table of its groups of letters.

A string can only be there where all its groups of three letters are. The table is made in one go over the text (numpy,
3 ns a byte; to look for one string takes C 1 ns), so that a string costs a few look-ups until a group is missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

GROUP = 3  # letters
PLACES = 1 << 16  # of the table; 20,000 characters of code fill one of twelve
FACTORS = (9409, 97, 1)  # of a group's letters, 97 signs apart: groups that share a place cost a look at the text
MIN_BYTES = 2000  # in less, to look for each string costs less than the table


@dataclass(frozen=True, slots=True)
class Sign:
    """What to look for, and where its groups are in a table. small: in whatever case; it is in small letters then."""

    text: bytes
    small: bool
    places: tuple[int, ...]


def sign(text: bytes, *, small: bool) -> Sign:
    """Made ready, once."""
    letters = text.lower()
    groups = (letters[at : at + GROUP] for at in range(len(letters) - GROUP + 1))
    return Sign(
        text, small, tuple(sum(a * b for a, b in zip(FACTORS, group, strict=True)) % PLACES for group in groups)
    )


class Text:
    """A text that is asked for many signs."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.known: dict[int, bool] = {}  # by the signs themselves, which many ask for

    def has_any(self, signs: Sequence[Sign]) -> bool:
        """Whether one of them is there, or there is none to look for. signs: the same object is looked for once."""
        said = id(signs)
        if said not in self.known:
            self.known[said] = not signs or any(one.text in self._cased(one.small) for one in self._possible(signs))
        return self.known[said]

    def _possible(self, signs: Iterable[Sign]) -> Iterable[Sign]:
        table = self._table
        return signs if table is None else (one for one in signs if all(map(table.__getitem__, one.places)))

    def _cased(self, small: bool) -> bytes:
        return self._small if small else self.data

    @cached_property
    def _small(self) -> bytes:
        return self.data.lower()

    @cached_property
    def _table(self) -> bytes | None:
        """1 for each group of letters that is there, in whatever case; None for a short text."""
        if len(self.data) < MIN_BYTES:
            return None
        import numpy as np

        letters = np.frombuffer(self._small, np.uint8).astype(np.uint16)
        places = sum(factor * letters[at : len(letters) - GROUP + 1 + at] for at, factor in enumerate(FACTORS))
        table = np.zeros(PLACES, np.uint8)
        table[places] = 1
        return table.tobytes()
