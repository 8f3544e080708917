"""JSON configuration: every object with words for a reader in it is an entry, named by its place.

One unit, from config/features.json: name `flags.fee-explainer`, kind entry. Of an OpenAPI document the operations and
schemas are the entries, a Kubernetes manifest is one; an array of labelled texts (labelled.py) gives those instead.

Read by the TypeScript grammar, of which JSON is a part, so that each entry knows its lines.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from modelmill.normalize import kubernetes, labelled, openapi
from modelmill.normalize.ecmascript import place_of
from modelmill.normalize.entries import Place, of_file
from modelmill.normalize.grammar import parse
from modelmill.normalize.language import Draft, Language
from modelmill.normalize.literals import unwrapped
from modelmill.normalize.typescript import GRAMMAR
from modelmill.records import Dropped


def units(path: str, text: str) -> Iterator[Draft | Dropped]:
    """The entries of the file."""
    whole = place(text)
    if whole is None:
        yield Dropped("(file)", "does not parse", "not a JSON object or array")
    elif openapi.describes(whole):
        yield from openapi.units(whole)
    elif kubernetes.describes(whole):
        yield from kubernetes.units(whole)
    elif tables := [one for one in _arrays(whole) if _is_labelled(one)]:
        for table in tables:
            yield from labelled.drafts(_rows(table), *(labelled.columns(_names(table)) or ("", "")))
    else:
        yield from of_file(PurePosixPath(path).stem, whole)


def _arrays(whole: Place) -> Iterator[Place]:
    """The file itself, or what its keys hold (`{"train": [...], "test": [...]}`), those of objects in it too."""
    if whole.kind == "array":
        yield whole
        return
    for _, inner in whole.items:
        yield from _arrays(inner)


def _is_labelled(array: Place) -> bool:
    """Objects with a text and a label; labels come twice or more on average: a menu has labels too, each once."""
    found = labelled.columns(_names(array))
    if found is None:
        return False
    said = [str(row.fields.get(found[1], "")) for row in _rows(array)]
    return 2 * len(set(said)) <= len(said)


def _names(array: Place) -> list[str]:
    return [key for key, _ in array.items[0][1].items] if array.items else []


def _rows(array: Place) -> Iterator[labelled.Row]:
    for _, one in array.items:
        yield labelled.Row(one.first, one.last, one.value if one.kind == "object" else {}, one.twice)


def place(text: str) -> Place | None:
    """The object or array that the text is; None if it is neither. Raises ValueError when nested too deep."""
    root = parse(GRAMMAR, f"({text})".encode())
    value = unwrapped(root.named_children[0].named_children[0]) if not root.has_error and root.named_children else None
    return place_of(value) if value is not None and value.type in ("object", "array") else None


def parses(text: str) -> bool:
    """Whether the text is JSON, comments allowed."""
    return not parse(GRAMMAR, f"({text})".encode()).has_error


LANGUAGE = Language("json", version=10, suffixes=(".json",), units=units, parses=parses, rendered=True)
