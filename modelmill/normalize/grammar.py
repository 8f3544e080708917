"""What the shared reader of code must be told of a language: its tree-sitter grammar and a query over it.

The query (https://tree-sitter.github.io/tree-sitter/using-parsers/queries) runs in C, once a file, so that Python sees
only what it finds. Parsing is linear but for error recovery, which hostile text can make quadratic: hence a time limit.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from tree_sitter import Language, Node, Parser, Query

DefinitionKind = Literal["class", "interface", "function", "statement", "test", "container", "holder"]
# Of processor time, after so many bytes. Real code takes .2 to .4 s a MB. What takes ten times as long has errors in it
# whose mending takes memory, too (a comment without an end on each line: 1 GB in 5 s).
LIMIT_SECONDS = 5.0
FIRST_SECONDS = 0.5
SECONDS_PER_MB = 2.5
# Of memory, before and for each byte: the tree of what is written most densely (`[{},{},`) takes two thirds of that;
# mending `Record<string, ` without an end took 10 GB a MB.
FIRST_BYTES = 100_000_000
BYTES_PER_BYTE = 500
# Bytes of a text that is tried by its beginnings, each twice as long as the last, and of its end.
FIRST_TRIED, LAST_TRIED = 8192, 512
STATM = Path("/proc/self/statm")
MAX_RUBBLE = 2000  # tokens in one error
MAX_DEPTH = 50_000  # nodes in nodes; from 65,536 on a query never ends (`a &&` so often in a file: 20 s and more)
# Matches that a query has begun and not ended; it looks at all of them for each node, and of calls of calls (``a`b` ``)
# it has each: 100 kB took 14 s. Of 710 files of code, minified ones among them, none has 200.
MAX_OPEN = 1000
# Bytes handed out at a time: to the parser, then at each look at a node's text (JSON: 9 times as quick as by 64 KiB).
PARSED_AT_ONCE = 65_536
SHOWN_AT_ONCE = 1024
# The parser asks after each 100 steps whether to go on; how much processor time is gone takes the system long to say,
# and a step can be to look for the end of a comment in the whole file: so it is asked after so many seconds.
LOOK_EACH = 0.05


@dataclass(frozen=True, slots=True)
class Grammar:
    """query: what its matches are.

    A definition: one of @class, @interface, @function, @statement, @test (a function that is called by words),
    @container (only lends its name), @holder (the same, and is none where nothing is in it), with its @name, and where
    it has them @owner (the type a method stands outside of), @outer (`export`, decorators) and @body.
    An import: @module, and @bound where the file calls it by another name; or @module and @around_names, and each of
    the names in that as @imported: a query that waits with each name for the module behind them takes time squared.
    A fact: @call (what is called), @branch (one way more through the code), @annotation or @comment.

    walk: finds the definitions where that is quicker than by the query, which then has none: kind, node, and the node
    with what goes with it.
    fields: nodes in a class's body, or the first ones in its statements, that say what it holds.
    documented: whether the words about a definition are its first statement or the comment above it.
    prepared: what is parsed in place of the text, where the grammar must not see some of it; each byte keeps its place.
    tried: whether beginnings of the text are parsed first, for the parser may take all memory without asking.
    rewritten: the same for a text in which errors were found; taken where it has fewer. Nodes show the text as it was.
    """

    name: str
    load: Callable[[], object]
    query: str
    walk: Callable[[Node], Iterator[tuple[DefinitionKind, Node, Node]]] | None = None
    fields: frozenset[str] = frozenset()
    documented: Literal["inside", "above"] = "above"
    comment: str = "//"
    apart: bool = False  # a comment for documentation (`/**`) is about what comes next, blank lines between or not
    type_word: str = ""  # before the name of a type; also in a group of types, where it stands but once
    separators: str = "./"  # between the parts of a module's name, of which the last is what the file calls it
    bound_part: Literal["first", "last"] = "last"
    prepared: Callable[[bytes], bytes] = bytes
    rewritten: Callable[[bytes], bytes] = bytes
    tried: Callable[[bytes], bool] = field(default=lambda source: False)


def parse(grammar: Grammar, source: bytes) -> Node:
    """The root of the syntax tree. Raises ValueError when that takes too long or too much memory."""
    source = grammar.prepared(source)
    for piece in _beginnings(source) if grammar.tried(source) else ():
        _tree(grammar, piece, piece)
    root = _tree(grammar, source, source)
    again = grammar.rewritten(source) if root.has_error else source
    if again == source:
        return root
    try:
        other = _tree(grammar, again, source)
    except ValueError:
        return root
    return other if _faults(other) < _faults(root) else root


def _beginnings(source: bytes) -> Iterator[bytes]:
    """Longer and longer ones, put together behind a `<` with the end of the text, which is where mending begins."""
    end = source[-LAST_TRIED:].partition(b"<")[2]
    for power in range((len(source) // FIRST_TRIED).bit_length()):
        begins, sign, _ = source[: FIRST_TRIED << power].rpartition(b"<")
        yield begins + sign + end


def _tree(grammar: Grammar, source: bytes, shown: bytes) -> Node:
    """shown: what its nodes say is their text; as long as `source`."""
    text = _Text(source)
    parser = _parser(grammar.load)
    over: list[str] = []
    is_over = _limits(len(source), over)
    try:
        tree = parser.parse(text, encoding="utf8", progress_callback=is_over)
        if is_over(len(source), False):
            raise ValueError
    except ValueError as error:
        parser.reset()  # or it would go on with this text at the next one
        raise ValueError(over[0] if over else str(error)) from error
    finally:
        text.show(shown)
    return tree.root_node


@dataclass(slots=True)
class _Text:
    """Is asked for the bytes from a place on: by the parser, then by the nodes, which may show others.

    The parser gets views, which are released once it is done with them, for its binding (0.26.1) never gives back what
    it was given: else a process would hold all that it ever read, and of a here-document that goes on behind a
    `$(...)`, for which the parser asks again, a piece each (240 kB took 700 MB).
    """

    source: bytes
    view: memoryview = field(default_factory=lambda: memoryview(b""))
    parsed: bool = False

    def __call__(self, at: int, _: object) -> bytes | memoryview:
        if self.parsed:
            return self.source[at : at + SHOWN_AT_ONCE]
        self.view.release()
        self.view = memoryview(self.source)[at : at + PARSED_AT_ONCE]
        return self.view

    def show(self, source: bytes) -> None:
        """Be asked by the nodes alone from now on."""
        self.view.release()
        self.source, self.parsed = source, True


def _limits(size: int, over: list[str]) -> Callable[[int, bool], bool]:
    """Says when to stop: asked 5,000 times a MB, so with nothing to look up but the time. over: gets the reason."""
    began, look, reached = time.process_time(), 0.0, 0
    most, peak = _resident() + FIRST_BYTES + BYTES_PER_BYTE * size, _peak()

    def is_over(at: int, has_error: bool) -> bool:
        nonlocal look, reached
        if (now := perf_counter()) < look and at < size:
            return False
        look, reached = now + LOOK_EACH, max(reached, at)
        if time.process_time() - began > min(LIMIT_SECONDS, FIRST_SECONDS + SECONDS_PER_MB * reached / 1e6):
            over.append(f"not read within {FIRST_SECONDS} s and {SECONDS_PER_MB} s a MB")
        elif (now_peak := _peak()) > peak and now_peak > most:
            over.append(f"not read with {(FIRST_BYTES + BYTES_PER_BYTE * size) // 1_000_000} MB of memory")
        return bool(over)

    return is_over


def _peak() -> int:
    """The most bytes of memory that the process ever had."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def _resident() -> int:
    """Bytes of memory that the process has now; its most where the system does not tell."""
    try:
        return int(STATM.read_bytes().split()[1]) * resource.getpagesize()
    except OSError:
        return _peak()


def _faults(root: Node) -> int:
    """How many places do not parse."""
    count, waiting = 0, [root]
    while waiting:
        node = waiting.pop()
        if node.is_error or node.is_missing:
            count += 1
        else:
            waiting.extend(child for child in node.children if child.has_error)
    return count


def parses(grammar: Grammar, text: str) -> bool:
    """Whether the text is read in time and without an error."""
    try:
        return not parse(grammar, text.encode()).has_error
    except ValueError:
        return False


def matches(grammar: Grammar, root: Node) -> list[tuple[int, dict[str, list[Node]]]]:
    """What the grammar's query finds in the tree: the number of its pattern, and nodes by name. Raises ValueError."""
    from tree_sitter import QueryCursor

    _refuse_rubble(root)
    _refuse_depth(root)
    cursor = QueryCursor(_query(grammar), match_limit=MAX_OPEN)
    found = cursor.matches(root)
    if cursor.did_exceed_match_limit:
        raise ValueError(f"more than {MAX_OPEN} places at once that a query waits at")
    return found


def _refuse_rubble(root: Node) -> None:
    """Raise ValueError where thousands of tokens fit nowhere: a query is quadratic in them (100,000 brackets: 30 s).

    The query's own progress callback would be the way; it ends the process in tree-sitter 0.26.
    """
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node.is_error and node.child_count > MAX_RUBBLE:
            raise ValueError(f"{node.child_count} tokens that fit nowhere, from line {node.start_point.row + 1}")
        waiting.extend(child for child in node.children if child.has_error)


def _refuse_depth(root: Node) -> None:
    """Raise ValueError where nodes lie too deep in each other. Looks only where as many are left as would be needed."""
    waiting = [(root, 0)]
    while waiting:
        node, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise ValueError(f"more than {MAX_DEPTH} levels deep")
        if node.descendant_count > MAX_DEPTH - depth:
            waiting.extend((child, depth + 1) for child in node.children)


@cache
def _query(grammar: Grammar) -> Query:
    from tree_sitter import Query

    return Query(_language(grammar.load), grammar.query)


@cache
def _parser(load: Callable[[], object]) -> Parser:
    from tree_sitter import Parser

    return Parser(_language(load))


@cache
def _language(load: Callable[[], object]) -> Language:
    from tree_sitter import Language

    return Language(load())
