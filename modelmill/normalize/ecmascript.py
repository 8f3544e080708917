"""The data in TypeScript, TSX and JSON: literals read out of a syntax tree and told in words; nothing is run.

Grammar: https://github.com/tree-sitter/tree-sitter-typescript (JSON is a part of it).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from modelmill.normalize.entries import MAX_DEPTH, MISSING, Place

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_LOOKED_UP = 20_000  # names in one file
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


@dataclass(slots=True)
class Scope:
    """What names of the file stand for: its constants, and its enums by member. looked_up: how often one was asked for,
    which is limited: constants that spread each other twice are small, and without end.
    """

    constants: Mapping[str, Node] = field(default_factory=dict[str, "Node"])
    members: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, "Mapping[str, Any]"])
    looked_up: int = 0

    def constant(self, name: str) -> Node | None:
        """What the constant is. Raises ValueError when names were asked for too often."""
        self.looked_up += name in self.constants
        if self.looked_up > MAX_LOOKED_UP:
            raise ValueError(f"its constants refer to each other more than {MAX_LOOKED_UP} times")
        return self.constants.get(name)


def place_of(node: Node, depth: int = 0, scope: Scope | None = None) -> Place:
    """A literal and where it stands. Raises ValueError when nested too deep, also by names that lead in a circle."""
    if depth > MAX_DEPTH:
        raise ValueError(f"nested deeper than {MAX_DEPTH}")
    node = unwrapped(node)
    first, last = node.start_point.row + 1, node.end_point.row + 1
    if node.type == "array":
        items = [("", place_of(child, depth + 1, scope)) for child in node.named_children]
        return Place("array", first, last, items=items)
    if node.type == "object":
        return Place("object", first, last, items=_pairs(node, depth, scope))
    if scope and (named := _named(node, scope)) is not None:
        found = place_of(named, depth + 1, scope)
        return Place(found.kind, first, last, found.scalar, found.items)
    if scope and node.type == "member_expression":
        return Place("scalar", first, last, _member(node, scope))
    return Place("scalar", first, last, literal(node))


def _named(node: Node, scope: Scope) -> Node | None:
    return scope.constant(text_of(node)) if node.type in ("identifier", "shorthand_property_identifier") else None


def _member(node: Node, scope: Scope) -> Any:
    """`Industry.Finance`, of an enum of the file."""
    owner, name = node.child_by_field_name("object"), node.child_by_field_name("property")
    return scope.members.get(text_of(owner), {}).get(text_of(name), MISSING) if owner and name else MISSING


def _pairs(node: Node, depth: int, scope: Scope | None) -> list[tuple[str, Place]]:
    """The plain properties of an object literal, and of constants of the file that it spreads; the last one counts."""
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
            found |= dict(spread.items) if spread.kind == "object" else {}
    return list(found.items())


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
