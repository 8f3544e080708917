"""TSX and JSX: what a component says to its reader, the data constants beside it, and the code.

One unit, from src/components/ContactForm.tsx: name `ContactForm`, kind component_text, text `Thank you`, `Your message
is with the team...`, the labels, placeholders and alternatives, a line each, in the order of the file. The function
itself is `ContactForm (code)`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from modelmill.normalize import code, markup
from modelmill.normalize.grammar import parse, parses
from modelmill.normalize.language import Draft, Language
from modelmill.normalize.linking import Others
from modelmill.normalize.literals import text_of, unwrapped
from modelmill.normalize.typescript import WITH_MARKUP, beside, data_entries
from modelmill.records import Dropped

if TYPE_CHECKING:
    from tree_sitter import Node

# What a default without a name is, what may be around it, and what only stands where there is markup.
DEFAULTS = frozenset({"arrow_function", "function_expression", "class"})
AROUND = frozenset({"call_expression", "arguments", "parenthesized_expression"})
MARKUP = (b"</", b"/>")

GRAMMAR = WITH_MARKUP


def units(path: str, text: str, others: Others | None = None) -> Iterator[Draft | Dropped]:
    """A unit for each top-level component that says something, the entries of the file's data, then the code."""
    source = text.encode()
    root = parse(GRAMMAR, source)
    data = list(data_entries(root, path, others))
    if others is not None and others.wanted:
        return
    said = [draft for name, node in _components(root) if (draft := _component(name, node))]
    yield from beside([*said, *data], code.of_tree(GRAMMAR, root, source, code.module_name(path)))


def _components(root: Node) -> Iterator[tuple[str, Node]]:
    """Functions, classes and constants whose name begins with a capital letter, React's own rule, and those with markup
    in them: `withTitle`, `renderEmpty`.

    A default that has no name is called that, as its code is, and is a component if there is markup in it.
    """
    for statement in root.named_children:
        default = statement.child_by_field_name("value") if statement.type == "export_statement" else None
        if default is not None and _is_anonymous(default) and _has_markup(default):
            yield "default", default
        for node in statement.named_children if statement.type == "export_statement" else [statement]:
            declared = node.named_children if node.type == "lexical_declaration" else [node]
            for one in declared:
                name = one.child_by_field_name("name")
                value = one.child_by_field_name("value")
                is_data = value is not None and unwrapped(value).type in ("array", "object")
                if name is not None and not is_data and (text_of(name)[:1].isupper() or _has_markup(one)):
                    yield text_of(name), one


def _has_markup(node: Node) -> bool:
    return any(sign in (node.text or b"") for sign in MARKUP)


def _is_anonymous(value: Node) -> bool:
    """Whether it is a function or a class, also with something around it: `memo(forwardRef(() => ...))`."""
    waiting = [value]
    while waiting:
        node = waiting.pop()
        if node.type in DEFAULTS:
            return True
        if node.type in AROUND:
            waiting.extend(node.named_children)
    return False


def _component(name: str, node: Node) -> Draft | None:
    if node.type in ("interface_declaration", "type_alias_declaration", "enum_declaration"):
        return None
    lines = markup.lines(node)
    if not lines:
        return None
    return Draft(
        name=name,
        kind="component_text",
        text="\n".join(lines),
        signature=f"component {name}",
        start_line=node.start_point.row + 1,
        end_line=node.end_point.row + 1,
        meta={"lines": len(lines)},
    )


LANGUAGE = Language(
    "tsx", version=15, suffixes=(".tsx", ".jsx"), units=units, parses=partial(parses, GRAMMAR), rendered=True,
    linked=units,
)  # fmt: skip
