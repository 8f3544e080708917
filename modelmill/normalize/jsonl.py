"""JSON Lines (.jsonl, .ndjson) of labelled texts: one object a line, with a text and a label (labelled.py)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from modelmill.normalize import labelled
from modelmill.normalize.language import Draft, Language
from modelmill.records import Dropped


def units(path: str, text: str) -> Iterator[Draft | Dropped]:
    """The labelled lines of the file; the first object tells the names of the columns."""
    rows: list[labelled.Row] = []
    broken: list[Dropped] = []
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        if line.strip():
            fields = _object(line)
            if fields is None:
                broken.append(Dropped(f"line {number}", "does not parse", "not a JSON object"))
            else:
                rows.append(labelled.Row(number, number, fields))
    found = labelled.columns(rows[0].fields) if rows else None
    if found is None:
        yield labelled.missing(list(rows[0].fields) if rows else [])
        return
    yield from broken
    yield from labelled.drafts(rows, *found)


def _object(line: str) -> Mapping[str, Any] | None:
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return fields if isinstance(fields, dict) else None


def parses(text: str) -> bool:
    """Whether every line is a JSON object."""
    return all(_object(line) is not None for line in text.split("\n") if line.strip())


LANGUAGE = Language("jsonl", version=1, suffixes=(".jsonl", ".ndjson"), units=units, parses=parses, rendered=True)
