"""JSON configuration: every object with words for a reader in it is an entry, named by its place.

One unit, from config/features.json: name `flags.fee-explainer`, kind entry. Of an OpenAPI document the operations and
schemas are the entries.

Read by the TypeScript grammar, of which JSON is a part, so that each entry knows its lines.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePosixPath

from modelmill.normalize import openapi
from modelmill.normalize.ecmascript import place_of, unwrapped
from modelmill.normalize.entries import Place, entries
from modelmill.normalize.grammar import parse
from modelmill.normalize.language import Draft, Language
from modelmill.normalize.typescript import GRAMMAR
from modelmill.records import Dropped


def units(path: str, text: str) -> Iterator[Draft | Dropped]:
    """The entries of the file."""
    whole = place(text)
    if whole is None:
        yield Dropped("(file)", "does not parse", "not a JSON object or array")
    elif openapi.describes(whole):
        yield from openapi.units(whole)
    else:
        stem = PurePosixPath(path).stem
        yield from (replace(draft, name=draft.name.strip(".") or stem) for draft in entries("", whole, {}))


def place(text: str) -> Place | None:
    """The object or array that the text is; None if it is neither. Raises ValueError when nested too deep."""
    root = parse(GRAMMAR, f"({text})".encode())
    value = unwrapped(root.named_children[0].named_children[0]) if not root.has_error and root.named_children else None
    return place_of(value) if value is not None and value.type in ("object", "array") else None


def parses(text: str) -> bool:
    """Whether the text is JSON, comments allowed."""
    return not parse(GRAMMAR, f"({text})".encode()).has_error


LANGUAGE = Language("json", version=2, suffixes=(".json",), units=units, parses=parses, rendered=True)
