"""Tables (.csv, .tsv) of labelled texts: a first line with a column for the text and one for its label (labelled.py).

A table of anything else has no words of its own that models here learn from, and is left out as a whole. Read row by
row by the standard library; separators are comma, semicolon and tab, whichever the first line is told apart by.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from modelmill.normalize import labelled
from modelmill.normalize.language import Draft, Language
from modelmill.records import Dropped

SEPARATORS = ",;\t"


def units(path: str, text: str) -> Iterator[Draft | Dropped]:
    """The labelled rows of the file."""
    lines = list(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    headers = [_first(lines, separator) for separator in SEPARATORS]
    chosen = next(((s, h) for s, h in zip(SEPARATORS, headers, strict=True) if labelled.columns(h)), None)
    if chosen is None:
        yield labelled.missing(max(headers, key=len))
        return
    separator, header = chosen
    text_column, label_column = labelled.columns(header) or ("", "")
    yield from labelled.drafts(_rows(lines, separator, header), text_column, label_column)


def _first(lines: list[str], separator: str) -> list[str]:
    try:
        return next(csv.reader(lines, delimiter=separator), [])
    except csv.Error:
        return []


def _rows(lines: list[str], separator: str, header: list[str]) -> Iterator[labelled.Row]:
    """Every row but the header; one that the reader refuses (a cell of more than 128 KiB) has no fields."""
    reader = csv.reader(lines, delimiter=separator)
    next(reader)
    while True:
        first = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            cells = None
        if cells != []:
            fields = dict(zip(header, cells, strict=False)) if cells else _oversized(header)
            yield labelled.Row(first, max(first, reader.line_num), fields)


def _oversized(header: list[str]) -> dict[str, str]:
    """Stands for a row with a cell that csv does not read: as long as such a cell is at least."""
    return dict.fromkeys(header, "x" * csv.field_size_limit())


def parses(text: str) -> bool:
    """Every text is a table of some kind."""
    return True


LANGUAGE = Language("csv", version=1, suffixes=(".csv", ".tsv"), units=units, parses=parses, rendered=True)
