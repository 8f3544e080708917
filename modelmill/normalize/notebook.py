"""Jupyter notebooks (https://nbformat.readthedocs.io): sections as in Markdown, the code among them, and what the code
defines as in Python; in a Python notebook, cells that `%%bash` or `%%sql` hands on are read as these.

Outputs are left out: they are data, not what somebody wrote. Lines are those of the .ipynb file, by cell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from modelmill.normalize import bash, json_config, markdown, python, sql
from modelmill.normalize.entries import Place
from modelmill.normalize.language import Draft, Language
from modelmill.records import Dropped

# Magics of IPython by which a cell is in another language.
HANDED_ON = re.compile(r"\s*%%(bash|sh|html|javascript|js|latex|markdown|svg|perl|ruby|r|sql|cython)\b", re.IGNORECASE)
# A line for IPython: a magic, a command for the shell, and what one of them gives, by a name.
MAGIC = re.compile(r"\s*(?:[%!]|[\w., ]+=\s*(?:!|%\w))")
FENCE = re.compile(r"`{3,}")
IMPORT = re.compile(r"^(?:import [\w., ]+|from [\w.]+ import [\w, ]+)$", re.M)
DEFINES = re.compile(r"\b(?:def|class)\s")
WORD = re.compile(r"\w+")
READ = {"bash": bash.units, "sh": bash.units, "sql": sql.units}  # beside Python
# Lines of a notebook, characters of one, and of those that are read again with a cell that mentions them: many cells
# under many imports would be quadratic.
MAX_IMPORTS, MAX_IMPORT, MAX_AGAIN = 200, 200, 2000


@dataclass(frozen=True, slots=True)
class Cell:
    """Lines: of the file, from 1."""

    code: bool
    text: str
    first: int
    last: int


def units(path: str, text: str) -> Iterator[Draft | Dropped]:
    """Sections of the whole, then what each code cell defines."""
    place = json_config.place(text)
    cells = list(_cells(place)) if place else []
    if not cells:
        yield Dropped("(file)", "does not parse", "no notebook of format 3 or 4 with cells in it")
        return
    spoken = "python" if place is None else _language(place)
    yield from _sections(path, cells, spoken)
    if spoken == "python":
        code = [(cell, _spoken_in(cell, spoken)) for cell in cells if cell.code]
        imports = _imports([cell for cell, language in code if language == spoken])
        for cell, language in code:
            if language == spoken:
                yield from _definitions(path, cell, imports)
            elif language in READ:
                yield from _in_cell(cell, READ[language](path, _behind_magic(cell.text)))


def _cells(place: Place) -> Iterator[Cell]:
    """Those of format 4, or of all sheets of format 3."""
    sheets = [sheet for _, sheet in _get(place, "worksheets").items]
    for _, fields in [cell for sheet in (place, *sheets) for cell in _get(sheet, "cells").items]:
        kind = _get(fields, "cell_type").value
        level = _get(fields, "level").value if kind == "heading" else None  # format 3
        source = _get(fields, "source").value or _get(fields, "input").value
        text = "".join(map(str, source)) if isinstance(source, list) else str(source or "")
        if isinstance(level, int) and 1 <= level <= 6 and text.strip():
            yield Cell(False, f"{'#' * level} {' '.join(text.split())}", fields.first, fields.last)
        elif kind in ("markdown", "code") and text.strip():
            yield Cell(kind == "code", text, fields.first, fields.last)


def _get(place: Place, *keys: str) -> Place:
    for key in keys:
        place = next((inner for name, inner in place.items if name == key), Place("scalar", 1, 1))
    return place


def _language(place: Place) -> str:
    about = _get(place, "metadata")
    said = _get(about, "kernelspec", "language").value or _get(about, "language_info", "name").value
    return str(said or "python").lower()


def _spoken_in(cell: Cell, spoken: str) -> str:
    """The cell's language: that of the notebook, or the one that its first line hands it to (`%%bash`)."""
    found = HANDED_ON.match(cell.text)
    return found[1].lower() if found else spoken


def _fenced(cell: Cell, spoken: str) -> str:
    """The cell's code as Markdown has it, in a fence that is longer than any in it."""
    ticks = "`" * max(3, *(len(run) + 1 for run in FENCE.findall(cell.text)), 0)
    language = _spoken_in(cell, spoken)
    first = cell.text.lstrip().split("\n", 1)[0]
    text = f"# {first}{_behind_magic(cell.text)}" if language != spoken else _without_magic(cell.text)
    return f"{ticks}{language}\n{text}\n{ticks}"


def _imports(cells: list[Cell]) -> dict[str, set[str]]:
    """What the cells import, line by line, with its words: a cell may use what another one imported."""
    found = dict.fromkeys(line for cell in cells for line in IMPORT.findall(cell.text) if len(line) <= MAX_IMPORT)
    return {line: set(WORD.findall(line)) - {"import", "from", "as"} for line in list(found)[:MAX_IMPORTS]}


def _mentioned(text: str, imports: dict[str, set[str]]) -> str:
    """The imports that a cell mentions, as lines."""
    words = set(WORD.findall(text))
    lines = "\n".join(line for line, theirs in imports.items() if not words.isdisjoint(theirs))
    return lines if len(lines) <= MAX_AGAIN else lines[: lines.rfind("\n", 0, MAX_AGAIN)]


def _sections(path: str, cells: list[Cell], spoken: str) -> Iterator[Draft | Dropped]:
    texts = [_fenced(cell, spoken) if cell.code else cell.text for cell in cells]
    starts: list[int] = []  # for each line of the whole, the cell it is from
    for number, text in enumerate(texts):
        starts += [number] * (len(text.splitlines()) + 1)
    for draft in markdown.units(path, "\n\n".join(texts)):
        if isinstance(draft, Dropped):
            yield draft
            continue
        first = cells[starts[min(draft.start_line, len(starts)) - 1]].first
        last = cells[starts[min(draft.end_line, len(starts)) - 1]].last
        yield replace(draft, start_line=first, end_line=last)


def _definitions(path: str, cell: Cell, imports: dict[str, set[str]]) -> Iterator[Draft | Dropped]:
    """The cell's own, without a module a cell."""
    if not DEFINES.search(cell.text):
        return
    text = f"{_mentioned(cell.text, imports)}\n{_without_magic(cell.text)}"
    yield from _in_cell(cell, python.units(path, text))


def _in_cell(cell: Cell, found: Iterator[Draft | Dropped]) -> Iterator[Draft | Dropped]:
    """What was left out is told by its name; that a cell does not parse in part is not said of the file."""
    for draft in found:
        if isinstance(draft, Dropped):
            if draft.path != "(file)":
                yield draft
        elif draft.kind != "module":
            yield replace(draft, start_line=cell.first, end_line=cell.last, group="")


def _without_magic(text: str) -> str:
    """Lines for the notebook itself (`%matplotlib inline`, `x = !ls`) are no Python; they become comments."""
    return "\n".join(f"# {line}" if MAGIC.match(line) else line for line in text.splitlines())


def _behind_magic(text: str) -> str:
    """From the end of the first line on, which hands the cell to another language."""
    return "".join(text.lstrip().partition("\n")[1:])


LANGUAGE = Language("notebook", version=7, suffixes=(".ipynb",), units=units, parses=json_config.parses, rendered=True)
