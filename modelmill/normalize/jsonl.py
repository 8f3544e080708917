"""JSON Lines (.jsonl, .ndjson) of labelled texts: one object a line, with a text and a label (labelled.py)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from modelmill.normalize import labelled
from modelmill.normalize.entries import repeated
from modelmill.normalize.language import Draft, Language
from modelmill.normalize.placeholders import Harmless
from modelmill.records import Dropped


def units(path: str, text: str) -> Iterator[Draft | Dropped]:
    """The labelled lines of the file; the first object tells the names of the columns."""
    rows: list[labelled.Row] = []
    broken: list[Dropped] = []
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        if line.strip():
            fields = _object(line)
            if fields is None:
                broken.append(Dropped(Harmless(f"line {number}"), "does not parse", "not a JSON object"))
            else:
                rows.append(labelled.Row(number, number, fields, repeated(fields.names)))
    found = labelled.columns(rows[0].fields) if rows else None
    if found is None:
        yield labelled.missing(list(rows[0].fields) if rows else [])
        return
    yield from broken
    yield from labelled.drafts(rows, *found)


class _Object(dict[str, Any]):
    """names: its keys as they stand in the text, those that stand there twice too."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.names = [name for name, _ in pairs]


def _object(line: str) -> _Object | None:
    try:
        fields = json.loads(line, object_pairs_hook=_Object)
    except (ValueError, RecursionError):
        return None
    return fields if isinstance(fields, _Object) else None


def parses(text: str) -> bool:
    """Whether every line is a JSON object."""
    return all(_object(line) is not None for line in text.split("\n") if line.strip())


LANGUAGE = Language("jsonl", version=3, suffixes=(".jsonl", ".ndjson"), units=units, parses=parses, rendered=True)
