"""Which groups of rules can match in a short text, told by a few searches for several of their gates at once.

A file of data is cleaned value by value, and most values are a word or two: there, to ask each gate by itself, and each
sign of the rules without a gate, takes longer than all else (60 us in place of 12). RE2's sets look for several
patterns in one go and say which are there. In long texts nothing is gained by them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from modelmill.normalize.rules import Group
from modelmill.normalize.rules.rule import Rule

TOGETHER = 5  # gates in one set; of more the tables grow faster than they are used
COUNTED = re.compile(r"\{(\d+),(\d+)\}")
MANY = 20  # times, of which RE2 writes out each
WORTH_IT = 200  # short texts, from which on the sets are made: that takes 10 ms, each text without them 50 us more


def loosened(gate: str) -> str:
    """A gate that also opens where more stands between than its rules allow: it is made in a tenth of the time."""
    return COUNTED.sub(lambda found: f"{{{found[1]},}}" if int(found[2]) >= MANY else found[0], gate)


class Gates:
    """The gates of all groups. A group is called by its place among them."""

    def __init__(self, groups: Sequence[Group]) -> None:
        self._groups = groups
        self._asked = 0

    def opened(self, data: bytes) -> frozenset[int] | None:
        """The groups that can match in a text; None as long as nobody asked often enough to know it by sets."""
        self._asked += 1
        if self._asked <= WORTH_IT:
            return None
        return frozenset(numbers[at] for numbers, gates in self._sets for at in gates.Match(data) or ())

    @cached_property
    def _sets(self) -> list[tuple[list[int], Any]]:
        apart = [[number] for number, group in enumerate(self._groups) if group.apart]
        others = [number for number, group in enumerate(self._groups) if not group.apart]
        together = [others[at : at + TOGETHER] for at in range(0, len(others), TOGETHER)]
        return [(numbers, _set([_gate(self._groups[one]) for one in numbers])) for numbers in [*together, *apart]]


def _gate(group: Group) -> str:
    """Of a group without one: the signs of its rules, and the patterns of those that have none."""
    return loosened(group.gate) or "|".join(one for rule in group.rules for one in _signs(rule))


def _signs(rule: Rule) -> list[str]:
    small = "(?i)" if rule.pattern.startswith("(?i") else ""
    return [f"(?:{small}{re.escape(sign)})" for sign in rule.signs] or [f"(?:{rule.pattern})"]


def _set(patterns: Sequence[str]) -> Any:
    import re2

    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1  # as the rules are compiled (privacy.py)
    found = re2.Set.SearchSet(options)
    for pattern in patterns:
        found.Add(pattern.encode())
    found.Compile()
    return found
