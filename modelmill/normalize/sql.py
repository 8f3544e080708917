"""SQL, by tree-sitter (https://github.com/DerekStride/tree-sitter-sql): a unit each statement that says something.

Named by the table, view, function or index that it is about. Rows of data (INSERT), rights and settings are no units.
What the grammar does not know of a dialect is left out with its line. One unit, from a schema.sql: name `orders`, kind
statement, signature `CREATE TABLE orders`, docstring the comment above it.
"""

from __future__ import annotations

from functools import partial

from modelmill.normalize import code
from modelmill.normalize.grammar import Grammar, parses
from modelmill.normalize.language import Language

QUERY = """
(statement [
  (create_table (object_reference) @name)
  (create_view (object_reference) @name)
  (create_materialized_view (object_reference) @name)
  (create_function (object_reference) @name)
  (create_type (object_reference) @name)
  (create_index column: (_) @name)
  (create_trigger (object_reference) @name)
  (alter_table (object_reference) @name)
  (update (relation (object_reference) @name))
]) @statement
(statement (from (relation (object_reference) @name))) @statement
(statement (delete) (from (object_reference) @name)) @statement

(invocation (object_reference) @call)
(keyword_when) @branch
[(comment) (marginalia)] @comment
"""


def _load() -> object:
    import tree_sitter_sql

    return tree_sitter_sql.language()


GRAMMAR = Grammar("sql", _load, QUERY, comment="--")

LANGUAGE = Language(
    "sql", version=2, suffixes=(".sql",), units=partial(code.units, GRAMMAR), parses=partial(parses, GRAMMAR)
)
