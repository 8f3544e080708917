"""Tables whose first row names a column of passwords, as a view (views.py): each cell of it behind that name.

`| user | password |` over `| app | x |` is read as `password = "x"`, which the rules for assignments judge. Tables of
Markdown and reStructuredText (grid, simple, list-table), separated values, the rows that SQL inserts, and those of
pppd's pap-secrets and chap-secrets, whose third word is the secret.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from modelmill.normalize.views import MAX_PARTS, FloodError, Part, View

HEADED = r"(?i)passw|passp|\bpass\b|pwd|\bpw\b|secret|token|(?:api|access|private)[ _-]?key|credential"
# A rule of dashes or equals signs under a row; what SQL inserts; a list-table.
RULED = r"\n[ \t]*[|+:=-][|+:= \t-]{2,}\r?\n"
LATER = r"(?i:insert\s+into)|list-table"
INSERTED = r"(?i)\binsert\s+into\s+[\w.\"`\[\]]{1,80}\s*\(([^()]*)\)\s*values\s*"
LISTED = r"(?m)^[ \t]*(?:\.\.|:::|```)[ \t]*\{?list-table"

# pppd's files: their head or their name, and a row: who, to which server, the secret, from which addresses.
PEERS = r"(?i)\b(?:pap|chap)-secrets\b|#[ \t]*client[ \t]+server[ \t]+secret\b"
QUOTE, GAP = r"\\?[\"']?", r"[ \t]+"
PEER_SECRET = rf"{QUOTE}([^\s\"'\\]{{4,100}}){QUOTE}"
PEER_FROM = rf"{QUOTE}(?:\*|-|\d{{1,3}}(?:\.\d{{1,3}}){{3}}){QUOTE}"
PEER_WHO = rf"(?m)^[ \t]*(?:echo{GAP}(?:-\w{GAP})?[\"'])?{QUOTE}[\w.@\\-]{{1,80}}{QUOTE}{GAP}"
PEER_END = r"[ \t]*(?:[\"'][ \t]*(?:>|\|)[^\n]*)?\r?$"
PEER = (
    rf"{PEER_WHO}(?:(?:\*|\\?\"[^\"\s]{{1,80}}\"|[\w.-]{{1,80}}?){GAP}{PEER_SECRET}{GAP}{PEER_FROM}"
    rf"|\*{GAP}{PEER_SECRET}){PEER_END}"
)
NAMES = re.compile(rb"(?:\xef\xbb\xbf)?[\w\"'][\w .\"'-]{0,80}(?:[,;\t][\w .\"'-]{1,80}){1,200}\r?")
FENCE = b"\n```"
MAX_FENCES = 2000  # in one text; a book has fewer
NAMED = re.compile(
    rb"(?i)(?:[\w .-]{0,30}[ _.-])?(?:password|passwd|passphrase|passwort|pass|pwd|pw|secret|token|credentials?"
    rb"|(?:api|access|secret|private)[ _-]?key)(?:[ _-]?(?:value|plain))?"
)
CELL = re.compile(rb"'(?:[^'\\]|'')*'|\"[^\"]*\"|[^,'\"]+")
ITEM = re.compile(rb"^[ \t]*(\*?)[ \t]*-[ \t]+(\S[^\n]*)$")
MAX_ROW = 10_000  # bytes
FRAME = b" \t\r\"'`*"

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Cell:
    """name: the head of its column or list. span: where it is in the text, without quotes."""

    name: bytes
    span: Span


def tabled(data: bytes) -> View | None:
    """The cells of such columns, one a line; None where there is no such table."""
    return behind_names(data, _cells(data))


def behind_names(data: bytes, cells: Iterable[Cell]) -> View | None:
    """Each cell as a value that is assigned to its name, one a line; None where there is none."""
    parts: list[Part] = []
    pieces: list[bytes] = []
    size = 0
    for cell in cells:
        if len(parts) > MAX_PARTS:
            raise FloodError
        name = re.sub(rb"[^\w]+", b"_", cell.name.lower()) + b' = "'
        parts.append(Part(size + len(name), cell.span, plain=True))
        pieces.append(name + data[slice(*cell.span)] + b'"\n')
        size += len(pieces[-1])
    return View(b"".join(pieces), parts) if parts else None


def _cells(data: bytes) -> Iterator[Cell]:
    if not _compiled(HEADED).search(data):
        return
    for head in itertools.islice(_first_lines(data), MAX_FENCES):
        yield from _separated(data, head)
    done = 0
    for found in _compiled(RULED).finditer(data):
        if found.start() >= done and (head := _head(data, found.start())):
            rows = list(_lines(data, found.end()))
            done = rows[-1][1] if rows else done  # or a table of heads and rules would be read again from each of them
            yield from _ruled(data, head, found.group()[1:], rows)
    if _compiled(PEERS).search(data):
        for found in _compiled(PEER).finditer(data):
            yield Cell(b"password", found.span(found.lastindex))
    if _compiled(LATER).search(data):
        for found in _compiled(INSERTED).finditer(data):
            yield from _inserted(data, found)
        for found in _compiled(LISTED).finditer(data):
            yield from _listed(data, data.find(b"\n", found.end()) + 1 or len(data))


def _head(data: bytes, end: int) -> Span | None:
    """The line that ends there, if it names a secret."""
    head = data.rfind(b"\n", 0, end) + 1, end
    return head if _secret(data, head) else None


def _ruled(data: bytes, head: Span, rule: bytes, rows: list[Span]) -> Iterator[Cell]:
    """The table under a row and its rule."""
    if b"|" in data[slice(*head)]:
        rows = [line for line in rows if data[slice(*line)].lstrip()[:1] != b"+"]
        yield from _under(data, list(_split(data, head, b"|")), rows, b"|")
    elif b"=" in rule and b"|" not in rule:
        yield from _by_place(data, head, [one.span() for one in re.finditer(rb"=+", rule)], rows)


def _by_place(data: bytes, head: Span, columns: list[Span], rows: list[Span]) -> Iterator[Cell]:
    """A simple table: a column is where its rule is; the last goes on to the end of the line."""
    columns = [*columns[:-1], (columns[-1][0], MAX_ROW)]
    heads = [data[slice(*one)].strip(FRAME) for one in _pieces(data, head, columns)]
    named = [(name, column) for name, column in zip(heads, columns, strict=True) if NAMED.fullmatch(name)]
    for row in rows if named else ():
        if data[slice(*row)].lstrip().startswith(b"=="):
            break
        pieces = _pieces(data, row, [column for _, column in named])
        yield from (Cell(name, _bare(data, piece)) for (name, _), piece in zip(named, pieces, strict=True))


def _pieces(data: bytes, line: Span, columns: list[Span]) -> Iterator[Span]:
    """Where a line's characters of these columns lie, which are in order."""
    text = data[slice(*line)]
    said = None if text.isascii() else text.decode("utf-8", "surrogatepass")
    at, size = 0, line[0]
    for column in columns:
        places: list[int] = []
        for to in column:
            size += max(0, to - at) if said is None else len(said[at:to].encode("utf-8", "surrogatepass"))
            at = max(at, to)
            places.append(min(size, line[1]))
        yield places[0], places[1]


def _first_lines(data: bytes) -> Iterator[Span]:
    """The first line of the text, and of each fenced block."""
    at = 0
    while at >= 0:
        end = data.find(b"\n", at)
        if end < 0:
            return
        yield at, end
        fence = data.find(FENCE, end)
        at = data.find(b"\n", fence + 1) + 1 or -1 if fence >= 0 else -1


def _separated(data: bytes, head: Span) -> Iterator[Cell]:
    if not _secret(data, head) or not NAMES.fullmatch(data, *head):
        return
    separator = next(one for one in (b"\t", b";", b",") if one in data[slice(*head)])
    yield from _under(data, list(_split(data, head, separator)), _lines(data, head[1] + 1), separator)


def _under(data: bytes, head: list[Span], rows: Iterable[Span], separator: bytes) -> Iterator[Cell]:
    """Cells below the heads that name a secret, as long as the lines are rows of as many cells."""
    names = {at: data[slice(*one)] for at, one in enumerate(head) if NAMED.fullmatch(data[slice(*one)])}
    if not names or len(head) < 2:
        return
    for row in rows:
        cells = list(_split(data, row, separator)) if separator in data[slice(*row)] else []
        if len(cells) != len(head):
            return
        yield from (Cell(name, cells[at]) for at, name in names.items())


def _inserted(data: bytes, found: Any) -> Iterator[Cell]:
    head = [one.strip(b' \t\r\n"`[]') for one in found.group(1).split(b",")]
    names = {at: name for at, name in enumerate(head) if NAMED.fullmatch(name)}
    at = found.end()
    while names and (row := re.compile(rb"\s*\(([^()]*)\)\s*,?").match(data, at)):
        cells = [one.span() for one in CELL.finditer(row.group(1)) if one.group().strip()]
        if len(cells) == len(head):
            start = row.start(1)
            yield from (Cell(n, _bare(data, (start + cells[i][0], start + cells[i][1]))) for i, n in names.items())
        at = row.end()


def _listed(data: bytes, at: int) -> Iterator[Cell]:
    head: list[bytes] = []
    column, first = -1, True
    for start, end in _lines(data, at, blank=True):
        item = ITEM.match(data[start:end])
        if item is None:
            if data[start:end].strip() and (data[start] not in b" \t\r:" or b"list-table" in data[start:end]):
                return
            continue
        if item.group(1):
            first, column = not head, -1
        column += 1
        span = _bare(data, (start + item.start(2), start + item.end(2)))
        if first:
            head.append(data[slice(*span)])
        elif column < len(head) and NAMED.fullmatch(head[column]):
            yield Cell(head[column], span)


def _lines(data: bytes, at: int, blank: bool = False) -> Iterator[Span]:
    """The lines from a place on; up to a blank one, unless these are wanted too."""
    while at < len(data):
        end = data.find(b"\n", at)
        end = len(data) if end < 0 else end
        if not blank and not data[at:end].strip():
            return
        yield at, end
        at = end + 1


def _split(data: bytes, line: Span, separator: bytes) -> Iterator[Span]:
    """The cells of a line, without what frames them; a pipe at either end is none of them."""
    start, end = line
    if separator == b"|":
        start, end = _bare(data, line)
        start += data[start : start + 1] == b"|"
        end -= end > start and data[end - 1 : end] == b"|"
    while True:
        at = data.find(separator, start, end)
        yield _bare(data, (start, end if at < 0 else at))
        if at < 0:
            return
        start = at + 1


def _bare(data: bytes, span: Span) -> Span:
    text = data[slice(*span)]
    start = span[0] + len(text) - len(text.lstrip(FRAME))
    return start, max(start, span[0] + len(text.rstrip(FRAME)))


def _secret(data: bytes, span: Span) -> bool:
    return _compiled(HEADED).search(data[slice(*span)]) is not None


@cache
def _compiled(pattern: str) -> Any:
    import re2

    return re2.compile(pattern.encode())
