"""JSON configuration: every object with words for a reader in it is an entry, named by its place.

One unit, from config/features.json: name `flags.fee-explainer`, kind entry.

Read by the TypeScript grammar, of which JSON is a part, so that each entry knows its lines.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePosixPath

from modelmill.normalize.ecmascript import entries, unwrapped
from modelmill.normalize.grammar import parse
from modelmill.normalize.language import Draft, Language
from modelmill.normalize.typescript import GRAMMAR
from modelmill.records import Dropped


def units(path: str, text: str) -> Iterator[Draft | Dropped]:
    """The entries of the file."""
    root = parse(GRAMMAR, f"({text})".encode())
    value = unwrapped(root.named_children[0].named_children[0]) if not root.has_error and root.named_children else None
    if value is None or value.type not in ("object", "array"):
        yield Dropped("(file)", "does not parse", "not a JSON object or array")
        return
    for draft in entries("", value, {}):
        name = draft.name.strip(".") or PurePosixPath(path).stem
        yield replace(draft, name=name)


def parses(text: str) -> bool:
    """Whether the text is JSON, comments allowed."""
    return not parse(GRAMMAR, f"({text})".encode()).has_error


LANGUAGE = Language("json", version=1, suffixes=(".json",), units=units, parses=parses, rendered=True)
