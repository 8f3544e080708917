"""SQL cut into its statements, whatever the dialect: nothing is told of them but where they lie and what is in them.

The rules are those of PostgreSQL's lexer (https://www.postgresql.org/docs/current/sql-syntax-lexical.html) and of what
sends a script to a database: psql's commands and data of COPY, DELIMITER and backslashes in strings of MySQL, GO of
Transact-SQL, the slash and q'[...]' of Oracle. A grammar of the whole language was tried (tree-sitter-sql): of 13,861
functions in scripts of PostgreSQL's extensions it read 27 %, and one thing it does not know can spoil the rest of a
file.

Linear in the text: where a string, a comment or a body has no end, reading ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

TokenKind = Literal["word", "body", "open", "close"]
# A word, a function's body between dollars, or a bracket; where it begins and ends in bytes. No class: of a hostile
# megabyte there are a million.
Token = tuple[TokenKind, int, int]

# A string's rest. MySQL, and PostgreSQL in E'', know a quote behind a backslash.
LITERAL = rb"[^']*+(?:''[^']*+)*+'"
ESCAPED = rb"[^'\\]*+(?:(?:\\[\s\S]|'')[^'\\]*+)*+'"
# Oracle's: `q'[it's]'`, or between any other sign and itself.
BRACKETED = (
    rb"(?:\[[\s\S]*?\]|\([\s\S]*?\)|\{[\s\S]*?\}|<[\s\S]*?>"
    rb"|(?P<mark>[^\s'\[({<\x80-\xff]|[\xc0-\xff][\x80-\xbf]*)[\s\S]*?(?-i:(?P=mark)))'"
)
# MySQL's strings, everybody else's names: those do not end with a backslash.
DOUBLE = rb"[^\"\\]*+(?:\\[\s\S][^\"\\]*+)*+\""
TAG = rb"(?P<tag>(?:[a-z_\x80-\xff][\w\x80-\xff]*)?)"
BODY = rb"\$" + TAG + rb"\$[^$]*+(?:\$(?!(?-i:(?P=tag))\$)[^$]*+)*+\$(?-i:(?P=tag))\$"
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
# Groups of the pattern that are in no statement.
OUTSIDE = frozenset({"end", "comment", "nested", "command", "delimiter", "torn"})


@dataclass(slots=True)
class Statement:
    """Where it lies, without comments around it, and its tokens. nested: BEGIN and CASE that wait, in a routine.

    kind: plain is what ends at the first semicolon, "" what may still turn out to be anything.
    """

    start: int
    tokens: list[Token]
    end: int = 0
    depth: int = 0
    nested: int = 0
    kind: Literal["routine", "rule", "copy", "plain", ""] = ""
    between_dollars: bool = False
    words: int = 0
    first: bytes = b""
    last: bytes = b""

    @property
    def closed(self) -> bool:
        """Whether each bracket has another one."""
        return self.depth == 0

    def hear(self, word: bytes) -> None:
        """The next word, in small letters, of one that is not plain."""
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

    def _told_by(self, word: bytes) -> Literal["routine", "rule", "copy", "plain", ""]:
        if self.first == b"copy":  # all columns may be listed before it
            return "copy" if (self.last, word) == (b"from", b"stdin") else ""
        if self.first != b"create" or self.words > HEAD:
            return "plain"
        if self.depth:
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
        for kind, first, last in statement.tokens:
            yield kind, first + start, last + start


@lru_cache(maxsize=256)
def _pattern(delimiter: bytes, mysql: bool) -> re.Pattern[bytes]:
    """What matters in a script whose statements end with the delimiter, each with the blanks behind it."""
    return re.compile(
        rb"(?:(?P<end>" + re.escape(delimiter) + rb"|\\g(?:exec|set|x|desc)?\b[^\n]*)"
        rb"|(?P<comment>--[^\n]*|^[ \t]*\#(?:(?![>=\#-])|==|\#\#|--)[^\n]*"
        rb"|/\*(?:[^*/]++|\*(?!/)|/(?!\*))*+\*/)|(?P<nested>/\*)"
        rb"|^[ \t]*(?:(?P<command>\\[^\n]*|(?:/|go)[ \t]*\r?$)"
        rb"|delimiter[ \t]+(?P<delimiter>[;$/|\\!@\#~^&%]{1,2})[ \t]*\r?$)"
        rb"|(?P<literal>e'" + ESCAPED + rb"|n?'" + (ESCAPED if mysql else LITERAL) + rb"|n?q'" + BRACKETED +
        rb'|"' + DOUBLE + rb"|`[^`]*+`)|(?P<body>" + BODY + rb")"
        rb"|(?P<torn>[en]?'|n?q'(?![\s'])|[\"`]|\$(?:[a-z_\x80-\xff][\w\x80-\xff]*)?\$)"
        rb"|(?P<word>[a-z_\x80-\xff][\w$\x80-\xff]*)|(?P<open>\()|(?P<close>\))"
        rb"|(?P<sign>[\d.,=<>*+:?\[\]{}]+|\S))[ \t]*+",
        re.I | re.M,
    )  # fmt: skip


class _Cutter:
    """Goes once through a script."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self.script = Script()
        self.current: Statement | None = None
        self.delimiter = b";"
        self.batches = BATCH.search(source) is not None
        self.mysql = b"`" in source
        self.nesting = True  # until a routine was found that has no end
        # PostgreSQL's and Transact-SQL's do; where one has no end so, they do not.
        self.comments_nest = not self.mysql

    def run(self) -> None:
        """Cut all of it."""
        at: int | None = 0
        while at is not None:
            at = self._pieces(at)
        self._finish()

    def _pieces(self, at: int) -> int | None:
        """To the end; or where to go on. A million rounds a megabyte at worst, so that nothing is called for most."""
        source, current, comments = self.source, self.current, self.script.comments
        for found in _pattern(self.delimiter, self.mysql).finditer(source, at):
            kind = found.lastgroup
            start, end = found.span(kind or 0)
            if kind in OUTSIDE:
                if kind == "comment":
                    comments.append((start, end))
                elif (on := self._outside(kind, start, end)) != end or kind != "end":
                    return on
                current = self.current
                continue
            if current is None:
                current = self.current = Statement(start, [])
            current.end = end
            if kind == "word":
                current.tokens.append((kind, start, end))
                if current.kind != "plain":
                    current.hear(source[start:end].lower())
                continue
            current.last = b""
            if kind in ("open", "close", "body"):
                current.tokens.append((kind, start, end))
                current.depth += (kind == "open") - (kind == "close")
                current.between_dollars |= kind == "body"
        return self._again()

    def _outside(self, kind: str | None, start: int, end: int) -> int | None:
        """What is in no statement: where to go on."""
        match kind:
            case "end":
                return self._ended(start, end)
            case "command":
                self._finish()
                return self._after_data(end) if COPIED.match(self.source, start, end) else end
            case "delimiter":
                if self._unended():
                    return self._again()
                self._finish()
                self.delimiter = self.source[start:end]
                return end
            case _:
                on = self._end_of_comment(end) if kind == "nested" else None
        if on is None:
            self.script.torn, self.current = start, None
        else:
            self.script.comments.append((start, on))
        return on

    def _again(self) -> int | None:
        """Where to begin once more without asking which BEGIN has its END, if one has none."""
        if not self._unended() or self.current is None:
            return None
        again, self.nesting, self.current = self.current.start, False, None
        self.script.comments = [one for one in self.script.comments if one[1] <= again]
        return again

    def _unended(self) -> bool:
        """Whether a routine waits for an END that it does not have: here the file ends, or what ends statements."""
        return self.nesting and self.current is not None and self.current.nested > 0

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
