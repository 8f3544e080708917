"""Which naming convention a name follows, and whether that is the one of its language.

Conventions: PEP 8, Effective Go, Google's style guides for Java, TypeScript and Shell.
"""

from __future__ import annotations

import re
from typing import Literal

Convention = Literal["snake_case", "camelCase", "PascalCase", "UPPER_CASE", "kebab-case", "lowercase", "other"]

# In this order: `total` is lowercase before it is snake_case or camelCase, `URL` upper before it is Pascal.
_PATTERNS: tuple[tuple[Convention, re.Pattern[str]], ...] = (
    ("lowercase", re.compile(r"[a-z][a-z0-9]*")),
    ("UPPER_CASE", re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")),
    ("snake_case", re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)+")),
    ("camelCase", re.compile(r"[a-z][a-z0-9]*([A-Z][a-zA-Z0-9]*)+")),
    ("PascalCase", re.compile(r"([A-Z][a-zA-Z0-9]*)+")),
    ("kebab-case", re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)+")),
)

_FUNCTIONS: dict[str, frozenset[Convention]] = {
    "python": frozenset({"lowercase", "snake_case"}),
    "bash": frozenset({"lowercase", "snake_case"}),
    "sql": frozenset({"lowercase", "snake_case"}),
    "go": frozenset({"lowercase", "camelCase", "PascalCase", "UPPER_CASE"}),
    # A component and a constructor are functions with the name of a type.
    "javascript": frozenset({"lowercase", "camelCase", "PascalCase"}),
    "tsx": frozenset({"lowercase", "camelCase", "PascalCase"}),
}
_CAMEL: frozenset[Convention] = frozenset({"lowercase", "camelCase"})
_TYPES: frozenset[Convention] = frozenset({"PascalCase", "UPPER_CASE"})


def convention(name: str) -> Convention:
    """The convention of a name. Signs that say who may use it (`_private`, `#private`, `__init__`) do not count."""
    bare = name.lstrip("#$").strip("_")
    for found, pattern in _PATTERNS:
        if pattern.fullmatch(bare):
            return found
    return "other"


def follows(language: str, kind: str, name: str) -> bool:
    """Whether a name is written as its language's style guide has it for that kind of thing; what words say does."""
    if " " in name:
        return True
    if kind in ("class", "interface"):
        allowed = _TYPES | (_CAMEL if language == "go" else frozenset())
    else:
        allowed = _FUNCTIONS.get(language, _CAMEL)
        allowed |= _TYPES if language == "java" and kind == "method" and name[:1].isupper() else frozenset()
    return convention(name) in allowed
