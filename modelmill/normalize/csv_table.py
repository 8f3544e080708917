"""Tables (.csv, .tsv) of labelled texts: a first line with a column for the text and one for its label (labelled.py).

A table of anything else has no words of its own that models here learn from, and is left out as a whole. Read row by
row by the standard library; separators are comma, semicolon and tab, whichever the first line is told apart by. A line
`sep=;` above it is Excel's note to itself and no row.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

from modelmill.normalize import labelled
from modelmill.normalize.language import Draft, Language
from modelmill.normalize.placeholders import Harmless
from modelmill.records import Dropped

SEPARATORS = ",;\t"
NOTE = re.compile(r"\"?sep=.\"?", re.IGNORECASE)
MAX_LINES = labelled.MAX_TEXT  # of one row: a text that may stay has no more


def units(path: str, text: str) -> Iterator[Draft | Dropped]:
    """The labelled rows of the file."""
    lines = list(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    first = next((at for at, line in enumerate(lines) if line.strip() and not NOTE.fullmatch(line.strip())), 0)
    heads = {separator: _read(lines, first, separator) for separator in SEPARATORS}
    chosen = next((one for one, (names, _) in heads.items() if labelled.columns(names or [])), None)
    if chosen is None:
        yield labelled.missing(max((names or [] for names, _ in heads.values()), key=len))
        return
    header, used = heads[chosen]
    columns = labelled.columns(header or []) or ("", "")
    if not any(line.strip() for line in lines[first + used :]):
        yield Dropped("(file)", "no rows", "there is nothing below the names of the columns")
    yield from labelled.drafts(_rows(lines, first + used, chosen, header or []), *columns)


def _rows(lines: list[str], at: int, separator: str, header: list[str]) -> Iterator[labelled.Row | Dropped]:
    """Every row from line `at` (from 0); one that the reader refuses has no fields."""
    while at < len(lines):
        cells, used = _read(lines, at, separator)
        if used > 1 and _read(lines, at, separator, strict=True)[0] is None:
            yield Dropped(
                Harmless(f"line {at + 1}"), "quote without an end", "the lines below it are read by themselves"
            )
            used = 1
        elif cells != []:
            fields = dict(zip(header, cells, strict=False)) if cells else _oversized(header)
            yield labelled.Row(at + 1, at + used, fields)
        at += used


def _read(lines: list[str], at: int, separator: str, strict: bool = False) -> tuple[list[str] | None, int]:
    """The cells of the row that begins there, and its number of lines.

    None: a cell has more than 128 KiB; or, if strict, a quote ends nowhere or in the midst of a cell.
    """
    window = (lines[place] for place in range(at, min(len(lines), at + MAX_LINES)))
    reader = csv.reader(window, delimiter=separator, strict=strict)
    try:
        return next(reader, []), max(1, reader.line_num)
    except csv.Error:
        return None, max(1, reader.line_num)


def _oversized(header: list[str]) -> dict[str, str]:
    """Stands for a row with a cell that csv does not read: as long as such a cell is at least."""
    return dict.fromkeys(header, "x" * csv.field_size_limit())


def parses(text: str) -> bool:
    """Every text is a table of some kind."""
    return True


LANGUAGE = Language("csv", version=3, suffixes=(".csv", ".tsv"), units=units, parses=parses, rendered=True)
