"""Shell scripts, by tree-sitter (https://github.com/tree-sitter/tree-sitter-bash): their functions.

One unit, from a deploy.sh: name `wait_for_port`, kind function, calls [`nc`, `sleep`]. Commands outside of functions
are in no unit; the words at the head of the script are the module's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from modelmill.normalize import code, grammar
from modelmill.normalize.grammar import Grammar
from modelmill.normalize.language import Draft, Language
from modelmill.records import Dropped

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


# `[` is a command like any other. The grammar wants an operator in it that it knows, not `\<` nor one that a variable
# holds; it does not know `<>` at all; and gives up the rest of the file (docs/experiments.md).
TEST = re.compile(rb"(?<![^\s;&|(!{`])\[(?=\s)")


def _prepared(source: bytes) -> bytes:
    return TEST.sub(b":", source).replace(b"<>", b"< ")


GRAMMAR = Grammar("bash", _load, QUERY, comment="#", separators="/", prepared=_prepared)

# An error behind a chain of n pipes takes memory as n squared, in one step that nothing interrupts: 5,000 take 320 MB,
# 20,000 3.3 GB (tree-sitter 0.26). Whether they are one chain is only known to who has parsed them.
MAX_PIPES = 5000


def units(path: str, text: str) -> Iterator[Draft | Dropped]:
    """The script's functions. Raises ValueError when it takes too long to parse, or has too many pipes."""
    if _too_many(text):
        raise ValueError(f"more than {MAX_PIPES} pipes")
    yield from code.units(GRAMMAR, path, text)


def parses(text: str) -> bool:
    """Whether the script is read in time and without an error."""
    return not _too_many(text) and grammar.parses(GRAMMAR, text)


def _too_many(text: str) -> bool:
    return text.count("|") - 2 * text.count("||") > MAX_PIPES


LANGUAGE = Language(
    "bash", version=5, suffixes=(".sh", ".bash", ".ksh", ".bashrc", ".bash_profile", ".bash_aliases"), units=units,
    parses=parses, interpreters=("sh", "bash", "dash", "ash", "ksh", "mksh"),
)  # fmt: skip
