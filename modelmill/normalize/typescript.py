"""TypeScript: code, and data: each element of a top-level array of objects, or of a keyed object, is an entry.

One unit, from src/data/useCases/finance.ts: name `financeUseCases.card-fraud-alerts`, kind entry, signature
`Card fraud alerts`, meta the parsed fields (`id`, `industry`, `exampleQueries`, `faqs` ...) and `_type` (`UseCase`).
Names of constants and enums stand for what they are, also where an object or a list in it spreads one: those of the
file and those that it imports from the corpus (modules.py); what is computed is not there: nothing is run. An entry is
told once, where it stands: what is taken into another array or object by its name is told under that. A function unit
of the same file has the name of the function, and interfaces, types and enums stand as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from modelmill.normalize import code, javascript, modules
from modelmill.normalize.aliases import Aliases
from modelmill.normalize.ecmascript import Filled, place_of
from modelmill.normalize.entries import entries
from modelmill.normalize.grammar import Grammar, parse, parses
from modelmill.normalize.language import Draft, Language
from modelmill.normalize.linking import Others
from modelmill.normalize.literals import text_of, unwrapped
from modelmill.normalize.modules import Module, ModuleScope, Sight
from modelmill.normalize.newer_typescript import rewritten
from modelmill.records import Dropped

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_TYPES = 1000  # `<` in one statement
SHARE = 1_000  # values from other files, beside one for each byte of its own; or ten thousand small files are gigabytes
CONTAINER = re.compile(
    r"^(?:readonly\s+|(?:ReadonlyArray|Readonly|Array|Partial)<\s*|Record<[^,]+,\s*)*"
    r"(?!(?:Record|ReadonlyArray|Readonly|Array|Partial)\b)([A-Za-z_][\w.]*)"
)


QUERY = (
    javascript.QUERY
    + """
[(interface_declaration name: (_) @name) (type_alias_declaration name: (_) @name value: (_) @body)] @interface
(enum_declaration name: (_) @name) @interface
(abstract_class_declaration name: (_) @name) @class
(internal_module name: (_) @name) @container
(export_statement [
  (interface_declaration name: (_) @name) (type_alias_declaration name: (_) @name value: (_) @body)
  (enum_declaration name: (_) @name)
] @interface) @outer
(export_statement (abstract_class_declaration name: (_) @name) @class) @outer
(required_parameter value: (_) @branch)
(public_field_definition name: (_) @name value: [
  (arrow_function body: (_) @body) (function_expression body: (_) @body)
]) @function
"""
)


def _load() -> object:
    import tree_sitter_typescript

    return tree_sitter_typescript.language_typescript()


def _load_with_markup() -> object:
    import tree_sitter_typescript

    return tree_sitter_typescript.language_tsx()


def _may_be_types(source: bytes) -> bool:
    """Whether there may be types in types without an end (`a<b,a<b,`): 50 kB of them took 3 GB."""
    return source.count(b"<") > MAX_TYPES and max(piece.count(b"<") for piece in source.split(b";")) > MAX_TYPES


FIELDS = frozenset({"public_field_definition"})
GRAMMAR = Grammar(
    "typescript", _load, QUERY, fields=FIELDS, apart=True, rewritten=rewritten, tried=_may_be_types
)  # fmt: skip
WITH_MARKUP = Grammar(
    "tsx", _load_with_markup, QUERY, fields=FIELDS, apart=True, rewritten=rewritten, tried=_may_be_types
)  # fmt: skip


def units(path: str, text: str, others: Others | None = None) -> Iterator[Draft | Dropped]:
    """The entries of every top-level constant, then what every language gives."""
    source = text.encode()
    root = parse(GRAMMAR, source)
    data = list(data_entries(root, path, others))
    if others is None or not others.wanted:
        yield from beside(data, code.of_tree(GRAMMAR, root, source, code.module_name(path)))


def beside(first: list[Draft | Dropped], drafts: Iterable[Draft | Dropped]) -> Iterator[Draft | Dropped]:
    """All of them; what is called like one of the first says that it is the code."""
    yield from first
    taken = {draft.name for draft in first if isinstance(draft, Draft)}
    for draft in drafts:
        if isinstance(draft, Draft) and draft.name in taken:
            yield replace(draft, name=f"{draft.name} (code)")
        else:
            yield draft


def data_entries(root: Node, path: str = "", others: Others | None = None) -> Iterator[Draft | Dropped]:
    """The entries of every top-level constant of a parsed file, with what names stand for."""
    names = Aliases(others) if others is not None else None
    sight = Sight(partial(_opened, names), Filled(path, SHARE + root.end_byte))
    scope = ModuleScope(modules.read(path, root), sight)
    for name, kind, value in _constants(root):
        if value.has_error:
            yield Dropped(name, "does not parse", f"line {value.start_point.row + 1}")
            continue
        try:
            place = place_of(value, scope=scope)
        except ValueError as error:
            yield Dropped(name, "does not parse", str(error))
        else:
            yield from entries(name, place, {"_type": kind} if kind else {})


def _opened(names: Aliases | None, path: str, said: str) -> Module | None:
    if names is None:
        return None
    found = (names.others.get(place, _module) for place in names.places(path, said))
    return next((module for module in found if module is not None), None)


def _module(path: str, text: str) -> Module:
    """The names of another file. TSX's grammar reads JavaScript, too, but no `<T>value`."""
    if path.endswith(".json"):
        return modules.of_json(path, parse(GRAMMAR, f"({text})".encode()))
    plain = path.endswith((".ts", ".mts", ".cts"))
    return modules.read(path, parse(GRAMMAR if plain else WITH_MARKUP, text.encode()))


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


LANGUAGE = Language(
    "typescript", version=13, suffixes=(".ts", ".mts", ".cts"), units=units, parses=partial(parses, GRAMMAR),
    rendered=True, linked=units, interpreters=("ts-node", "tsx", "deno", "bun"),
)  # fmt: skip
