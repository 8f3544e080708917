"""TOML configuration: every table with words for a reader in it is an entry, named by its place, as in JSON.

By tree-sitter (https://github.com/tree-sitter-grammars/tree-sitter-toml), which knows the lines that `tomllib` does not
tell; single values are read by `tomllib`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from modelmill.normalize.entries import MAX_DEPTH, MISSING, Place, of_file
from modelmill.normalize.grammar import Grammar, parse, parses
from modelmill.normalize.language import Draft, Language
from modelmill.normalize.literals import text_of
from modelmill.records import Dropped

if TYPE_CHECKING:
    from tree_sitter import Node


def _load() -> object:
    import tree_sitter_toml

    return tree_sitter_toml.language()


GRAMMAR = Grammar("toml", _load, query="", comment="#")


# A value that is read as it stands: most are, and tomllib takes ten times as long to say so.
PLAIN = r"\"([^\"\\\x00-\x1f\x7f]*)\"|'([^'\x00-\x1f\x7f]*)'|(0|[1-9][0-9]{0,17})"
NUMBER = 3  # its group


def _none() -> dict[str, Table]:
    return {}  # dict[...] would take six times as long, for each value of a file


@dataclass(slots=True)
class Table(Place):
    """A place that knows what it holds by name, the last one of each: to look for it would be quadratic in tables."""

    named: dict[str, Table] = field(default_factory=_none)

    def put(self, name: str, inner: Table) -> None:
        """Behind what it holds."""
        self.items.append((name, inner))
        self.named[name] = inner


def units(path: str, text: str) -> Iterator[Draft | Dropped]:
    """The entries of the file."""
    root = parse(GRAMMAR, text.encode())
    if root.has_error:
        yield Dropped("(file)", "does not parse", "not TOML")
        return
    whole = Table("object", 1, text.count("\n") + 1)
    for node in root.named_children:
        if node.type == "pair":
            _put_pair(whole, node, 0)
        elif node.type in ("table", "table_array_element"):
            _put_table(whole, node)
    yield from of_file(PurePosixPath(path).stem, whole)


def _put_table(whole: Table, node: Node) -> None:
    head, *rest = [child for child in node.named_children if child.type != "comment"]
    *around, name = _keys(head)
    outer = _inner(whole, around, node)
    table = _element(outer, name, node) if node.type == "table_array_element" else _inner(outer, [name], node)
    for child in rest:
        _put_pair(table, child, 0)


def _element(outer: Table, name: str, node: Node) -> Table:
    """A new table at the end of the list of that name."""
    array = outer.named.get(name)
    if array is None:
        array = Table("array", *_lines(node))
        outer.put(name, array)
    table = Table("object", *_lines(node))
    array.put("", table)
    return table


def _inner(place: Table, keys: list[str], node: Node) -> Table:
    """The table at the end of the keys, made where it is not there; of a list of tables the last one is meant."""
    for key in keys:
        found = place.named.get(key)
        if found is None:
            found = Table("object", *_lines(node))
            place.put(key, found)
        place = found.named[""] if found.kind == "array" and found.items else found
    return place


def _put_pair(table: Table, node: Node, depth: int) -> None:
    key, value = node.named_children[0], node.named_children[-1]
    *around, name = _keys(key)
    _inner(table, around, node).put(name, _value(value, depth))


def _value(node: Node, depth: int) -> Table:
    if depth > MAX_DEPTH:
        raise ValueError(f"nested deeper than {MAX_DEPTH}")
    if node.type == "array":
        inner = [child for child in node.named_children if child.type != "comment"]
        array = Table("array", *_lines(node))
        for child in inner:
            array.put("", _value(child, depth + 1))
        return array
    if node.type == "inline_table":
        table = Table("object", *_lines(node))
        for child in node.named_children:
            if child.type == "pair":
                _put_pair(table, child, depth + 1)
        return table
    return Table("scalar", *_lines(node), scalar=_scalar(text_of(node)))


def _keys(node: Node) -> list[str]:
    """`a."b c"` -> `a`, `b c`. Raises ValueError for more parts than anything is deep."""
    waiting, found = [node], list[str]()
    while waiting:
        key = waiting.pop()
        if key.type == "dotted_key":
            waiting.extend(reversed(key.named_children))
        else:
            found.append(str(_scalar(text_of(key))) if key.type == "quoted_key" else text_of(key))
    if len(found) > MAX_DEPTH:
        raise ValueError(f"nested deeper than {MAX_DEPTH}")
    return found


def _scalar(source: str) -> Any:
    """A string, number or truth value; dates and times as they are written."""
    if plain := re.fullmatch(PLAIN, source):
        said = plain[plain.lastindex or 0]
        return int(said) if plain.lastindex == NUMBER else said
    try:
        value = tomllib.loads(f"x = {source}")["x"]
    except tomllib.TOMLDecodeError:
        return MISSING
    return value if isinstance(value, (str, bool, int, float)) else source


def _lines(node: Node) -> tuple[int, int]:
    """First and last; an end at the start of a line belongs to the line before."""
    first, end = node.start_point.row + 1, node.end_point
    return first, max(first, end.row + (end.column > 0))


LANGUAGE = Language("toml", version=4, suffixes=(".toml",), units=units, parses=partial(parses, GRAMMAR), rendered=True)
