"""TSX and JSX: what a component says to its reader, the data constants beside it, and the code.

One unit, from src/components/ContactForm.tsx: name `ContactForm`, kind component_text, text `Thank you`, `Your message
is with the team...`, the labels, placeholders and alternatives, a line each, in the order of the file. The function
itself is `ContactForm (code)`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from modelmill.normalize import code
from modelmill.normalize.entries import DRAWN
from modelmill.normalize.grammar import parse, parses
from modelmill.normalize.language import Draft, Language
from modelmill.normalize.linking import Others
from modelmill.normalize.literals import literal, text_of
from modelmill.normalize.typescript import WITH_MARKUP, beside, data_entries
from modelmill.records import Dropped

if TYPE_CHECKING:
    from tree_sitter import Node

# Attributes a reader sees or hears; those ending in one of the last too (imageAlt, helpText).
SPOKEN = frozenset(
    {
        "alt", "title", "label", "placeholder", "heading", "subtitle", "description", "text", "summary",
        "aria-label", "aria-description", "caption", "tooltip", "message", "hint", "question", "answer", "tagline",
    }
)  # fmt: skip
LETTERS = re.compile(r"[^\W\d_]{2}")
SPOKEN_END = re.compile(r"(Alt|Text|Label|Title|Message|Heading)$")
# Words set apart in a sentence: beside other text a part of it.
INLINE = frozenset(
    {
        "a", "abbr", "b", "cite", "code", "del", "em", "i", "ins", "kbd", "mark", "q", "s", "small", "span", "strong",
        "sub", "sup", "time", "u", "var", "Link",
    }
)  # fmt: skip
# In these, strings are meant for the machine.
SILENT = {"import_statement", "type_annotation", "type_arguments", "subscript_expression", "comment", "regex"}
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
    """Functions, classes and constants whose name begins with a capital letter: React's own rule.

    A default that has no name is called that, as its code is, and is a component if there is markup in it.
    """
    for statement in root.named_children:
        default = statement.child_by_field_name("value") if statement.type == "export_statement" else None
        if default is not None and _is_anonymous(default) and any(sign in (default.text or b"") for sign in MARKUP):
            yield "default", default
        for node in statement.named_children if statement.type == "export_statement" else [statement]:
            declared = node.named_children if node.type == "lexical_declaration" else [node]
            for one in declared:
                name = one.child_by_field_name("name")
                value = one.child_by_field_name("value")
                is_data = value is not None and value.type in ("array", "object", "as_expression")
                if name is not None and text_of(name)[:1].isupper() and not is_data:
                    yield text_of(name), one


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
    lines = list(dict.fromkeys(line for line in _said(node) if LETTERS.search(line) and not DRAWN.fullmatch(line)))
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


def _said(root: Node) -> Iterator[str]:
    """Everything a reader may get to see, in the order of the file, whatever branch it is in."""
    waiting = [root]
    told: set[int] = set()
    while waiting:
        node = waiting.pop()
        if node.type in SILENT:
            continue
        if node.type in ("jsx_element", "jsx_fragment") and node.id not in told:
            yield from _own_text(node, told)
        elif node.type in ("string", "template_string"):
            value = literal(node)
            if isinstance(value, str) and _is_said(node, value):
                yield " ".join(value.split())
            continue
        waiting.extend(reversed([child for child in node.named_children if not _is_silent(child)]))


def _own_text(element: Node, told: set[int]) -> Iterator[str]:
    """The text between the element's tags as one line; what stands in tags of its own comes as its own line.

    told: the elements whose text is a part of another one's; those that are a part of this one's are added.
    """
    parts: list[str] = []
    sentence = any(one.type == "jsx_text" and text_of(one).strip() for one in element.children)
    waiting = element.children[::-1]
    while waiting:
        child = waiting.pop()
        if child.type in ("jsx_text", "html_character_reference"):
            parts.append(html.unescape(text_of(child)))
        elif child.type == "jsx_expression" and child.named_children:
            value = literal(child.named_children[0])
            parts.append(value if isinstance(value, str) else " ")
        elif child.type == "jsx_element" and sentence and _tag(child) in INLINE:
            told.add(child.id)
            waiting += child.children[::-1]
        elif child.type in ("jsx_element", "jsx_self_closing_element"):
            parts.append(" ")
    if said := " ".join("".join(parts).split()):
        yield said


def _tag(element: Node) -> str:
    name = opening.child_by_field_name("name") if (opening := element.child_by_field_name("open_tag")) else None
    return text_of(name) if name is not None else ""


def _is_silent(node: Node) -> bool:
    """Attributes for the machine, unless there is markup in them."""
    if node.type != "jsx_attribute":
        return False
    name = text_of(node.named_children[0]) if node.named_children else ""
    return name not in SPOKEN and not SPOKEN_END.search(name) and b"<" not in (node.text or b"")


def _is_said(node: Node, value: str) -> bool:
    """In a spoken attribute: always. Elsewhere: three words, or two with a capital first; not a list of classes."""
    parent = node.parent
    if parent is not None and parent.type == "jsx_attribute":
        return True
    words = value.split()
    return len(words) > 1 and (value[0].isupper() or (len(words) > 2 and "-" not in value))


LANGUAGE = Language(
    "tsx", version=11, suffixes=(".tsx", ".jsx"), units=units, parses=partial(parses, GRAMMAR), rendered=True,
    linked=units,
)  # fmt: skip
