"""The definitions and imports of a file, found by a grammar's query or walk and put into each other as they lie in it.

A function in a function belongs to the outer one and is not listed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, get_args

from modelmill.normalize.grammar import DefinitionKind, Grammar

if TYPE_CHECKING:
    from tree_sitter import Node

KINDS: tuple[DefinitionKind, ...] = get_args(DefinitionKind)
MAX_DEPTH = 50  # classes in classes; deeper is no code a person wrote
MAX_NAME = 200  # bytes; a longer one is an expression in brackets or an attack


@dataclass(slots=True)
class Definition:
    """outer: the node with what goes with it, its decorators or `export`. start, end: where that lies, in bytes."""

    kind: DefinitionKind
    name: str
    node: Node
    outer: Node
    body: Node | None
    start: int
    end: int
    owner: str = ""
    members: list[Definition] = field(default_factory=list["Definition"])
    signature: str | None = None  # once it was asked for: a class shows its members' too


@dataclass(frozen=True, slots=True)
class Import:
    """bound: what the file calls it."""

    module: str
    bound: str


def of_match(source: bytes, match: Mapping[str, list[Node]]) -> Definition | None:
    """The definition a match is about; None if it is about none, or one without a name."""
    for kind in KINDS:
        if kind in match and "name" in match:
            node = match[kind][0]
            body = match["body"][0] if "body" in match else node.child_by_field_name("body")
            outer = match["outer"][0] if "outer" in match else node
            name, owner = _name(source, match["name"][0]), _name(source, match["owner"][0]) if "owner" in match else ""
            return Definition(kind, name, node, outer, body, *outer.byte_range, owner) if name else None
    return None


def walked(grammar: Grammar, source: bytes, root: Node) -> Iterator[Definition]:
    """The definitions that the grammar's own walk finds, in no order; none where it has no walk."""
    for kind, node, outer in grammar.walk(root) if grammar.walk else ():
        named = node.child_by_field_name("name")
        if named is not None and (name := _name(source, named)):
            yield Definition(kind, name, node, outer, node.child_by_field_name("body"), *outer.byte_range)


def import_of(grammar: Grammar, source: bytes, match: Mapping[str, list[Node]]) -> Import:
    """The import a match is about."""
    module = _name(source, match["module"][0])
    if "bound" in match:
        return Import(module, _name(source, match["bound"][0]))
    parts = module.translate({ord(sign): " " for sign in grammar.separators}).split() or [module]
    return Import(module, parts[0] if grammar.bound_part == "first" else parts[-1])


def with_names(source: bytes, modules: list[tuple[Node, Import]], names: list[Node]) -> list[Import]:
    """Each import once: the modules in the order of the file, behind each the names that lie in its node."""
    modules = sorted(modules, key=lambda one: one[0].start_byte)
    starts = [around.start_byte for around, _ in modules]
    found = [[one] for _, one in modules]
    for name in names:
        at = bisect_right(starts, name.start_byte) - 1
        if at >= 0 and name.end_byte <= modules[at][0].end_byte:
            found[at].append(Import(modules[at][1].module, _name(source, name)))
    return list(dict.fromkeys(chain.from_iterable(found)))


def nested(found: Iterable[Definition]) -> list[Definition]:
    """Those at the top, with their members. Of two matches about one node the one that reaches further counts."""
    widest: dict[tuple[int, int], Definition] = {}
    for one in found:
        place = one.node.byte_range
        if place not in widest or widest[place].end - widest[place].start < one.end - one.start:
            widest[place] = one
    return _put_together(widest.values())


def _put_together(found: Iterable[Definition]) -> list[Definition]:
    top: list[Definition] = []
    around: list[Definition] = []
    for one in sorted(found, key=lambda one: (one.start, -one.end)):
        while around and around[-1].end <= one.start:
            _close(around, top)
        if len(around) > MAX_DEPTH or (around and around[-1].kind in ("function", "statement", "test")):
            continue
        (around[-1].members if around else top).append(one)
        around.append(one)
    while around:
        _close(around, top)
    return top


def _close(around: list[Definition], top: list[Definition]) -> None:
    """Nothing more can be in the innermost one: it is the last of what is around it."""
    if (one := around.pop()).kind == "holder" and not one.members:
        (around[-1].members if around else top).pop()


def _name(source: bytes, node: Node) -> str:
    """The node's text on one line, without quotes; empty if it is longer than a name is."""
    start, end = node.byte_range
    if end - start > MAX_NAME:
        return ""
    text = source[start:end].decode("utf-8", "replace")
    return text if text.isidentifier() else " ".join(text.split()).strip("\"'`<>")
