"""Texts that a program has looked up in the reader's language, and what is said about them to translators only.

`t("cart.empty", "Your cart is empty")` (i18next), `__( 'Save', 'domain' )` (gettext, WordPress), `{ id, description,
defaultMessage }` (react-intl), `<Translate id description>` (Docusaurus). What is only a key is no text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modelmill.normalize.literals import literal, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

# Functions by how many of their first arguments are texts; what comes behind says how they are meant.
TEXTS = {"__": 1, "_": 1, "_x": 1, "_n": 2, "_nx": 2, "gettext": 1, "ngettext": 2}
KEYED = frozenset({"t", "$t", "translate", "_t"})  # a key, and what is said where it is not known
TAGS = frozenset({"t", "msg", "i18n"})
KEY = re.compile(r"[A-Za-z][\w-]*(?:[.:/][\w-]+)*")
NATURAL = re.compile(r"[A-Z][a-z]+[!?…]?")  # one word that is a key and a text: `t("Save")`
ELEMENTS = frozenset({"Translate", "FormattedMessage", "FormattedHTMLMessage", "Trans"})
SAID = frozenset({"message", "defaultMessage", "defaultValue", "defaults"})
ABOUT = frozenset({"id", "description", "comment", "context", "i18nKey"})
MAX_BESIDE = 12  # properties of an object that are looked at to tell whether it is a message
MAX_GIVEN = 4  # arguments that are looked at
MAX_NAME = 100  # bytes of a name that is looked at: as often as there are strings beside it


@dataclass(frozen=True, slots=True)
class Inside:
    """A node, and what it is in itself: asked for its parent it would be looked for from the top of the tree."""

    node: Node
    around: Inside | None


def looked_up(call: Node) -> str | None:
    """The text in a call that looks up one, as it stands there: data says it where a literal would stand."""
    name, arguments = _called(call), call.child_by_field_name("arguments")
    if arguments is None:
        return None
    if arguments.type == "template_string":
        return _text(arguments) if name in TAGS else None
    given = [one for one in _first(arguments, MAX_GIVEN) if one.type != "comment"]
    if not given or (name not in TEXTS and name not in KEYED):
        return None
    said = _text(given[0])
    if name in TEXTS:
        return said
    if said is not None and KEY.fullmatch(said) and len(given) > 1:
        return _text(given[1])
    return said if said is not None and _is_natural(said, len(given)) else None


def _text(node: Node) -> str | None:
    said = literal(node)
    return said if isinstance(said, str) else None


def _is_natural(value: str, given: int) -> bool:
    """Whether a key is the text itself."""
    return (" " in value or NATURAL.fullmatch(value) is not None) and given < 3


def of_attribute(tag: Node, name: str) -> bool | None:
    """Whether an attribute of a tag is said to the reader; None where it is not one of a message."""
    if _named(tag.child_by_field_name("name")) not in ELEMENTS:
        return None
    return True if name in SAID else False if name in ABOUT else None


def is_tag(call: Node) -> bool:
    """Whether a template behind a name is said to the reader: Lingui's t`Your cart is empty`."""
    return _called(call) in TAGS


def of_string(node: Node, value: str, around: Inside | None) -> bool | None:
    """Whether a string is said to the reader; None where it is no part of a message."""
    if around is None:
        return None
    call = around.around.node if around.around is not None else None
    if around.node.type == "arguments" and call is not None and call.type == "call_expression":
        return _of_argument(node, value, around.node, _called(call))
    if around.node.type == "call_expression":  # a template behind its tag
        return is_tag(around.node) or None
    return _of_property(around) if around.node.type == "pair" else None


def _of_argument(node: Node, value: str, arguments: Node, name: str) -> bool | None:
    if name not in TEXTS and name not in KEYED:
        return None
    given = [one for one in _first(arguments, MAX_GIVEN) if one.type != "comment"]
    number = next((number for number, one in enumerate(given) if one.id == node.id), len(given))
    if name in TEXTS:
        return number < TEXTS[name]
    if number == 0:
        return _is_natural(value, len(given))
    key = _text(given[0]) if number == 1 else None
    return True if key is not None and KEY.fullmatch(key) else None


def _of_property(pair: Inside) -> bool | None:
    name, whole = _key(pair.node), pair.around
    if whole is None or name not in SAID | ABOUT:
        return None
    beside = {_key(one) for one in _first(whole.node, MAX_BESIDE)}
    is_message = "defaultMessage" in beside or {"id", "message"} <= beside or _is_option(whole)
    return name in SAID if is_message else None


def _is_option(whole: Inside) -> bool:
    """Whether the object is an argument of a function that takes a key, or all that it takes."""
    arguments = whole.around
    if arguments is None or arguments.node.type != "arguments" or arguments.around is None:
        return False
    return _called(arguments.around.node) in KEYED


def _first(node: Node, count: int) -> list[Node]:
    """The first nodes in it: all of them would be made anew for each string among them."""
    return [node.named_child(number) for number in range(min(count, node.named_child_count))]


def _key(pair: Node) -> str:
    return _named(pair.child_by_field_name("key")).strip("\"'")


def _called(call: Node) -> str:
    """The name of the function: `t` of `i18n.t(...)`."""
    called = call.child_by_field_name("function")
    own = called.child_by_field_name("property") if called is not None else None
    return _named(own or called)


def _named(name: Node | None) -> str:
    """The source of a name; of one that is longer than any that means something nothing."""
    return text_of(name) if name is not None and name.end_byte - name.start_byte <= MAX_NAME else ""
