"""The single values in TypeScript and JSON: texts and numbers, read out of a syntax tree as they are meant.

Grammar: https://github.com/tree-sitter/tree-sitter-typescript (JSON is a part of it).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from modelmill.normalize.entries import MISSING

if TYPE_CHECKING:
    from tree_sitter import Node

NAMES = {"identifier", "shorthand_property_identifier", "member_expression", "subscript_expression"}
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


def unknown(node: Node) -> Any:
    """Of every name: nothing."""
    return MISSING


def literal(node: Node, named: Callable[[Node], Any] = unknown) -> Any:
    """The value of a literal that is no array or object; MISSING for anything that is computed.

    named: what a name in it stands for.
    """
    node = unwrapped(node)
    match node.type:
        case "string" | "template_string":
            return string_of(node, named)
        case "number" | "unary_expression":
            return _number(text_of(node))
        case "true" | "false":
            return node.type == "true"
        case "null":
            return None
        case "binary_expression":
            return _joined(node, named)
        case _:
            return named(node) if node.type in NAMES else MISSING


def string_of(node: Node, named: Callable[[Node], Any] = unknown) -> str:
    """Escapes undone; what a template puts in is an ellipsis where no name tells it. Fit for storing: no NUL, no half
    surrogate.
    """
    parts: list[str] = []
    for child in node.named_children:
        if child.type == "escape_sequence":
            parts.append(_escape(text_of(child)[1:]))
        elif child.type == "template_substitution":
            parts.append(_put_in(child, named))
        else:
            parts.append(text_of(child))
    whole = "".join(parts).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\0", "")


def _put_in(substitution: Node, named: Callable[[Node], Any]) -> str:
    inner = substitution.named_children[0] if substitution.named_children else None
    said = as_text(named(inner)) if inner is not None and inner.type in NAMES else None
    return "…" if said is None else said


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


def _joined(node: Node, named: Callable[[Node], Any]) -> Any:
    """Strings put together by plus signs, however many."""
    parts: list[str] = []
    while True:
        last = node.child_by_field_name("right") if node.type == "binary_expression" else node
        value = literal(last, named) if last is not None and last.type != "binary_expression" else MISSING
        if not isinstance(value, str):
            return MISSING
        parts.append(value)
        if node.type != "binary_expression":
            return "".join(reversed(parts))
        operator, left = node.child_by_field_name("operator"), node.child_by_field_name("left")
        if operator is None or left is None or text_of(operator) != "+":
            return MISSING
        node = left


def as_text(value: Any) -> str | None:
    """A text or whole number as a part of a text."""
    return str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else None
