"""The data in TypeScript, TSX and JSON: literals read out of a syntax tree and told in words; nothing is run.

Grammar: https://github.com/tree-sitter/tree-sitter-typescript (JSON is a part of it).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelmill.normalize.entries import MAX_DEPTH, MISSING, Place

if TYPE_CHECKING:
    from tree_sitter import Node

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


def place_of(node: Node, depth: int = 0) -> Place:
    """A literal and where it stands. Raises ValueError when nested too deep."""
    if depth > MAX_DEPTH:
        raise ValueError(f"nested deeper than {MAX_DEPTH}")
    node = unwrapped(node)
    first, last = node.start_point.row + 1, node.end_point.row + 1
    if node.type == "array":
        items = [("", place_of(child, depth + 1)) for child in node.named_children]
        return Place("array", first, last, items=items)
    if node.type == "object":
        return Place("object", first, last, items=_pairs(node, depth))
    return Place("scalar", first, last, literal(node))


def _pairs(node: Node, depth: int) -> list[tuple[str, Place]]:
    """The plain properties of an object literal."""
    found: list[tuple[str, Place]] = []
    for child in node.named_children:
        key, value = child.child_by_field_name("key"), child.child_by_field_name("value")
        if child.type == "pair" and key is not None and value is not None and key.type != "computed_property_name":
            found.append((_string(key) if key.type == "string" else text_of(key), place_of(value, depth + 1)))
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
