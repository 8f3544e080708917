"""What markup in TSX and JSX says to a reader: text between tags, attributes that are seen or heard, other strings that
are sentences, in whatever branch they are.

Grammar: https://github.com/tree-sitter/tree-sitter-typescript (TSX).
"""

from __future__ import annotations

import html
import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from modelmill.normalize import messages
from modelmill.normalize.entries import DRAWN
from modelmill.normalize.literals import NAMES, WRAPPERS, literal, text_of
from modelmill.normalize.messages import Inside

if TYPE_CHECKING:
    from tree_sitter import Node

ELEMENTS = frozenset({"jsx_element", "jsx_fragment", "jsx_self_closing_element"})
# Attributes a reader sees or hears; those ending in one of the last too (imageAlt, helpText).
SPOKEN = frozenset(
    {
        "alt", "title", "label", "placeholder", "heading", "subtitle", "description", "text", "summary",
        "aria-label", "aria-description", "aria-placeholder", "aria-roledescription", "aria-valuetext", "caption",
        "tooltip", "message", "help", "hint", "question", "answer", "tagline",
    }
)  # fmt: skip
LETTERS = re.compile(r"[^\W\d_]{2}")
NO_TEXT = re.compile(rf"https?://\S+|{DRAWN.pattern}", re.S)
SPOKEN_END = re.compile(r"(Alt|Text|Label|Title|Message|Heading|Tooltip|Placeholder|Caption)$")
KEY = re.compile(r"[a-z][\w-]*(?:\.[\w-]+)+")  # what a text is looked up by: `ra.action.save`
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
# What these are given is said to who writes the program.
FOR_AUTHORS = frozenset({"assert", "deprecated", "invariant", "warning"})
# Of these the value is that of one of the nodes in it.
PASSING = WRAPPERS | {"jsx_attribute", "jsx_expression", "ternary_expression", "binary_expression"}
# How a string is meant where it stands. shown: whatever it is; spoken: unless it is a key of a text; titled: if it
# begins with a capital letter; plain: if it reads like a sentence; silent: if it is a text to be translated.
Mode = Literal["shown", "spoken", "titled", "plain", "silent"]


@dataclass(frozen=True, slots=True)
class Brackets:
    """Where in a text tags may begin: looked for in each node's own text they would take time squared."""

    places: list[int]

    def has_any(self, node: Node) -> bool:
        """Whether there is one in the node."""
        at = bisect_left(self.places, node.start_byte)
        return at < len(self.places) and self.places[at] < node.end_byte


def lines(node: Node) -> list[str]:
    """Each thing that is said in it, once."""
    return [line for line in dict.fromkeys(_said(node)) if LETTERS.search(line) and not NO_TEXT.fullmatch(line)]


def _said(root: Node) -> Iterator[str]:
    """Everything a reader may get to see, in the order of the file, whatever branch it is in."""
    brackets = Brackets([root.start_byte + found.start() for found in re.finditer(b"<", root.text or b"")])
    waiting: list[tuple[Node, Inside | None, Mode]] = [(root, None, "plain")]
    told: set[int] = set()
    while waiting:
        node, around, mode = waiting.pop()
        if node.type in SILENT or _is_for_the_machine(node):
            continue
        if node.type in ("jsx_element", "jsx_fragment") and node.id not in told:
            yield from _own_text(node, told, brackets)
        elif node.type in ("string", "template_string"):
            value = literal(node)
            if isinstance(value, str) and _is_said(node, value, around, mode):
                yield " ".join(_unescaped(node, value, around).split())
            continue
        inside = Inside(node, around)
        waiting.extend((one, inside, _mode(one, inside, mode, brackets)) for one in reversed(node.named_children))


def _mode(node: Node, inside: Inside, mode: Mode, brackets: Brackets) -> Mode:
    """That of a node in another one, which has the given one."""
    outer = inside.node
    if mode == "silent" or outer.type == "throw_statement" or _is_for_authors(outer):
        return "silent"
    if node.type == "jsx_attribute":
        return _of_attribute(node, outer, brackets)
    if node.type == "jsx_expression" and outer.type in ("jsx_element", "jsx_fragment"):
        return "spoken"
    if outer.type in ("pair", "object_assignment_pattern"):
        names = outer.named_children[0]
        return "titled" if node.id != names.id and _is_spoken(text_of(names).strip("\"'")) else "plain"
    if outer.type not in PASSING or (outer.type == "ternary_expression" and _is_field(outer, "condition", node)):
        return "plain"
    if outer.type == "binary_expression":
        operator = outer.child_by_field_name("operator")
        sign = text_of(operator) if operator is not None else ""
        return mode if sign in ("||", "??", "+") or (sign == "&&" and _is_field(outer, "right", node)) else "plain"
    told = outer.type == "jsx_expression" and inside.around is not None and inside.around.node.type != "jsx_attribute"
    return "plain" if told and isinstance(literal(node), str) else mode  # as a part of its element's text


def _is_field(node: Node, name: str, inner: Node) -> bool:
    found = node.child_by_field_name(name)
    return found is not None and found.id == inner.id


def _is_spoken(name: str) -> bool:
    return name in SPOKEN or SPOKEN_END.search(name) is not None


def _is_for_authors(node: Node) -> bool:
    """What is given to one of those functions, or to the console."""
    called = node.child_by_field_name("function") if node.type == "call_expression" else None
    if called is None or called.end_byte - called.start_byte > messages.MAX_NAME:
        return False
    return text_of(called) in FOR_AUTHORS or text_of(called).startswith("console.")


def _own_text(element: Node, told: set[int], brackets: Brackets) -> Iterator[str]:
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
            parts.append(_put_in(child.named_children[0], sentence, brackets))
        elif child.type == "jsx_element" and sentence and _tag(child) in INLINE:
            told.add(child.id)
            waiting += child.children[::-1]
        elif child.type in ("jsx_element", "jsx_self_closing_element"):
            parts.append(" ")
    if said := " ".join("".join(parts).split()):
        yield said


def _put_in(expression: Node, sentence: bool, brackets: Brackets) -> str:
    """What stands for an expression among text: a string itself, an ellipsis for a value in a sentence."""
    value = literal(expression)
    if isinstance(value, str):
        return value
    return "…" if sentence and _is_value(expression) and not brackets.has_any(expression) else " "


def _is_value(expression: Node) -> bool:
    """A name, what a function gives, a sum: no choice between texts, which are said by themselves."""
    operator = expression.child_by_field_name("operator") if expression.type == "binary_expression" else None
    return expression.type in VALUES or (operator is not None and text_of(operator) in "+-*/%")


def _unescaped(node: Node, value: str, around: Inside | None) -> str:
    """An attribute's string has the escapes of HTML."""
    in_tag = node.type == "string" and around is not None and around.node.type == "jsx_attribute"
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


def _of_attribute(node: Node, tag: Node, brackets: Brackets) -> Mode:
    """Attributes for the machine are silent, unless there is markup in them."""
    name = text_of(node.named_children[0]) if node.named_children else ""
    for_reader = messages.of_attribute(tag, name)
    if for_reader if for_reader is not None else _is_spoken(name):
        return "shown" if name == "placeholder" else "spoken"
    return "plain" if for_reader is None and brackets.has_any(node) else "silent"


def _is_said(node: Node, value: str, around: Inside | None, mode: Mode) -> bool:
    """A message always. Of what is plain three words, or two with a capital first; a list of classes is not."""
    for_reader = messages.of_string(node, value, around)
    if for_reader is not None or mode == "silent":
        return bool(for_reader)
    if mode in ("shown", "spoken"):
        return mode == "shown" or not KEY.fullmatch(value)
    words = value.split()
    if mode == "titled" and value[:1].isupper():
        return True
    return len(words) > 1 and (value[0].isupper() or (len(words) > 2 and "-" not in value))
