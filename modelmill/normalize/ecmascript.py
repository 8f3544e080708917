"""The data in TypeScript, TSX and JSON: literals read out of a syntax tree and told in words; nothing is run.

Grammar: https://github.com/tree-sitter/tree-sitter-typescript (JSON is a part of it).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from modelmill.normalize.entries import MAX_DEPTH, MISSING, Place

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_FILLED_IN = 500_000  # values that a file has by name, a long text as several: one for 32 characters
NAMES = {"identifier", "shorthand_property_identifier", "member_expression"}
WRAPPERS = {"as_expression", "satisfies_expression", "parenthesized_expression", "non_null_expression"}
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "", "\n": "", "\r\n": ""}


def text_of(node: Node) -> str:
    """The node's source."""
    return (node.text or b"").decode("utf-8", "replace")


def unwrapped(node: Node) -> Node:
    """Without `as const`, `satisfies T`, parentheses, `Object.freeze(...)`."""
    while True:
        if node.type in WRAPPERS and node.named_children:
            node = node.named_children[0]
        elif node.type == "call_expression" and (given := _only_argument(node)) is not None:
            node = given
        else:
            return node


def _only_argument(call: Node) -> Node | None:
    arguments = call.child_by_field_name("arguments")
    given = [child for child in arguments.named_children if child.type != "comment"] if arguments else []
    return given[0] if len(given) == 1 and given[0].type in {"object", "array"} | WRAPPERS else None


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that has a name. key: its file and name; plain: what of its file was read and has no names in it."""

    key: tuple[str, str]
    node: Node
    scope: Scope
    plain: dict[str, Place]


@dataclass(frozen=True, slots=True)
class Enum:
    """An enum's values, by member."""

    members: Mapping[str, Any]


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
    asked: int = 0
    taken: int = 0

    def place(self, one: Constant, depth: int) -> Place:
        """The constant's value. Raises ValueError when it is nested too deep."""
        found = self.known.get(one.key) or one.plain.get(one.key[1])
        if found is None:
            asked = self.asked
            found = place_of(one.node, depth, one.scope)
            if asked == self.asked:
                one.plain[one.key[1]] = found
        self.known[one.key] = found
        return found

    def take(self, found: Found, where: str) -> Place | None:
        """Note that this is filled in in the file `where`; None: the share is used up. Raises ValueError, see above."""
        if where == self.path != found.path:
            if found.place.size > self.share:
                return None
            self.share -= found.place.size
        self.taken += found.place.size
        if self.taken > MAX_FILLED_IN:
            raise ValueError(f"its constants refer to each other for more than {MAX_FILLED_IN} values")
        return found.place


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
        raise ValueError(f"nested deeper than {MAX_DEPTH}")
    node = unwrapped(node)
    first, last = node.start_point.row + 1, node.end_point.row + 1
    if node.type == "array":
        return _whole("array", first, last, [("", _element(one, depth + 1, scope)) for one in node.named_children])
    if node.type == "object":
        return _whole("object", first, last, _pairs(node, depth, scope))
    if scope is not None and node.type in NAMES:
        found = _named(node, scope, depth)
        taken = scope.filled.take(found, scope.path) if isinstance(found, Found) else None
        return (
            replace(taken, first=first, last=last, elsewhere=True) if taken else Place("scalar", first, last, MISSING)
        )
    value = literal(node)
    return Place("scalar", first, last, value, size=1 + (len(value) // 32 if isinstance(value, str) else 0))


def _whole(kind: Literal["object", "array"], first: int, last: int, items: list[tuple[str, Place]]) -> Place:
    height = 1 + max((one.height for _, one in items), default=0)
    if height > MAX_DEPTH:
        raise ValueError(f"nested deeper than {MAX_DEPTH}")
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


def _named(node: Node, scope: Scope, depth: int) -> Enum | Scope | Found | None:
    """What a name, or a member of what has one, stands for: `base`, `Industry.Finance`, `names.base.title`."""
    if depth > MAX_DEPTH or node.type not in NAMES:
        return None
    scope.filled.asked += 1
    if node.type != "member_expression":
        return _found(scope.meaning(text_of(node)), scope, depth)
    owner, name = node.child_by_field_name("object"), node.child_by_field_name("property")
    whole = _named(owner, scope, depth + 1) if owner is not None else None
    if whole is None or name is None:
        return None
    if isinstance(whole, Enum):
        return Found(Place("scalar", 1, 1, whole.members.get(text_of(name), MISSING)), scope.path)
    if isinstance(whole, Found):
        inner = dict(whole.place.items).get(text_of(name)) if whole.place.kind == "object" else None
        return Found(inner, whole.path) if inner is not None else None
    return _found(whole.exported(text_of(name)), scope, depth)


def _found(meaning: Constant | Enum | Scope | None, scope: Scope, depth: int) -> Enum | Scope | Found | None:
    if isinstance(meaning, Constant):
        return Found(scope.filled.place(meaning, depth + 1), meaning.key[0])
    return meaning


def _pairs(node: Node, depth: int, scope: Scope | None) -> list[tuple[str, Place]]:
    """The plain properties of an object literal, and of constants that it spreads; the last one counts."""
    found: dict[str, Place] = {}
    for child in node.named_children:
        key, value = child.child_by_field_name("key"), child.child_by_field_name("value")
        if child.type == "pair" and key is not None and value is not None and key.type != "computed_property_name":
            name = _string(key) if key.type == "string" else text_of(key)
            found.pop(name, None)
            found[name] = place_of(value, depth + 1, scope)
        elif scope and child.type == "shorthand_property_identifier":
            found[text_of(child)] = place_of(child, depth + 1, scope)
        elif scope and child.type == "spread_element" and child.named_children:
            spread = place_of(child.named_children[0], depth + 1, scope)
            found |= _spread(spread) if spread.kind == "object" else {}
    return list(found.items())


def _spread(place: Place) -> dict[str, Place]:
    """The properties; what has a name of its own stays where that stands."""
    return {key: replace(one, elsewhere=one.elsewhere or place.elsewhere) for key, one in place.items}


def enum_members(node: Node) -> dict[str, Any]:
    """The values of an enum's members, by name; those without a text or number of their own count up."""
    body = node.child_by_field_name("body")
    found: dict[str, Any] = {}
    number = 0
    for child in body.named_children if body is not None else ():
        name, value = child.child_by_field_name("name"), child.child_by_field_name("value")
        if child.type == "enum_assignment" and name is not None and value is not None:
            found[text_of(name)] = literal(value)
            number = found[text_of(name)] + 1 if isinstance(found[text_of(name)], int) else number
        elif child.type == "property_identifier":
            found[text_of(child)], number = number, number + 1
    return found


def literal(node: Node) -> Any:
    """The value of a literal that is no array or object; MISSING for anything that is computed."""
    node = unwrapped(node)
    match node.type:
        case "string" | "template_string":
            return _string(node)
        case "number" | "unary_expression":
            return _number(text_of(node))
        case "true" | "false":
            return node.type == "true"
        case "null":
            return None
        case "binary_expression":
            return _joined(node)
        case _:
            return MISSING


def _string(node: Node) -> str:
    """Escapes undone; what a template puts in becomes an ellipsis. Fit for storing: no NUL, no half surrogate."""
    parts: list[str] = []
    for child in node.named_children:
        if child.type == "escape_sequence":
            parts.append(_escape(text_of(child)[1:]))
        else:
            parts.append("…" if child.type == "template_substitution" else text_of(child))
    whole = "".join(parts).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\0", "")


def _escape(code: str) -> str:
    if code[:1] in "ux" and len(code) > 2:
        number = int(code[1:].strip("{}"), 16)
        return chr(number) if number <= 0x10FFFF else "\ufffd"
    return ESCAPES.get(code, code)


def _number(source: str) -> Any:
    try:
        return int(source.replace("_", ""), 0)
    except ValueError:
        pass
    try:
        return float(source.replace("_", ""))
    except ValueError:
        return MISSING


def _joined(node: Node) -> Any:
    """Strings put together by plus signs, however many."""
    parts: list[str] = []
    while True:
        last = node.child_by_field_name("right") if node.type == "binary_expression" else node
        value = literal(last) if last is not None and last.type != "binary_expression" else MISSING
        if not isinstance(value, str):
            return MISSING
        parts.append(value)
        if node.type != "binary_expression":
            return "".join(reversed(parts))
        operator, left = node.child_by_field_name("operator"), node.child_by_field_name("left")
        if operator is None or left is None or text_of(operator) != "+":
            return MISSING
        node = left
