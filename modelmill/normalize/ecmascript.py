"""The data in TypeScript, TSX and JSON: literals read out of a syntax tree and told in words; nothing is run.

An entry is an object that has words for a reader in it: an element of an array, or a value of a keyed object.
Grammar: https://github.com/tree-sitter/tree-sitter-typescript (JSON is a part of it).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from modelmill.normalize.language import Draft
from modelmill.normalize.markdown import slug

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_DEPTH = 64
IDENTITIES = ("id", "slug", "key", "name", "title", "label", "question", "path")
HEADLINES = ("title", "name", "label", "heading", "question")
# Said to a reader even when it is a single word.
HUMAN = frozenset(
    {
        "title", "name", "label", "heading", "subtitle", "tagline", "summary", "description", "text", "body",
        "question", "answer", "hint", "placeholder", "tooltip", "message", "caption", "alt", "content",
    }
)  # fmt: skip
WRAPPERS = {"as_expression", "satisfies_expression", "parenthesized_expression", "non_null_expression"}
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "", "\n": "", "\r\n": ""}
MISSING = object()  # no literal: what only running the program would tell


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


def literal(node: Node, depth: int = 0) -> Any:
    """The value of a literal; MISSING for anything that is computed. Raises ValueError when nested too deep."""
    if depth > MAX_DEPTH:
        raise ValueError(f"nested deeper than {MAX_DEPTH}")
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
        case "array":
            items = (literal(child, depth + 1) for child in node.named_children)
            return [item for item in items if item is not MISSING]
        case "object":
            return {key: value for key, value, _ in pairs(node, depth) if value is not MISSING}
        case "binary_expression":
            return _joined(node, depth)
        case _:
            return MISSING


def pairs(node: Node, depth: int = 0) -> Iterator[tuple[str, Any, Node]]:
    """Key, value and value's node of each plain property of an object literal."""
    for child in node.named_children:
        key, value = child.child_by_field_name("key"), child.child_by_field_name("value")
        if child.type == "pair" and key is not None and value is not None and key.type != "computed_property_name":
            yield (_string(key) if key.type == "string" else text_of(key)), literal(value, depth + 1), value


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


def _joined(node: Node, depth: int) -> Any:
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    operator = node.child_by_field_name("operator")
    if left is None or right is None or operator is None or text_of(operator) != "+":
        return MISSING
    one, other = literal(left, depth + 1), literal(right, depth + 1)
    return one + other if isinstance(one, str) and isinstance(other, str) else MISSING


def entries(collection: str, node: Node, meta: Mapping[str, Any], depth: int = 0) -> Iterator[Draft]:
    """The entries in an array or object literal that is called `collection`; `meta` is added to each one's fields."""
    node = unwrapped(node)
    if depth > MAX_DEPTH:
        raise ValueError(f"nested deeper than {MAX_DEPTH}")
    if node.type == "array":
        yield from _elements(collection, node, meta, depth)
    elif node.type == "object":
        fields = literal(node, depth)
        if any(_is_prose(key, value) for key, value in fields.items()):
            yield _entry(collection, fields, node, meta)
            return
        for key, _, value in pairs(node, depth):
            yield from entries(f"{collection}.{key}" if collection else key, value, meta, depth + 1)


def _elements(collection: str, node: Node, meta: Mapping[str, Any], depth: int) -> Iterator[Draft]:
    elements = [(unwrapped(child), literal(child, depth + 1)) for child in node.named_children]
    sayings = [value for _, value in elements if _is_prose("", value)]
    if len(sayings) > 1:
        yield _entry(collection, {"items": sayings}, node, meta)
    for number, (child, fields) in enumerate(elements):
        if isinstance(fields, dict) and has_prose(fields):
            yield _entry(f"{collection}.{_identity(fields) or number}", fields, child, meta)


def _entry(name: str, fields: Mapping[str, Any], node: Node, meta: Mapping[str, Any]) -> Draft:
    headline = next((fields[key] for key in HEADLINES if isinstance(fields.get(key), str)), "")
    return Draft(
        name=name,
        kind="entry",
        text="\n".join(_told(fields, headline)),
        signature=headline or name,
        start_line=node.start_point.row + 1,
        end_line=node.end_point.row + 1,
        meta={**fields, **meta},
    )


def _identity(fields: Mapping[str, Any]) -> str:
    return next((slug(str(fields[key])) for key in IDENTITIES if isinstance(fields.get(key), (str, int))), "")


def has_prose(value: Any, key: str = "") -> bool:
    """Whether there are words for a reader anywhere in it."""
    if isinstance(value, dict):
        return any(has_prose(item, name) for name, item in value.items())
    if isinstance(value, list):
        return any(has_prose(item, key) for item in value)
    return _is_prose(key, value)


def _is_prose(key: str, value: Any) -> bool:
    """Two words or more, or one under a name that says it is for a reader."""
    if not isinstance(value, str) or not re.search(r"[^\W\d_]{2}", value):
        return False
    return len(value.split()) > 1 or key in HUMAN


def _told(fields: Mapping[str, Any], headline: str) -> Iterator[str]:
    """The entry as a reader would see it: headline, then each field with its name in front, lists line by line."""
    if headline:
        yield headline
    for key, value in fields.items():
        if (
            isinstance(value, str)
            and value
            and value != headline
            and key not in ("id", "slug", "href", "path", "image")
        ):
            yield value if key in HUMAN else f"{_words(key)}: {value}"
        elif isinstance(value, (list, dict)) and value:
            lines = [line for item in (value.values() if isinstance(value, dict) else value) for line in _lines(item)]
            if lines:
                yield f"{_words(key)}:"
                yield from (f"- {line}" for line in lines)


def _lines(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        inner = [line for item in value.values() for line in _lines(item)]
        if inner:
            yield " ".join(inner)
    elif isinstance(value, list):
        for item in value:
            yield from _lines(item)
    elif isinstance(value, str) and re.search(r"[^\W\d_]{2}", value) and not value.startswith(("/", "#", "http")):
        yield value


def _words(key: str) -> str:
    """`exampleQueries` -> `Example queries`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[_.-]+", " ", key).lower().split()
    return " ".join(words).capitalize()
