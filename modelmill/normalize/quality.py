"""How well a piece of code is kept, 0..1, as four parts that can be argued about one by one.

    documented  words about it: 0 none, 1 from ten words on; what is simple and short needs fewer
    simple      McCabe's number: 1 up to 10 (McCabe 1976's own limit), 0 from 40 on, in a line between
    short       lines of the body: 1 up to 50, 0 from 250 on, in a line between
    named       1 if the name follows its language's convention and has three letters, .5 if one of both, 0 if neither

`score` is their mean. It says nothing about whether the code is right.
"""

from __future__ import annotations

from collections.abc import Mapping

from modelmill.normalize import naming
from modelmill.normalize.language import Draft

ENOUGH_WORDS = 10
SIMPLE, TANGLED = 10, 40
SHORT, ENDLESS = 50, 250
MIN_NAME = 3


def of(language: str, name: str, draft: Draft) -> Mapping[str, float]:
    """The parts and their mean, each with two decimals."""
    complexity = int(draft.meta.get("complexity", 1))
    lines = int(draft.meta.get("body_lines", 0))
    parts = {
        "documented": _documented(draft.docstring, complexity, lines),
        "simple": _falling(complexity, SIMPLE, TANGLED),
        "short": _falling(lines, SHORT, ENDLESS),
        "named": (naming.follows(language, draft.kind, name) + (len(name.strip("_#$")) >= MIN_NAME)) / 2,
    }
    return {"score": round(sum(parts.values()) / len(parts), 2), **{key: round(part, 2) for key, part in parts.items()}}


def _documented(docstring: str, complexity: int, lines: int) -> float:
    """The share of the words it needs: one a line of its body, three a branch, ten at most."""
    needed = min(ENOUGH_WORDS, max(1, lines, 3 * (complexity - 1)))
    return min(1.0, len(docstring.split()) / needed)


def _falling(value: int, best: int, worst: int) -> float:
    return max(0.0, min(1.0, (worst - value) / (worst - best)))
