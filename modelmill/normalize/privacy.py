"""Takes secrets and personal data out of text, before it is stored or logged: `clean` is the one door.

What is found is replaced by its kind and a number, the same value by the same number: `<EMAIL_1>`. All patterns run in
RE2 (linear time: one nested quantifier took 36 s on 26 characters with `re`). What is looked for: rules.py.

It does not find names of persons, postal addresses, or a secret that looks like a word.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from modelmill.normalize.rules import RULES

# Raise when rules change: what was cleaned by an older one is then cleaned again.
PRIVACY_VERSION = 1


@dataclass(frozen=True, slots=True)
class Cleaned:
    """The text that may be stored. counts: how many distinct values of each kind were taken out."""

    text: str
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Found:
    """A value's place in a text."""

    kind: str
    start: int
    end: int


def clean(text: str, placeholder: str = "<{}>") -> Cleaned:
    """The text without secrets and personal data. Cleaning twice changes nothing more.

    placeholder: how `EMAIL_1` is written; `{}` gives an identifier, for code in which `<...>` would not parse.
    """
    numbers: dict[tuple[str, str], int] = {}
    counts: Counter[str] = Counter()
    parts: list[str] = []
    at = 0
    for found in find(text):
        value = text[found.start : found.end]
        if (found.kind, value) not in numbers:
            counts[found.kind] += 1
            numbers[found.kind, value] = counts[found.kind]
        name = placeholder.format(f"{found.kind.upper()}_{numbers[found.kind, value]}")
        # A key over several lines leaves its line ends behind, so that line numbers stay true.
        parts += [text[at : found.start], name, "\n" * value.count("\n")]
        at = found.end
    return Cleaned("".join([*parts, text[at:]]), dict(counts)) if parts else Cleaned(text, {})


def clean_value(value: Any) -> tuple[Any, Counter[str]]:
    """A JSON value with every string in it cleaned, keys included, and what was taken out."""
    if isinstance(value, str):
        cleaned = clean(value)
        return cleaned.text, Counter(cleaned.counts)
    counts: Counter[str] = Counter()
    if isinstance(value, Mapping):
        pairs = [(clean_value(str(key)), clean_value(item)) for key, item in value.items()]
        counts = sum((k[1] + v[1] for k, v in pairs), counts)
        return {k[0]: v[0] for k, v in pairs}, counts
    if isinstance(value, (list, tuple)):
        items = [clean_value(item) for item in value]
        return [item[0] for item in items], sum((item[1] for item in items), counts)
    return value, counts


def find(text: str) -> list[Found]:
    """Where secrets and personal data are, in order, without overlaps (an earlier rule wins)."""
    taken: list[Found] = []
    for index in sorted(_which().Match(text) or ()):
        rule, pattern = RULES[index], _patterns()[index]
        for match in pattern.finditer(text):
            start, end = match.span(1 if pattern.groups else 0)
            if rule.holds(text[start:end], text[start - 1 : start], text[end : end + 1]):
                taken.append(Found(rule.kind, start, end))
    return _without_overlaps(taken)


def _without_overlaps(found: Iterable[Found]) -> list[Found]:
    kept: list[Found] = []
    for candidate in found:  # by rule
        if all(candidate.end <= other.start or candidate.start >= other.end for other in kept):
            kept.append(candidate)
    return sorted(kept, key=lambda one: one.start)


@cache
def _which() -> Any:
    """Tells in one scan which rules can match at all: most texts need no other."""
    import re2

    rules = re2.Set.SearchSet()
    for rule in RULES:
        rules.Add(rule.pattern)
    rules.Compile()
    return rules


@cache
def _patterns() -> list[Any]:
    import re2

    return [re2.compile(rule.pattern) for rule in RULES]
