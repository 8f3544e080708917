"""Python, by tree-sitter (https://github.com/tree-sitter/tree-sitter-python): modules, classes, functions, methods.

One unit, from json/decoder.py: name `JSONDecoder.raw_decode`, kind method, group `json`, signature
`def raw_decode(self, s, idx=0)`, docstring "Decode a JSON document from ``s`` (a ``str`` beginning with ...".
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from modelmill.normalize import code
from modelmill.normalize.grammar import DefinitionKind, Grammar, parse, parses
from modelmill.normalize.language import Draft, Language
from modelmill.records import Dropped

if TYPE_CHECKING:
    from tree_sitter import Node

QUERY = """
(import_statement name: (dotted_name) @module)
(import_statement name: (aliased_import name: (_) @module alias: (_) @bound))
(import_from_statement module_name: (_) @module name: (dotted_name) @bound)
(import_from_statement module_name: (_) @module name: (aliased_import alias: (_) @bound))
(import_from_statement module_name: (_) @module (wildcard_import))
(future_import_statement) @skipped
(call function: [(identifier) (attribute)] @call)
(decorator [(identifier) @annotation (attribute) @annotation (call function: (_) @annotation)])
["if" "elif" "for" "while" "except" "finally" "and" "or" "case"] @branch
"""
DEFINED: dict[str, DefinitionKind] = {"function_definition": "function", "class_definition": "class"}
# The statements that statements lie in.
AROUND = frozenset({
    "block", "if_statement", "elif_clause", "else_clause", "try_statement", "except_clause", "finally_clause",
    "with_statement", "for_statement", "while_statement", "match_statement", "case_clause",
})  # fmt: skip


def _load() -> object:
    import tree_sitter_python

    return tree_sitter_python.language()


def _defined(root: Node) -> Iterator[tuple[DefinitionKind, Node, Node]]:
    """Classes, and functions but those in functions: they lie in few nodes, and a query goes through all there are."""
    waiting, broken = [root], root.has_error
    while waiting:
        for outer in waiting.pop().named_children:
            node = outer.child_by_field_name("definition") if outer.type == "decorated_definition" else outer
            kind = DEFINED.get(node.type) if node is not None else None
            if node is not None and kind is not None:
                yield kind, node, outer
            if kind == "class" or outer.type in AROUND or (broken and kind is None and outer.has_error):
                waiting.append(node or outer)


GRAMMAR = Grammar(
    "python", _load, QUERY, _defined, fields=frozenset({"assignment"}), documented="inside", comment="#",
    separators=".", bound_part="first",
)  # fmt: skip


def units(path: str, text: str) -> Iterator[Draft | Dropped]:
    """The module, then its definitions in the order of the file."""
    source = text.encode()
    yield from code.of_tree(GRAMMAR, parse(GRAMMAR, source), source, module_name(path), group_of(path))


def module_name(path: str) -> str:
    """`src/json/decoder.py` -> `json.decoder`; `json/__init__.py` -> `json`."""
    parts = _inside(path).removesuffix(".py").split("/")
    if parts[-1] == "__init__" and len(parts) > 1:
        parts.pop()
    return ".".join(parts)


def group_of(path: str) -> str:
    """The top package or module: what is never torn apart by a split."""
    return module_name(path).split(".")[0]


def _inside(path: str) -> str:
    for prefix in ("src/", "lib/"):
        if path.startswith(prefix) and path.count("/") > 1:
            return path.removeprefix(prefix)
    return path


LANGUAGE = Language(
    "python", version=4, suffixes=(".py",), units=units, parses=partial(parses, GRAMMAR),
    interpreters=("python", "pypy"),
)  # fmt: skip
