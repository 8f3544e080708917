"""Shell scripts, by tree-sitter (https://github.com/tree-sitter/tree-sitter-bash): their functions.

One unit, from a deploy.sh: name `wait_for_port`, kind function, calls [`nc`, `sleep`]. Commands outside of functions
are in no unit; the words at the head of the script are the module's.
"""

from __future__ import annotations

from functools import partial

from modelmill.normalize import code
from modelmill.normalize.grammar import Grammar, parses
from modelmill.normalize.language import Language

QUERY = """
(function_definition name: (_) @name body: (_) @body) @function
(command name: (command_name) @source . argument: (_) @module (#any-of? @source "source" "."))

(command name: (command_name) @call)
["if" "elif" "for" "while" "until" "&&" "||"] @branch
(case_item) @branch
(comment) @comment
"""


def _load() -> object:
    import tree_sitter_bash

    return tree_sitter_bash.language()


GRAMMAR = Grammar("bash", _load, QUERY, comment="#", separators="/")

LANGUAGE = Language(
    "bash", version=1, suffixes=(".sh", ".bash"), units=partial(code.units, GRAMMAR), parses=partial(parses, GRAMMAR)
)
