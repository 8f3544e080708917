"""JavaScript, by tree-sitter (https://github.com/tree-sitter/tree-sitter-javascript).

A function is one whatever way it got its name: declared, a constant (also in `memo(...)` and its kin), a property, a
method of an object or a prototype. What an object that is assigned has in it is named by it: `event.add` of
`jQuery.event = {add() ...}`, `Model.get` of `Model.prototype = ...` and of `extend(Model.prototype, ...)`.
The query's parts are shared with TypeScript, whose grammar is built on this one.

One unit, from lodash's add.js: name `add`, kind function, signature `function add(augend, addend)`, docstring "Adds two
numbers. ...", calls [`createMathOperation`].
"""

from __future__ import annotations

from functools import partial

from modelmill.normalize import code
from modelmill.normalize.grammar import Grammar, parses
from modelmill.normalize.language import Language
from modelmill.normalize.newer_typescript import with_ampersands

_FUNCTION = """[
  (arrow_function body: (_) @body) (function_expression body: (_) @body) (generator_function body: (_) @body)
]"""
_DECLARED = """[
  (function_declaration name: (_) @name) (generator_function_declaration name: (_) @name)
] @function"""
_CONSTANT = f"(variable_declarator name: (identifier) @name value: {_FUNCTION}) @function"
# What is given to one of these comes back as the same function, with something around it: `memo(forwardRef(...))`.
_AROUND = (
    "^(?:React[.])?(?:memo|forwardRef|useCallback|cache|observer|createSelector|createAsyncThunk|debounce|throttle|once"
    "|memoize|promisify|asyncHandler|catchAsync|with[A-Z][A-Za-z]*)$"
)
_MADE = f"""(call_expression function: (_) @around
  arguments: (arguments [{_FUNCTION[1:-1]} (call_expression arguments: (arguments {_FUNCTION}))]))"""
_IS_AROUND = f'(#match? @around "{_AROUND}")'
_WRAPPED = f"(variable_declarator name: (identifier) @name value: {_MADE} {_IS_AROUND}) @function"
# The type that has a prototype: `Dialog` of `ui.Dialog.prototype`.
_LAST = "[(identifier) @{0} (member_expression property: (property_identifier) @{0})]"
# A test or a group of them is called by the words it is given: `it("adds", () => ...)`, `test.each([1])("%s", ...)`.
_SAID = """(expression_statement (call_expression
  function: [(identifier) @said (member_expression object: (identifier) @said)
    (member_expression property: (property_identifier) @said)
    (call_expression function: (member_expression object: (identifier) @said))]
  arguments: (arguments . [(string) (template_string)] @name
    [(arrow_function body: (_) @body) (function_expression body: (_) @body)])) """
_TESTS = f"""
{_SAID} @test (#any-of? @said "it" "test" "specify")) @outer
{_SAID} @container (#any-of? @said "describe" "suite" "context")) @outer
"""
_CLASS = "(class_declaration name: (_) @name) @class"

QUERY = f"""
{_TESTS}
{_DECLARED}
{_CLASS}
{_CONSTANT}
(export_statement {_DECLARED}) @outer
(export_statement {_CLASS}) @outer
(export_statement "default" @name value: {_FUNCTION} @function) @outer
(export_statement "default" @name value: (class !name body: (_) @body) @class) @outer
(export_statement (lexical_declaration . {_CONSTANT} .)) @outer
(lexical_declaration . {_CONSTANT} .) @outer
{_WRAPPED}
(export_statement (lexical_declaration . {_WRAPPED} .)) @outer
(lexical_declaration . {_WRAPPED} .) @outer
(variable_declaration . {_CONSTANT} .) @outer
(export_statement "default" @name value: {_MADE} @function {_IS_AROUND}) @outer
(variable_declarator name: (identifier) @name value: (class body: (_) @body)) @class
(variable_declarator name: (identifier) @name value: (object) @body) @container
(method_definition name: (_) @name) @function
(pair key: (_) @name value: {_FUNCTION}) @function
(expression_statement (assignment_expression left: (identifier) @name right: {_FUNCTION}) @function) @outer
(expression_statement (assignment_expression
  left: (member_expression object: (identifier) property: (property_identifier) @name)
  right: {_FUNCTION}) @function) @outer
(expression_statement (assignment_expression
  left: (member_expression
    object: (member_expression object: {_LAST.format("owner")} property: (property_identifier) @prototype)
    property: (property_identifier) @name)
  right: {_FUNCTION}) @function (#eq? @prototype "prototype")) @outer

(variable_declarator name: (identifier) @name value: (assignment_expression right: {_FUNCTION})) @function
(expression_statement (assignment_expression
  left: (member_expression property: (property_identifier) @name)
  right: (assignment_expression right: {_FUNCTION})) @function) @outer
(expression_statement (assignment_expression
  left: (member_expression
    object: (member_expression property: (property_identifier) @prototype) property: (property_identifier) @name)
  right: {_FUNCTION}) @function (#not-eq? @prototype "prototype")) @outer
(expression_statement (assignment_expression
  left: (member_expression property: (property_identifier) @name)
  right: (class !name body: (_) @body)) @class) @outer
(expression_statement (assignment_expression right: (class name: (_) @name body: (_) @body)) @class) @outer
(expression_statement (assignment_expression
  left: (member_expression property: (property_identifier) @name) right: (object)) @container
  (#not-match? @name "^(exports|prototype)$"))
(expression_statement (assignment_expression
  left: (member_expression object: {_LAST.format("name")} property: (property_identifier) @prototype)
  right: (object)) @container
  (#eq? @prototype "prototype"))
(call_expression arguments: (arguments
  . (member_expression object: {_LAST.format("name")} property: (property_identifier) @prototype)
  (object) .) (#eq? @prototype "prototype")) @container

(import_statement source: (string) @module) @around_names
(import_clause (identifier) @imported)
(namespace_import (identifier) @imported)
(import_specifier name: (_) @imported !alias)
(import_specifier alias: (_) @imported)
(variable_declarator name: (identifier) @bound
  value: (call_expression function: (identifier) @require arguments: (arguments . (string) @module .))
  (#eq? @require "require"))

(call_expression function: [(identifier) (member_expression)] @call)
(new_expression constructor: (_) @call)
["if" "for" "while" "catch" "case" "&&" "||" "??" "&&=" "||=" "??="] @branch
(ternary_expression condition: (_) @branch)
[(assignment_pattern right: (_) @branch) (object_assignment_pattern right: (_) @branch)]
(decorator [(identifier) @annotation (member_expression) @annotation (call_expression function: (_) @annotation)])
(comment) @comment
"""


def _load() -> object:
    import tree_sitter_javascript

    return tree_sitter_javascript.language()


GRAMMAR = Grammar(
    "javascript", _load, QUERY + "(field_definition property: (_) @name value: " + _FUNCTION + ") @function",
    fields=frozenset({"field_definition"}), apart=True, rewritten=with_ampersands,
)  # fmt: skip

LANGUAGE = Language(
    "javascript", version=9, suffixes=(".js", ".mjs", ".cjs"), units=partial(code.units, GRAMMAR),
    parses=partial(parses, GRAMMAR), interpreters=("node", "nodejs"),
)  # fmt: skip
