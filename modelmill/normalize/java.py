"""Java, by tree-sitter (https://github.com/tree-sitter/tree-sitter-java).

One unit, from java/util/Optional.java: name `Optional.map`, kind method, docstring "If a value is present, returns an
{@code Optional} describing ...", signature `public <U> Optional<U> map(Function<? super T, ? extends U> mapper)`.

A method of a class without a name is called after the variable that is such a class, else after the type that it is one
of: in java/awt/EventQueue.java, behind `static`, `EventQueue.EventQueueAccessor.invokeAndWait`.
"""

from __future__ import annotations

import re
from functools import partial

from modelmill.normalize import code
from modelmill.normalize.grammar import Grammar, parses
from modelmill.normalize.language import Language

QUERY = """
[(class_declaration name: (_) @name) (record_declaration name: (_) @name) (enum_declaration name: (_) @name)] @class
[(interface_declaration name: (_) @name) (annotation_type_declaration name: (_) @name)] @interface
[(method_declaration name: (_) @name) (constructor_declaration name: (_) @name)] @function
(compact_constructor_declaration name: (_) @name) @function
(object_creation_expression type: [(type_identifier) @name (scoped_type_identifier (type_identifier) @name .)
  (generic_type . [(type_identifier) @name (scoped_type_identifier (type_identifier) @name .)])]
  (class_body) @body) @holder
(variable_declarator name: (_) @name value: (object_creation_expression (class_body) @body) @holder) @outer
(enum_constant name: (_) @name body: (class_body)) @container
(import_declaration (scoped_identifier) @module)

(method_invocation name: (_) @call)
(object_creation_expression type: (_) @call)
["if" "for" "while" "catch" "case" "&&" "||"] @branch
(ternary_expression condition: (_) @branch)
[(marker_annotation name: (_) @annotation) (annotation name: (_) @annotation)]
[(line_comment) (block_comment)] @comment
"""


TYPES_END = rb"[>;(){}=]"
MAX_TYPES = 1000  # 15,000 took 2 GB


def _load() -> object:
    import tree_sitter_java

    return tree_sitter_java.language()


def _refuse_types(source: bytes) -> bytes:
    """The source; raises ValueError for types in types without an end: the parser's memory is quadratic in them."""
    most = max(piece.count(b"<") for piece in re.split(TYPES_END, source))
    if most > MAX_TYPES:
        raise ValueError(f"{most} times `<` without an end")
    return source


FIELDS = frozenset({"field_declaration", "enum_constant"})
GRAMMAR = Grammar("java", _load, QUERY, fields=FIELDS, separators=".", apart=True, prepared=_refuse_types)

LANGUAGE = Language(
    "java", version=7, suffixes=(".java",), units=partial(code.units, GRAMMAR), parses=partial(parses, GRAMMAR)
)
