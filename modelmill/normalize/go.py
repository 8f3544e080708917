"""Go, by tree-sitter (https://github.com/tree-sitter/tree-sitter-go).

A method is named by the type of its receiver. One unit, from net/http2/server.go: name `Server.ServeConn`, kind method,
signature `func (s *Server) ServeConn(c net.Conn, opts *ServeConnOpts)`, docstring "ServeConn serves HTTP/2 requests on
the provided connection ...". A type that is no struct is one of kind interface, as an alias of TypeScript is.
"""

from __future__ import annotations

from functools import partial

from modelmill.normalize import code
from modelmill.normalize.grammar import Grammar, parses
from modelmill.normalize.language import Language

_TYPES = """[
  (type_spec name: (_) @name type: (struct_type (field_declaration_list) @body)) @class
  (type_spec name: (_) @name type: (interface_type "{" @body)) @interface
  (type_spec name: (_) @name type: [
    (type_identifier) (qualified_type) (generic_type) (pointer_type) (function_type) (map_type) (slice_type)
    (array_type) (channel_type) (parenthesized_type)
  ]) @interface
  (type_alias name: (_) @name) @interface
]"""

QUERY = f"""
(function_declaration name: (_) @name) @function
(method_declaration
  receiver: (parameter_list (parameter_declaration type: [
    (type_identifier) @owner
    (pointer_type (type_identifier) @owner)
    (generic_type type: (_) @owner)
    (pointer_type (generic_type type: (_) @owner))
  ]))
  name: (_) @name) @function
{_TYPES}
(type_declaration . {_TYPES} .) @outer
(import_spec !name path: (_) @module)
(import_spec name: (_) @bound path: (_) @module)

(call_expression function: [(identifier) (selector_expression)] @call)
["if" "for" "case" "&&" "||"] @branch
(comment) @comment
"""


def _load() -> object:
    import tree_sitter_go

    return tree_sitter_go.language()


GRAMMAR = Grammar("go", _load, QUERY, separators="/", type_word="type ")

LANGUAGE = Language(
    "go", version=4, suffixes=(".go",), units=partial(code.units, GRAMMAR), parses=partial(parses, GRAMMAR)
)
