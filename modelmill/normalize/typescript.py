"""TypeScript data: each element of a top-level array of objects, or of a keyed object, is an entry.

One unit, from src/data/useCases/finance.ts: name `financeUseCases.card-fraud-alerts`, kind entry, signature
`Card fraud alerts`, meta the parsed fields (`id`, `industry`, `exampleQueries`, `faqs` ...) and `_type` (`UseCase`).
What is computed (spreads, calls, variables) is not there: nothing is run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from modelmill.normalize.ecmascript import entries, parser, text_of, unwrapped
from modelmill.normalize.language import Draft, Language
from modelmill.records import Dropped

if TYPE_CHECKING:
    from tree_sitter import Node

CONTAINER = re.compile(r"^(?:readonly\s+)?(?:(?:Readonly)?Array<|Record<[^,]+,\s*)?\s*([A-Za-z_][\w.]*)")


def units(path: str, text: str) -> Iterator[Draft | Dropped]:
    """The entries of every top-level constant."""
    yield from data_entries(parser("typescript").parse(text.encode()).root_node)


def data_entries(root: Node) -> Iterator[Draft | Dropped]:
    """The entries of every top-level constant of a parsed file."""
    for name, kind, value in _constants(root):
        if value.has_error:
            yield Dropped(name, "does not parse", f"line {value.start_point.row + 1}")
        else:
            yield from entries(name, value, {"_type": kind} if kind else {})


def _constants(root: Node) -> Iterator[tuple[str, str, Node]]:
    """Name, element type and value of top-level constants that are data."""
    for statement in root.named_children:
        inner = [statement]
        if statement.type == "export_statement":
            inner = statement.named_children
        for declaration in inner:
            if declaration.type in ("lexical_declaration", "variable_declaration"):
                yield from (found for child in declaration.named_children if (found := _constant(child)))
            elif statement.type == "export_statement" and unwrapped(declaration).type in ("array", "object"):
                yield "default", "", declaration


def _constant(declarator: Node) -> tuple[str, str, Node] | None:
    name, value = declarator.child_by_field_name("name"), declarator.child_by_field_name("value")
    if name is None or value is None or unwrapped(value).type not in ("array", "object"):
        return None
    kind = declarator.child_by_field_name("type")
    found = CONTAINER.match(text_of(kind).lstrip(": ")) if kind is not None else None
    return text_of(name), found.group(1) if found else "", value


def parses(text: str) -> bool:
    """Whether the text is TypeScript without an error in it."""
    return not parser("typescript").parse(text.encode()).root_node.has_error


LANGUAGE = Language(
    "typescript", version=1, suffixes=(".ts", ".mts", ".cts"), units=units, parses=parses, rendered=True
)
