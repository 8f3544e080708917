"""SQL: a unit each statement that says something, by what it begins with; statements.py cuts a file into them.

Named by the table, view, function or index that it is about. Rows of data (INSERT), rights and settings are no units.
A statement with a bracket too many is left out with its line. One unit, from a schema.sql: name `orders`, kind
statement, signature `CREATE TABLE orders`, docstring the comment above it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator

from modelmill.normalize import code, docstrings, statements
from modelmill.normalize.definitions import MAX_NAME
from modelmill.normalize.facts import MAX_LISTED, Facts
from modelmill.normalize.language import Draft, Language
from modelmill.normalize.statements import Script, Statement, Token
from modelmill.records import Dropped

MAX_HEAD = 4000  # bytes of a statement that are looked at for what it is
MAX_SIGNATURE = 500
MAX_STATEMENT = 200  # of the signature of what has no parameters

_PART = r'(?:"[^"]+"|`[^`]+`|\[[^\]\n]+\]|@\w+@|:?[^\W\d][\w$#]*|\$\{\w+\})'
NAME = re.compile(rf"{_PART}(?:\s*\.\s*{_PART})*")
_CREATED = (
    r"TABLE|VIEW|INDEX|TRIGGER|FUNCTION|PROC(?:EDURE)?|AGGREGATE|TYPE(?:\s+BODY)?|DOMAIN|RULE|POLICY"
    r"|PACKAGE(?:\s+BODY)?|EVENT"
)
_BETWEEN = (
    r"OR\s+(?:REPLACE|ALTER)|GLOBAL|LOCAL|TEMP(?:ORARY)?|UNLOGGED|EXTERNAL|FOREIGN|VIRTUAL|RECURSIVE|MATERIALIZED"
    r"|UNIQUE|(?:NON)?CLUSTERED|FULLTEXT|SPATIAL|BITMAP|CONSTRAINT|EVENT|AGGREGATE|(?:NON)?EDITIONABLE|FORCE"
    r"|ALGORITHM\s*=\s*\w+|DEFINER\s*=\s*\S+|SQL\s+SECURITY\s+\w+|TRANSIENT|SECURE"
)
ABOUT = re.compile(
    rf"(?:CREATE\s+(?:(?:{_BETWEEN})\s+)*(?P<kind>{_CREATED})\s+(?:CONCURRENTLY\s+)?(?:IF\s+NOT\s+EXISTS\s+)?"
    r"|ALTER\s+(?:FOREIGN\s+)?TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?|UPDATE\s+(?:ONLY\s+|LOW_PRIORITY\s+|IGNORE\s+)*"
    rf"|DELETE\s+FROM\s+(?:ONLY\s+)?)(?!(?:ON|IF)\s)(?P<name>{NAME.pattern})",
    re.I,
)
ROUTINE = re.compile(r"FUNCTION|PROC|AGGREGATE", re.I)
# What comes after a routine's parameters and what it returns.
AFTER = re.compile(
    r"\b(?:AS|IS|LANGUAGE|BEGIN|IMMUTABLE|STABLE|VOLATILE|STRICT|PARALLEL|COST|ROWS|SECURITY|SET|WINDOW|LEAKPROOF"
    r"|CALLED|NOT|NO|READS|MODIFIES|CONTAINS|DETERMINISTIC|COMMENT|SUPPORT|EXTERNAL|SQL|WITH|SELECT|RETURN"
    r"|RETURNS\s+NULL)\b",
    re.I,
)
FIRST = frozenset({b"create", b"alter", b"update", b"delete", b"select", b"with"})  # words of what can be a unit
QUERIES = frozenset({"select", "insert", "update", "delete", "merge"})
# Words before a bracket that call nothing, and words before a name that is not called there.
NOT_CALLED = re.compile(
    r"all|and|any|array|as|bigint|binary|bit|by|case|char|character|check|columns|conflict|dec|decimal|default|distinct"
    r"|else|except|exists|fields|filter|float|foreign|from|group|having|if|in|int|integer|intersect|interval|into|is"
    r"|join|key|lateral|like|not|nullif|numeric|nvarchar|nchar|on|or|order|over|partition|precision|primary|real"
    r"|returns?|returning|rollup|select|set|setof|smallint|some|table|then|time|timestamp|tinyint|type|union|unique"
    r"|using|values?|varbinary|varchar|varying|when|where|while|with|within",
    re.I,
)
NAMED_HERE = re.compile(
    r"aggregate|constraint|exists|function|index|into|join|key|on|proc(?:edure)?|references|table|type|update|view|with",
    re.I,
)


def units(path: str, text: str) -> Iterator[Draft | Dropped]:
    """The file's statements, after what is said about the whole."""
    source = text.encode()
    script = statements.cut(source)
    facts = Facts(source, comments=script.comments)
    if (line := _error_line(source, script)) is not None:
        yield Dropped("(file)", "does not parse in part", f"line {line}")
    told = [one for one in script.statements if one.first in FIRST]
    places = zip(told, _places(source, told), strict=True)
    drafts = [draft for one, place in places if (draft := _statement(facts, one, *place))]
    yield from _module(facts, code.module_name(path), {one.name for one in drafts if isinstance(one, Draft)})
    yield from drafts


def parses(text: str) -> bool:
    """Whether each string, comment and bracket has its end."""
    source = text.encode()
    return _error_line(source, statements.cut(source)) is None


def _error_line(source: bytes, script: Script) -> int | None:
    torn = next((one.start for one in script.statements if not one.closed), script.torn)
    return source.count(b"\n", 0, torn) + 1 if torn is not None else None


def _places(source: bytes, found: list[Statement]) -> Iterator[tuple[int, int]]:
    """In which row and column, from 0, each statement begins."""
    row = at = line = 0
    for one in found:
        row += source.count(b"\n", at, one.start)
        line = max(line, source.rfind(b"\n", at, one.start) + 1)
        at = one.start
        yield row, at - line


def _module(facts: Facts, module: str, taken: set[str]) -> Iterator[Draft]:
    """What the comment at the head of the file says, if it is about nothing else."""
    said = docstrings.at_head(facts, len(facts.source) - len(facts.source.lstrip()))
    if said:
        name = f"{module} (module)" if module in taken else module
        words = [f"-- {line}".rstrip() for line in said.splitlines()]
        yield Draft(
            name=name, kind="module", text="\n".join([*words, f"-- module {name}"]), signature=f"module {name}",
            docstring=said, end_line=len(facts.source.splitlines()), meta={"members": [], "imports": []},
        )  # fmt: skip


def _statement(facts: Facts, one: Statement, row: int, column: int) -> Draft | Dropped | None:
    head = _head(facts, one)
    found = ABOUT.match(head)
    name = _plain(found["name"] if found else _selected_from(facts, one) or "")
    if not name.strip(".") or len(name.encode()) > MAX_NAME:
        return None
    if not one.closed:
        return Dropped(name, "does not parse", f"line {row + 1}")
    said = docstrings.above(facts, one.start, one.end, row, column)
    calls, branches = _inside(facts.source, one)
    meta: dict[str, object] = {"body_lines": 0}
    if said.place:
        meta["docstring_at"] = list(said.place)
    meta |= {"calls": calls, "imports": [], "annotations": [], "complexity": 1 + branches}
    return Draft(
        name=name, kind="statement", text=said.text, signature=_signature(head, found), docstring=said.words,
        start_line=said.start_line, end_line=said.end_line, meta=meta,
    )  # fmt: skip


def _head(facts: Facts, one: Statement) -> str:
    """How it begins, without comments, on one line."""
    end = min(one.end, one.start + MAX_HEAD)
    pieces: list[bytes] = []
    at = one.start
    for first, last in facts.comments[bisect_left(facts.comments, (at, 0)) : bisect_left(facts.comments, (end, 0))]:
        pieces.append(facts.source[at:first])
        at = last
    pieces.append(facts.source[at:end])
    return " ".join(b" ".join(pieces).decode("utf-8", "replace").split())


def _plain(name: str) -> str:
    """`"shop" . [users]` -> `shop.users`."""
    if name.isidentifier():
        return name
    return ".".join(part.strip('"`[] ') for part in name.split("."))


def _selected_from(facts: Facts, one: Statement) -> str | None:
    """The first table that a query reads, if it is one and no part of another statement."""
    if one.first not in (b"select", b"with"):
        return None
    depth, before, does = 0, "", ""
    for kind, start, end in one.tokens:
        depth += (kind == "open") - (kind == "close")
        if kind != "word" or depth:
            continue
        word = facts.source[start:end].decode("utf-8", "replace").lower()
        does = does or (word if word in QUERIES else "")
        if word == "from" and before != "distinct":
            rest = facts.source[end : end + MAX_HEAD].decode("utf-8", "replace").lstrip()
            found = NAME.match(re.sub(r"^ONLY\s+", "", rest, flags=re.I))
            called = found is None or found.string[found.end() :].lstrip().startswith("(")
            return found.group() if found and not called and does == "select" else None
        before = word
    return None


def _signature(head: str, found: re.Match[str] | None) -> str:
    """A routine's with its parameters and what it returns, that of anything else up to the first bracket."""
    if found is None or not ROUTINE.match(found["kind"] or ""):
        return head[:MAX_STATEMENT].split("(")[0].rstrip()
    depth = 0
    end = found.end()
    for sign in re.finditer(r"[()]", head[end:]):
        depth += 1 if sign.group() == "(" else -1
        if depth == 0:
            end += sign.end()
            break
    after = AFTER.search(head, end)
    return head[: after.start() if after else end][:MAX_SIGNATURE].rstrip(" ;")


def _inside(source: bytes, one: Statement) -> tuple[list[str], int]:
    """What it calls, and how many ways more than one lead through it; in a function's body too."""
    called: dict[str, None] = {}
    branches = 0
    before = name = (-1, -1)  # where the name before, and the name, lie: put together, a long one would be quadratic
    for kind, first, last in _tokens(source, one):
        start, end = name
        if kind != "word":
            is_called = kind == "open" and first == end and not NOT_CALLED.fullmatch(_name(source, name))
            if is_called and not NAMED_HERE.fullmatch(_name(source, before)):
                called[_name(source, name)] = None
            continue
        if first == end + 1 and source[end:first] == b".":
            name = (start, last)
        else:
            before, name = name, (first, last)
        word = source[first:last].lower()
        branches += word == b"then" or (word == b"loop" and _name(source, before).lower() != "end")
    called.pop("", None)
    return list(called)[:MAX_LISTED], branches


def _name(source: bytes, place: tuple[int, int]) -> str:
    """Empty for one that is longer than a name is, and before the first."""
    start, end = place
    return source[start:end].decode("utf-8", "replace") if start >= 0 and end - start <= MAX_NAME else ""


def _tokens(source: bytes, one: Statement) -> Iterator[Token]:
    for token in one.tokens:
        kind, start, end = token
        if kind == "body":
            mark = source.index(b"$", start + 1) + 1 - start
            yield from statements.tokens(source, start + mark, end - mark)
        else:
            yield token


LANGUAGE = Language("sql", version=6, suffixes=(".sql",), units=units, parses=parses)
