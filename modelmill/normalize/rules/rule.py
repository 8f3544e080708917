"""What a rule is, and the checks that several rules share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Check = Callable[[str, str, str], bool]


def _always(value: str, before: str, after: str) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern in RE2's syntax. Group 1 is the value, the whole match if there is no group.

    signs: unless one of them is in the text the pattern cannot match and is not tried. Of a pattern that begins with
    (?i) they are in small letters and looked for in whatever case.
    holds: (value, before, after) -> is it one? before and after are the neighbouring characters: RE2 looks at none.
    unless: a pattern; what stands between the start of the match and the value must not match it.
    reach: bytes before the match, of its line, that `unless` is shown too.
    within: what of the value is secret, where the value has a frame that stays (the armour of a key).
    """

    kind: str
    pattern: str
    signs: tuple[str, ...] = ()
    holds: Check = _always
    within: str = ""
    unless: str = ""
    reach: int = 0


def alone(before: str, after: str) -> bool:
    """Whether the value is a word by itself, no part of a longer name or number."""
    return not (before.isalnum() or before in tuple("_-.+") or after.isalnum() or after in tuple("_-"))
