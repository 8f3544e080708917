"""What is said about code beyond its text: how branched, built on what, what for, how well kept.

Added to the `meta` of functions, methods, classes, interfaces, statements and modules; their text, and so their
identity, stays as it is. Everything is counted from the syntax tree and from names; nothing is guessed by a model.

    complexity    McCabe's number as lizard counts it (https://github.com/terryyin/lizard): 1 and one more a branch.
                  Inner functions count with the one they are in
    technologies  the known libraries among its imports (technologies.py)
    category      what it is for: test, or the field most of its technologies are from, else what its kind tells;
                  what is written with markup (TSX) is of an interface
    naming        the convention of its own name (naming.py); words that a test is called by have none
    patterns      idioms and design patterns that its form shows (patterns.py)
    tests         of what is no test: the tests that name or call it (tested.py); known when the whole corpus is
    quality       0..1: the mean of documented, simple, short and named (quality.py)
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any

from modelmill.normalize import naming, patterns, quality, technologies
from modelmill.normalize.language import Draft

CODE = frozenset({"module", "class", "interface", "function", "method", "statement"})
TEST_FOLDERS = frozenset({"test", "tests", "testing", "__tests__", "spec", "specs", "testdata"})

TEST_FILE = re.compile(r"^test_|(?:^|[_-])tests?$|(?<=[a-z0-9])(?:Tests?|TestCase|IT)$")  # `PlaneTest`, not `contests`


def annotate(path: str, language: str, draft: Draft) -> Mapping[str, Any]:
    """What is added to the meta of a draft; nothing for what is no code."""
    if draft.kind not in CODE:
        return {}
    known = technologies.of(draft.meta.get("imports", ()))
    found: dict[str, Any] = {"category": _category(path, language, draft, known)}
    if known:
        found["technologies"] = [one.name for one in known]
    if draft.kind in ("function", "method", "class", "interface"):
        words = bool(draft.meta.get("by_words"))
        if not words:
            found["naming"] = naming.convention(own_name(draft))
        if shown := patterns.of(language, "" if words else own_name(draft), draft):
            found["patterns"] = shown
        found["quality"] = quality.of(language, draft.name if words else own_name(draft), draft)
    return found


def own_name(draft: Draft) -> str:
    """The last part of the qualified name."""
    return draft.name.removesuffix(" (code)").rsplit(".", 1)[-1]


def _category(path: str, language: str, draft: Draft, known: Sequence[technologies.Technology]) -> str:
    if draft.meta.get("by_words") or _is_test(path, own_name(draft)):
        return "test"
    if known:
        return Counter(one.field for one in known).most_common(1)[0][0]
    if language == "tsx":
        return "interface"
    return "database" if draft.kind == "statement" else "type" if draft.kind in ("class", "interface") else "general"


def _is_test(path: str, name: str) -> bool:
    return name.startswith("test_") or _is_of_tests(path)


@lru_cache(64)
def _is_of_tests(path: str) -> bool:
    """Whether a file is one of tests; asked once more for each unit of it."""
    file = PurePosixPath(path)
    stem = file.name.split(".")[0]
    said = {*file.name.lower().split(".")[1:-1]} & {"test", "spec", "stories"}
    inside = any(part.lower() in TEST_FOLDERS for part in file.parts[:-1])
    return inside or bool(said) or TEST_FILE.search(stem) is not None
