"""What markup in TSX and JSX says to a reader: text between tags, attributes that are seen or heard, other strings that
are sentences, in whatever branch they are.

Grammar: https://github.com/tree-sitter/tree-sitter-typescript (TSX).
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from modelmill.normalize import messages
from modelmill.normalize.entries import DRAWN
from modelmill.normalize.literals import NAMES, literal, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

ELEMENTS = frozenset({"jsx_element", "jsx_fragment", "jsx_self_closing_element"})
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
# What is a value where it stands among text.
VALUES = NAMES | {"call_expression"}
# In these, strings are meant for the machine.
SILENT = {"import_statement", "type_annotation", "type_arguments", "subscript_expression", "comment", "regex"}


def lines(node: Node) -> list[str]:
    """Each thing that is said in it, once."""
    return list(dict.fromkeys(line for line in _said(node) if LETTERS.search(line) and not DRAWN.fullmatch(line)))


def _said(root: Node) -> Iterator[str]:
    """Everything a reader may get to see, in the order of the file, whatever branch it is in."""
    waiting = [root]
    told: set[int] = set()
    while waiting:
        node = waiting.pop()
        if node.type in SILENT or _is_for_the_machine(node):
            continue
        if node.type in ("jsx_element", "jsx_fragment") and node.id not in told:
            yield from _own_text(node, told)
        elif node.type in ("string", "template_string"):
            value = literal(node)
            if isinstance(value, str) and _is_said(node, value):
                yield " ".join(_unescaped(node, value).split())
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
            parts.append(_put_in(child.named_children[0], sentence))
        elif child.type == "jsx_element" and sentence and _tag(child) in INLINE:
            told.add(child.id)
            waiting += child.children[::-1]
        elif child.type in ("jsx_element", "jsx_self_closing_element"):
            parts.append(" ")
    if said := " ".join("".join(parts).split()):
        yield said


def _put_in(expression: Node, sentence: bool) -> str:
    """What stands for an expression among text: a string itself, an ellipsis for a value in a sentence."""
    value = literal(expression)
    if isinstance(value, str):
        return value
    return "…" if sentence and _is_value(expression) and b"<" not in (expression.text or b"") else " "


def _is_value(expression: Node) -> bool:
    """A name, what a function gives, a sum: no choice between texts, which are said by themselves."""
    operator = expression.child_by_field_name("operator") if expression.type == "binary_expression" else None
    return expression.type in VALUES or (operator is not None and text_of(operator) in "+-*/%")


def _unescaped(node: Node, value: str) -> str:
    """An attribute's string has the escapes of HTML."""
    in_tag = node.type == "string" and node.parent is not None and node.parent.type == "jsx_attribute"
    return html.unescape(value) if in_tag else value


def _is_for_the_machine(node: Node) -> bool:
    """A style or script, and a template of another language: of styled.div, css, gql."""
    if node.type == "jsx_element":
        return _tag(node) in ("style", "script")
    arguments = node.child_by_field_name("arguments") if node.type == "call_expression" else None
    return arguments is not None and arguments.type == "template_string" and not messages.is_tag(node)


def _tag(element: Node) -> str:
    name = opening.child_by_field_name("name") if (opening := element.child_by_field_name("open_tag")) else None
    return text_of(name) if name is not None else ""


def _is_silent(node: Node) -> bool:
    """Attributes for the machine, unless there is markup in them."""
    if node.type != "jsx_attribute":
        return False
    name = text_of(node.named_children[0]) if node.named_children else ""
    for_reader = messages.of_attribute(node, name)
    if for_reader is not None:
        return not for_reader
    return name not in SPOKEN and not SPOKEN_END.search(name) and b"<" not in (node.text or b"")


def _is_said(node: Node, value: str) -> bool:
    """In a spoken attribute, or as a message: always. Elsewhere: three words, or two with a capital first.

    A list of classes is not.
    """
    parent = node.parent
    if parent is not None and parent.type == "jsx_attribute":
        return True
    for_reader = messages.of_string(node, value)
    if for_reader is not None:
        return for_reader
    words = value.split()
    return len(words) > 1 and (value[0].isupper() or (len(words) > 2 and "-" not in value))
