"""SQL cut into its statements, whatever the dialect: nothing is told of them but where they lie and what is in them.

The rules are those of PostgreSQL's lexer (https://www.postgresql.org/docs/current/sql-syntax-lexical.html) and of what
sends a script to a database: psql's commands and data of COPY, DELIMITER and backslashes in strings of MySQL, GO of
Transact-SQL, the slash of Oracle. A grammar of the whole language was tried (tree-sitter-sql): of 13,861 functions in
scripts of PostgreSQL's extensions it read 27 %, and one thing it does not know can spoil the rest of a file.

Linear in the text: where a string, a comment or a body has no end, reading ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, NamedTuple

TokenKind = Literal["word", "body", "open", "close"]

# A string's rest. MySQL, and PostgreSQL in E'', know a quote behind a backslash.
LITERAL = re.compile(rb"[^']*(?:''[^']*)*'")
ESCAPED = re.compile(rb"[^'\\]*(?:(?:\\.|'')[^'\\]*)*'", re.S)
# A line that ends a batch: in a file that has one, nothing else ends a routine.
BATCH = re.compile(rb"^[ \t]*(?:/|go)[ \t]*\r?$", re.I | re.M)
COMMENT = re.compile(rb"/\*|\*/")
COPIED = re.compile(rb"\\copy\s.*\sfrom\s+stdin\b", re.I | re.S)  # psql's own command
DATA_END = re.compile(rb"^\\\.[ \t]*\r?$", re.M)
ROUTINES = frozenset({b"function", b"procedure", b"proc", b"trigger", b"package", b"event", b"body"})
HEAD = 12  # words in which the kind of what is created is said
# `END IF` closes what is not counted as open.
UNCOUNTED = frozenset({b"if", b"loop", b"while", b"repeat", b"for"})
TRANSACTIONS = frozenset({b"tran", b"transaction", b"work"})


class Token(NamedTuple):
    """A word, a function's body between dollars, or a bracket; where it lies in bytes."""

    kind: TokenKind
    start: int
    end: int


@dataclass(slots=True)
class Statement:
    """Where it lies, without comments around it, and its tokens. nested: BEGIN and CASE that wait, in a routine."""

    start: int
    end: int = 0
    tokens: list[Token] = field(default_factory=list[Token])
    depth: int = 0
    nested: int = 0
    kind: Literal["routine", "rule", "copy", ""] = ""
    between_dollars: bool = False
    words: int = 0
    first: bytes = b""
    last: bytes = b""

    @property
    def closed(self) -> bool:
        """Whether each bracket has another one."""
        return self.depth == 0

    def add(self, kind: TokenKind, start: int, word: bytes = b"") -> None:
        """The next token, which ends where the statement does so far; word: in small letters, if it is one."""
        self.tokens.append(Token(kind, start, self.end))
        self.depth += (kind == "open") - (kind == "close")
        self.between_dollars |= kind == "body"
        if word:
            self.first = self.first or word
            self.words += 1
            if not self.kind:
                self.kind = self._told_by(word)
            if self.kind == "routine":
                self._nest(word)
        self.last = word

    def waits(self, batches: bool) -> bool:
        """Whether a semicolon here is one of its own. batches: whether a line ends routines in this file."""
        if self.kind == "routine":
            return self.nested > 0 or (batches and not self.between_dollars)
        return self.kind == "rule" and self.depth > 0

    def _told_by(self, word: bytes) -> Literal["routine", "rule", "copy", ""]:
        if self.first == b"copy":  # all columns may be listed before it
            return "copy" if (self.last, word) == (b"from", b"stdin") else ""
        if self.first != b"create" or self.depth or self.words > HEAD:
            return ""
        return "routine" if word in ROUTINES else "rule" if word == b"rule" else ""

    def _nest(self, word: bytes) -> None:
        if self.last == b"end":
            self.nested += word in UNCOUNTED
        elif word in (b"begin", b"case"):
            self.nested += 1
        elif word in TRANSACTIONS and self.last == b"begin":
            self.nested -= 1
        self.nested -= word == b"end"


@dataclass(slots=True)
class Script:
    """A file's statements and comments; torn: where what has no end begins."""

    statements: list[Statement] = field(default_factory=list[Statement])
    comments: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    torn: int | None = None


def cut(source: bytes) -> Script:
    """The statements of a script."""
    cutter = _Cutter(source)
    cutter.run()
    return cutter.script


def tokens(source: bytes, start: int, end: int) -> Iterator[Token]:
    """Those of a function's body."""
    for statement in cut(source[start:end]).statements:
        for one in statement.tokens:
            yield Token(one.kind, one.start + start, one.end + start)


@lru_cache(maxsize=256)
def _pattern(delimiter: bytes) -> re.Pattern[bytes]:
    """What matters in a script whose statements end with the delimiter."""
    return re.compile(
        rb"(?P<end>" + re.escape(delimiter) + rb"|\\g(?:exec|set|x|desc)?\b[^\n]*)"
        rb"|(?P<comment>--[^\n]*|/\*|^[ \t]*\#(?![>=\#-])[^\n]*)"
        rb"|^[ \t]*(?:(?P<command>\\[^\n]*|(?:/|go)[ \t]*\r?$)"
        rb"|delimiter[ \t]+(?P<delimiter>[;$/|\\!@\#~^&%]{1,2})[ \t]*\r?$)"
        rb"|(?P<literal>[en]?')|(?P<quoted>[\"`])|(?P<body>\$(?:[a-z_\x80-\xff][\w\x80-\xff]*)?\$)"
        rb"|(?P<word>[a-z_\x80-\xff][\w$\x80-\xff]*)|(?P<open>\()|(?P<close>\))|(?P<sign>[\d.,=<>*+:?\[\]{}]+|\S)",
        re.I | re.M,
    )


class _Cutter:
    """Goes once through a script."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self.script = Script()
        self.current: Statement | None = None
        self.delimiter = b";"
        self.batches = BATCH.search(source) is not None
        self.string = ESCAPED if b"`" in source else LITERAL
        self.nesting = True  # until a routine was found that has no end
        # PostgreSQL's and Transact-SQL's do; where one has no end so, they do not.
        self.comments_nest = b"`" not in source

    def run(self) -> None:
        """Cut all of it."""
        at: int | None = 0
        while at is not None:
            at = self._pieces(at)
        self._finish()

    def _pieces(self, at: int) -> int | None:
        """To the end; or where to go on, once more without asking which BEGIN has its END."""
        while found := _pattern(self.delimiter).search(self.source, at):
            kind, start, at = found.lastgroup, found.start(), found.end()
            if kind == "delimiter":
                if self._unended():
                    break
                self._finish()
                self.delimiter = found.group(kind)
            elif kind == "command":
                self._finish()
                at = self._after_data(at) if COPIED.match(found.group(kind)) else at
            elif kind == "end":
                at = self._ended(start, at)
            elif (end := self._end_of(kind, start, at)) is None:
                self.script.torn, self.current = start, None
                return None
            else:
                at = end
                self._take(kind, start, at)
        if self._unended() and self.current:
            again, self.nesting, self.current = self.current.start, False, None
            self.script.comments = [one for one in self.script.comments if one[1] <= again]
            return again
        return None

    def _unended(self) -> bool:
        """Whether a routine waits for an END that it does not have: here the file ends, or what ends statements."""
        return self.nesting and self.current is not None and self.current.nested > 0

    def _end_of(self, kind: str | None, start: int, at: int) -> int | None:
        """Where a comment, a string, a name in quotes or a body ends; None: nowhere. Of anything else, `at`."""
        if kind == "literal":
            string = ESCAPED if self.source[start : start + 1] in b"eE" else self.string
            inner = string.match(self.source, at)
            return inner.end() if inner else None
        if kind in ("quoted", "body"):
            return self._found(self.source[start:at], at)
        return self._end_of_comment(at) if self.source.startswith(b"/*", start) else at

    def _end_of_comment(self, at: int) -> int | None:
        if self.comments_nest:
            depth = 1
            for mark in COMMENT.finditer(self.source, at):
                depth += 1 if mark.group() == b"/*" else -1
                if not depth:
                    return mark.end()
            self.comments_nest = False
        return self._found(b"*/", at)

    def _found(self, mark: bytes, at: int) -> int | None:
        """Where the next one ends."""
        found = self.source.find(mark, at)
        return found + len(mark) if found >= 0 else None

    def _take(self, kind: str | None, start: int, end: int) -> None:
        if kind == "comment":
            self.script.comments.append((start, end))
            return
        if self.current is None:
            self.current = Statement(start)
        self.current.end = end
        match kind:
            case "word":
                self.current.add(kind, start, self.source[start:end].lower())
            case "open" | "close" | "body":
                self.current.add(kind, start)
            case _:
                self.current.last = b""

    def _ended(self, start: int, at: int) -> int:
        """After a delimiter: where to go on."""
        one = self.current
        if one is None:
            return at
        if self.nesting and self.source[start:at] == b";" and one.waits(self.batches):
            one.last = b""
            return at
        self._finish()
        return self._after_data(at) if one.kind == "copy" else at

    def _after_data(self, at: int) -> int:
        """Where rows of data end."""
        end = DATA_END.search(self.source, at)
        return end.end() if end else len(self.source)

    def _finish(self) -> None:
        if self.current:
            self.script.statements.append(self.current)
            self.current = None
