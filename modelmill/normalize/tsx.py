"""TSX and JSX: what a component says to its reader, the data constants beside it, and the code.

One unit, from src/components/ContactForm.tsx: name `ContactForm`, kind component_text, text `Thank you`, `Your message
is with the team...`, the labels, placeholders and alternatives, a line each, in the order of the file. The function
itself is `ContactForm (code)`.
"""

from __future__ import annotations

import re
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
FUNCTIONS = DEFAULTS | {"method_definition"}
MARKUP = re.compile(rb"</|/>")
# What looks up a text in the reader's language, where there is no markup.
LOOKED_UP = re.compile(rb"(?<![\w$.])(?:__|_x|_n|_nx|n?gettext)\(\s?['\"]|\.formatMessage\(")

GRAMMAR = WITH_MARKUP


def units(path: str, text: str, others: Others | None = None) -> Iterator[Draft | Dropped]:
    """A unit for each top-level component that says something, the entries of the file's data, then the code."""
    source = text.encode()
    root = parse(GRAMMAR, source)
    data = list(data_entries(root, path, others))
    if others is not None and others.wanted:
        return
    said = [draft for name, nodes in _components(root) if (draft := _component(name, nodes))]
    yield from beside([*said, *data], code.of_tree(GRAMMAR, root, source, code.module_name(path)))


def _components(root: Node) -> Iterator[tuple[str, list[Node]]]:
    """Functions, classes and constants whose name begins with a capital letter, React's own rule, and those with markup
    or texts to be translated in them: `withTitle`, `renderEmpty`, `statusLabel`.

    A default that has no name is called that, as its code is, and is a component if there is markup in it. What is
    assigned is one, too (`Open.args = ...`), and of data the functions in it that give markup: its texts are entries.
    """
    for statement in root.named_children:
        default = statement.child_by_field_name("value") if statement.type == "export_statement" else None
        if default is not None and _is_anonymous(default) and _has_markup(default):
            yield "default", [default]
        for node in statement.named_children if statement.type == "export_statement" else [statement]:
            for one in _declared(node):
                name, value = _name_of(one), one.child_by_field_name("value")
                if name is None:
                    continue
                if value is not None and unwrapped(value).type in ("array", "object"):
                    yield text_of(name), list(_functions(value)) if _has_markup(value) else []
                elif text_of(name)[:1].isupper() or _has_markup(one) or LOOKED_UP.search(one.text or b""):
                    yield text_of(name), [one]


def _declared(node: Node) -> list[Node]:
    if node.type == "lexical_declaration":
        return node.named_children
    if node.type == "expression_statement":
        return [one for one in node.named_children[:1] if one.type == "assignment_expression" and _has_markup(one)]
    return [node]


def _name_of(node: Node) -> Node | None:
    return node.child_by_field_name("left" if node.type == "assignment_expression" else "name")


def _functions(data: Node) -> Iterator[Node]:
    """The functions in it that are in no other one."""
    waiting = [data]
    while waiting:
        node = waiting.pop()
        if node.type in FUNCTIONS:
            yield node
        elif node.type not in markup.ELEMENTS:
            waiting.extend(reversed(node.named_children))


def _has_markup(node: Node) -> bool:
    return MARKUP.search(node.text or b"") is not None


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


def _component(name: str, nodes: list[Node]) -> Draft | None:
    if any(node.type in ("interface_declaration", "type_alias_declaration", "enum_declaration") for node in nodes):
        return None
    lines = list(dict.fromkeys(line for node in nodes for line in markup.lines(node)))
    if not lines:
        return None
    return Draft(
        name=name,
        kind="component_text",
        text="\n".join(lines),
        signature=f"component {name}",
        start_line=nodes[0].start_point.row + 1,
        end_line=nodes[-1].end_point.row + 1,
        meta={"lines": len(lines)},
    )


LANGUAGE = Language(
    "tsx", version=15, suffixes=(".tsx", ".jsx"), units=units, parses=partial(parses, GRAMMAR), rendered=True,
    linked=units,
)  # fmt: skip
