"""Labelled texts: rows with what somebody said and what it is about, whatever file they are in (CSV, JSON, JSONL).

A file is one when it has a column `text` or `query` and a column `label` or `intent`; other columns are left aside.
Each good row is a unit of kind `labelled`: its text is the row's, `meta` holds text and label. A row without either, or
with a text longer than a classifier reads, is left out under its line's number.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from modelmill.normalize.language import Draft
from modelmill.normalize.placeholders import Harmless
from modelmill.normalize.sections import slug
from modelmill.records import Dropped, sha256_text

TEXT, LABEL = ("text", "query"), ("label", "intent")
MAX_TEXT = 2000  # characters; what the task's Input takes
MAX_LABEL = 100
SHOWN = 8  # columns named in a note


@dataclass(frozen=True, slots=True)
class Row:
    """first, last: lines from 1. fields: by column name, as they are in the file. twice: names that it has again."""

    first: int
    last: int
    fields: Mapping[str, Any]
    twice: frozenset[str] = frozenset()


def columns(names: Iterable[Any]) -> tuple[str, str] | None:
    """The file's own names of the columns for text and label; None if it lacks one of them."""
    known = {str(name).strip().casefold(): str(name) for name in names}
    text, label = (next((known[name] for name in wanted if name in known), None) for wanted in (TEXT, LABEL))
    return (text, label) if text is not None and label is not None else None


def missing(names: Sequence[Any]) -> Dropped:
    """The note on a table that has other columns."""
    shown = ", ".join(repr(str(name)[:40]) for name in names[:SHOWN])
    return Dropped("(file)", "no columns text and label", f"found {shown or 'none'}; or query and intent")


def drafts(rows: Iterable[Row | Dropped], text: str, label: str) -> Iterator[Draft | Dropped]:
    """A unit for each good row, a note for each other one. text, label: the columns' names."""
    for row in rows:
        if isinstance(row, Dropped):
            yield row
            continue
        if again := row.twice & {text, label}:
            yield Dropped(Harmless(f"line {row.first}"), "key twice", f"{min(again)!r} stands there more than once")
            continue
        said, named = (_string(row.fields.get(column)) for column in (text, label))
        fault = _fault(said, named) or ()
        if fault and (other := next((one for one in (text, label) if _has_parts(row.fields.get(one))), None)):
            fault = "no text in a column", f"{other!r} holds {json.dumps(row.fields[other], ensure_ascii=False)[:60]}"
        if fault:
            yield Dropped(Harmless(f"line {row.first}"), *fault)
        else:
            yield _draft(row, said, named)


def _draft(row: Row, said: str, named: str) -> Draft:
    return Draft(
        name=f"{slug(named)}.{sha256_text(said)[:12]}",
        kind="labelled",
        text=said,
        signature=" ".join(named.split()),
        start_line=row.first,
        end_line=row.last,
        meta={"text": said, "label": named},
    )


def _string(value: Any) -> str:
    """Numbers, true and false are labels too, as JSON spells them; anything else that is no string is nothing."""
    if isinstance(value, str):
        return value.replace("\0", "").strip()
    if isinstance(value, float) and not math.isfinite(value):
        return ""  # what pandas writes for a cell that is empty
    return json.dumps(value) if isinstance(value, (bool, int, float)) else ""


def _has_parts(value: Any) -> bool:
    """A list or an object, which is not told from an empty cell by what `_string` makes of it."""
    return isinstance(value, (list, dict)) and bool(value)


def _fault(said: str, named: str) -> tuple[str, str] | None:
    if not said:
        return "row without text", f"the label is {named[:60]!r}"
    if not named:
        return "row without label", f"the text is {said[:60]!r}"
    if len(said) > MAX_TEXT:
        return "text too long", f"{len(said)} characters, at most {MAX_TEXT}"
    if len(named) > MAX_LABEL:
        return "label too long", f"{len(named)} characters, at most {MAX_LABEL}"
    return None
