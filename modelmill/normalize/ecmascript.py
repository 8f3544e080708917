"""The data in TypeScript, TSX and JSON: what is written there and what its names stand for, as values with places.

Nothing is run.

Grammar: https://github.com/tree-sitter/tree-sitter-typescript (JSON is a part of it).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from modelmill.normalize import markup, messages
from modelmill.normalize.entries import MAX_DEPTH, MISSING, Place, repeated
from modelmill.normalize.literals import NAMES, as_text, literal, string_of, text_of, unknown, unwrapped

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_FILLED_IN = 500_000  # values that a file has by name, a long text as several: one for 32 characters
TOO_DEEP = f"nested deeper than {MAX_DEPTH}"

Parts = tuple[Place, dict[str, Place]]


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that has a name. key: its file and name; plain: what of its file was read and has no names in it."""

    key: tuple[str, str]
    node: Node
    scope: Scope
    plain: dict[str, Place]


@dataclass(frozen=True, slots=True)
class Enum:
    """An enum's values, by member, and the path of its file."""

    members: Mapping[str, Any]
    path: str


class Found(NamedTuple):
    """A constant's value, or a part of it, and the path of its file."""

    place: Place
    path: str


@dataclass(slots=True)
class Filled:
    """What is filled in for the names of a file. share: how many values of other files it may have; taken: how many it
    has by name, which is limited: constants that spread each other twice are small, and without end.
    """

    path: str
    share: int
    known: dict[tuple[str, str], Place] = field(default_factory=dict[tuple[str, str], Place])
    parts: dict[int, Parts] = field(default_factory=dict[int, Parts])
    running: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    asked: int = 0
    taken: int = 0

    def place(self, one: Constant, depth: int) -> Place:
        """The constant's value. Raises ValueError when it is nested too deep, whether it was read before or not."""
        found = self.known.get(one.key) or one.plain.get(one.key[1])
        if found is None:
            asked = self.asked
            self._spend((one.node.end_byte - one.node.start_byte) // 16)  # it may fail, and be asked for again
            self.running.append(one.key)
            try:
                found = place_of(one.node, depth, one.scope)
            finally:
                self.running.pop()
            if asked == self.asked:
                one.plain[one.key[1]] = found
        elif depth + found.height - 1 > MAX_DEPTH:
            raise ValueError(TOO_DEEP)
        self.known[one.key] = found
        return found

    def member(self, of: Found, name: str) -> Found | None:
        """A part of a constant's value."""
        if of.place.kind != "object":
            return None
        if id(of.place) not in self.parts:  # the place is kept, or its number would be another one's
            self.parts[id(of.place)] = of.place, dict(of.place.items)
        part = self.parts[id(of.place)][1].get(name)
        return Found(part, of.path) if part is not None else None

    def take(self, found: Found, where: str) -> Place | None:
        """Note that this is filled in in the file `where`; None: the share is used up. Raises ValueError, see above."""
        if where == self.path != found.path:
            if found.place.size > self.share:
                return None
            self.share -= found.place.size
        self._spend(found.place.size)
        return found.place

    def _spend(self, size: int) -> None:
        self.taken += size
        if self.taken > MAX_FILLED_IN:
            raise ValueError(f"its constants refer to each other for more than {MAX_FILLED_IN} values")


class Scope(Protocol):
    """What names stand for where they are read."""

    @property
    def filled(self) -> Filled: ...

    @property
    def path(self) -> str: ...

    def meaning(self, name: str) -> Constant | Enum | Scope | None: ...

    def exported(self, name: str) -> Constant | Enum | Scope | None:
        """Of the scope as a whole: `import * as scope`."""
        ...


def place_of(node: Node, depth: int = 0, scope: Scope | None = None) -> Place:
    """A literal and where it stands. Raises ValueError when nested too deep, also by names that lead in a circle."""
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    node = unwrapped(node)
    first, last = node.start_point.row + 1, node.end_point.row + 1
    if node.type == "array":
        return _whole("array", first, last, [("", _element(one, depth + 1, scope)) for one in node.named_children])
    if node.type == "object":
        whole = _whole("object", first, last, _pairs(node, depth, scope))
        return whole if scope is not None else replace(whole, twice=_twice(node))
    if node.type in markup.ELEMENTS:
        return _scalar(first, last, "\n".join(markup.lines(node)) or MISSING)
    if node.type == "call_expression":
        said = messages.looked_up(node)
        return _scalar(first, last, MISSING if said is None else said)
    if scope is not None and node.type in NAMES:
        found = _named(node, scope, depth)
        taken = scope.filled.take(found, scope.path) if isinstance(found, Found) else None
        return (
            replace(taken, first=first, last=last, elsewhere=True) if taken else Place("scalar", first, last, MISSING)
        )
    return _scalar(first, last, literal(node, partial(_told, scope, depth) if scope is not None else unknown))


def _scalar(first: int, last: int, value: Any) -> Place:
    return Place("scalar", first, last, value, size=1 + (len(value) // 32 if isinstance(value, str) else 0))


def _told(scope: Scope, depth: int, node: Node) -> Any:
    """The text or number that a name stands for."""
    found = place_of(node, depth + 1, scope)
    return found.scalar if found.kind == "scalar" else MISSING


def _whole(kind: Literal["object", "array"], first: int, last: int, items: list[tuple[str, Place]]) -> Place:
    height = 1 + max((one.height for _, one in items), default=0)
    if height - 1 > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    return Place(kind, first, last, items=items, size=1 + sum(one.size for _, one in items), height=height)


def _element(node: Node, depth: int, scope: Scope | None) -> Place:
    """An array's element; an array that is spread in it is marked as that.

    One that has a name is not looked at where it is spread in a constant's own array (depth 1): it is told under that.
    """
    if node.type != "spread_element" or not node.named_children or scope is None:
        return place_of(node, depth, scope)
    inner = unwrapped(node.named_children[0])
    if depth == 1 and inner.type in NAMES:
        return Place("scalar", node.start_point.row + 1, node.end_point.row + 1, MISSING)
    found = place_of(inner, depth, scope)
    return replace(found, spread=True) if found.kind == "array" else Place("scalar", found.first, found.last, MISSING)


def _named(node: Node, scope: Scope, depth: int, part: bool = False) -> Enum | Scope | Found | None:
    """What a name, or a member of what has one, stands for: `base`, `Industry.Finance`, `names.labels['title']`.

    part: whether only a part of it is asked for; there is none of what is being read just now.
    """
    if node.type not in NAMES:
        return None
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)  # no value would let a circle go on at each of its names
    scope.filled.asked += 1
    owner = node.child_by_field_name("object")
    if owner is None:
        return _found(scope.meaning(text_of(node)), scope, depth, part)
    whole, name = _named(owner, scope, depth + 1, part=True), _member(node, scope, depth)
    if whole is None or name is None:
        return None
    if isinstance(whole, Enum):
        return Found(_scalar(1, 1, whole.members.get(name, MISSING)), whole.path)
    if isinstance(whole, Found):
        return scope.filled.member(whole, name)
    return _found(whole.exported(name), scope, depth, part)


def _member(node: Node, scope: Scope, depth: int) -> str | None:
    name, index = node.child_by_field_name("property"), node.child_by_field_name("index")
    if index is None:
        return text_of(name) if name is not None else None
    return as_text(place_of(index, depth + 1, scope).scalar)


def _found(
    meaning: Constant | Enum | Scope | None, scope: Scope, depth: int, part: bool
) -> Enum | Scope | Found | None:
    if isinstance(meaning, Constant):
        if part and meaning.key in scope.filled.running:
            return None
        return Found(scope.filled.place(meaning, depth + 1), meaning.key[0])
    return meaning


def _pairs(node: Node, depth: int, scope: Scope | None) -> list[tuple[str, Place]]:
    """The plain properties of an object literal, and of constants that it spreads; the last one counts."""
    found: dict[str, Place] = {}
    for child in node.named_children:
        key, value = child.child_by_field_name("key"), child.child_by_field_name("value")
        name = _key(key, depth, scope) if key is not None and child.type == "pair" else None
        if name is not None and value is not None:
            found.pop(name, None)
            found[name] = place_of(value, depth + 1, scope)
        elif scope and child.type == "shorthand_property_identifier":
            found[text_of(child)] = place_of(child, depth + 1, scope)
        elif scope and child.type == "spread_element" and child.named_children:
            spread = place_of(child.named_children[0], depth + 1, scope)
            found |= _spread(spread) if spread.kind == "object" else {}
    return list(found.items())


def _twice(node: Node) -> frozenset[str]:
    keys = [child.child_by_field_name("key") for child in node.named_children if child.type == "pair"]
    return repeated([name for key in keys if key is not None and (name := _key(key, 0, None)) is not None])


def _key(node: Node, depth: int, scope: Scope | None) -> str | None:
    """A property's name; None for one that is computed from what is not known."""
    if node.type != "computed_property_name":
        return string_of(node) if node.type == "string" else text_of(node)
    known = scope is not None and node.named_children
    return as_text(place_of(node.named_children[0], depth + 1, scope).scalar) if known else None


def _spread(place: Place) -> dict[str, Place]:
    """The properties; what has a name of its own stays where that stands."""
    return {key: replace(one, elsewhere=one.elsewhere or place.elsewhere) for key, one in place.items}
