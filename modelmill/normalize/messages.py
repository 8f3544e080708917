"""Texts that a program has looked up in the reader's language, and what is said about them to translators only.

`t("cart.empty", "Your cart is empty")` (i18next), `__( 'Save', 'domain' )` (gettext, WordPress), `{ id, description,
defaultMessage }` (react-intl), `<Translate id description>` (Docusaurus). What is only a key is no text.
"""

from __future__ import annotations

import re
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


def of_attribute(attribute: Node, name: str) -> bool | None:
    """Whether an attribute is said to the reader; None where it is not one of a message."""
    tag = attribute.parent.child_by_field_name("name") if attribute.parent is not None else None
    if tag is None or text_of(tag) not in ELEMENTS:
        return None
    return True if name in SAID else False if name in ABOUT else None


def is_tag(call: Node) -> bool:
    """Whether a template behind a name is said to the reader: Lingui's t`Your cart is empty`."""
    return text_of(call).partition("`")[0].strip().rpartition(".")[2] in TAGS


def of_string(node: Node, value: str) -> bool | None:
    """Whether a string is said to the reader; None where it is no part of a message."""
    around = node.parent
    if around is None:
        return None
    if around.type == "arguments" and around.parent is not None and around.parent.type == "call_expression":
        return _of_argument(node, value, around)
    if around.type == "call_expression":  # a template behind its tag
        return is_tag(around) or None
    return _of_property(node, around) if around.type == "pair" else None


def _of_argument(node: Node, value: str, arguments: Node) -> bool | None:
    name = _called(arguments)
    given = [one for one in arguments.named_children[:4] if one.type != "comment"]
    number = next((number for number, one in enumerate(given) if one.id == node.id), len(given))
    if name in TEXTS:
        return number < TEXTS[name]
    if name not in KEYED:
        return None
    if number == 0:
        return (" " in value or NATURAL.fullmatch(value) is not None) and len(given) < 3
    key = literal(given[0])
    return True if number == 1 and isinstance(key, str) and KEY.fullmatch(key) else None


def _of_property(node: Node, pair: Node) -> bool | None:
    key, around = pair.child_by_field_name("key"), pair.parent
    name = text_of(key).strip("\"'") if key is not None else ""
    if around is None or name not in SAID | ABOUT:
        return None
    keys = (one.child_by_field_name("key") for one in around.named_children[:MAX_BESIDE])
    beside = {text_of(one).strip("\"'") for one in keys if one is not None}
    is_message = "defaultMessage" in beside or {"id", "message"} <= beside or _is_option(around)
    return name in SAID if is_message else None


def _is_option(around: Node) -> bool:
    """Whether the object is an argument of a function that takes a key, or all that it takes."""
    arguments = around.parent
    return arguments is not None and arguments.type == "arguments" and _called(arguments) in KEYED


def _called(arguments: Node) -> str:
    """The name of the function: `t` of `i18n.t(...)`."""
    called = arguments.parent.child_by_field_name("function") if arguments.parent is not None else None
    own = called.child_by_field_name("property") if called is not None else None
    return text_of(own or called) if called is not None else ""
