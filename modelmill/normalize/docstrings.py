"""The words somebody wrote about a definition: its first statement, or the comment above it."""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modelmill.normalize.definitions import Definition
from modelmill.normalize.facts import SHEBANG, Facts
from modelmill.normalize.grammar import Grammar

if TYPE_CHECKING:
    from tree_sitter import Node

# What opens a line of a comment in any of the languages: `/**`, ` * `, `//`, `///`, `#`, `--`.
SIGNS = re.compile(r"^\s*(?:/\*+!?|\*+(?!/)|/{2,}!?|#+!?|--+)?[ \t]?")
MAX_GAP = 200  # bytes after the comment at the head of a file that are looked at
END = re.compile(r"\s*\*+/\s*$")
# Lines for a compiler, a linter or the like. The first is Go's own rule (`isDirective` of go/ast).
DIRECTIVE = re.compile(
    r"^\s*(?://(?:[a-z0-9]+:[a-z0-9]|(?:line|extern|export)\s)|(?:/{2,}|/?\*+|#+|--+)\s*(?:"
    r"nolint\b|\+build\s|@ts-(?:ignore|expect-error|nocheck|check)\b"
    r"|(?:eslint|tslint|stylelint|oxlint|deno|biome|prettier)(?:-\w+)*[-:](?:disable|enable|env|ignore)\b"
    r"|(?:istanbul|c8|v8) ignore\b|@(?:jest|vitest)-environment\b|@flow\b|js[hl]int\s"
    r"|NOSONAR\b|noinspection\s|CHECKSTYLE\b|@formatter:|spotless:|#?nosec\b"
    r"|shellcheck [\w-]+=|noqa\b|sqlfluff:))"
)
LITERALS = ("string", "concatenated_string", "parenthesized_expression")


@dataclass(frozen=True, slots=True)
class Documented:
    """text: of the definition with the words about it, moved to the left. place: theirs in it, if they are there."""

    text: str
    words: str
    place: tuple[int, int] | None
    start_line: int
    end_line: int


def of(grammar: Grammar, one: Definition, facts: Facts) -> Documented:
    """The definition's text and words."""
    if grammar.documented == "inside":
        row, column = one.outer.start_point
        return _inside(one, facts, (row + 1, row + 1 + facts.source.count(b"\n", one.start, one.end)), column)
    return above(facts, one.start, one.end, *one.outer.start_point, grammar.apart)


def above(facts: Facts, start: int, end: int, row: int, column: int, apart: bool = False) -> Documented:
    """The text between two places, of which the first is in that row and column, and what the comment above it says."""
    first, last = row + 1, row + 1 + facts.source.count(b"\n", start, end)
    place = facts.comment_above(start)
    if place is None and apart and (before := facts.documentation_before(start)):
        place = before if not _is_notice(facts.between(*before)) else None
    comment = facts.between(*place).rstrip("\n") if place else ""
    said = words(comment)
    if place is None or not said:
        return Documented(dedented(facts.between(start, end), column), "", None, first, last)
    text = dedented(facts.between(place[0], end), column)
    first -= facts.source.count(b"\n", place[0], start)
    return Documented(text, said, (0, len(dedented(comment, column))), first, last)


def of_module(grammar: Grammar, root: Node, facts: Facts) -> str:
    """The words about the file: its first statement, or the comment it begins with, if that is about nothing else."""
    if grammar.documented == "inside":
        literal = _literal(root)
        return cleaned(literal, facts) or "" if literal else ""
    first = next(iter(root.named_children), None)
    return at_head(facts, first.start_byte) if first is not None else ""


def at_head(facts: Facts, first: int) -> str:
    """What the comment says that begins in the first place where there is anything, if it is about nothing else."""
    if not facts.comments or facts.comments[0][0] != first:
        return ""
    end = _run(facts)
    rest = facts.source[end : end + MAX_GAP].replace(b"\r", b"")
    alone = rest.startswith((b"\n\n", b"\npackage ")) or not rest.strip()
    said = words(SHEBANG.sub(b"", facts.source[first:end]).decode("utf-8", "replace"))
    return said if alone and not _is_notice(said) else ""


def _run(facts: Facts) -> int:
    """Where the comment that the file begins with ends: of several lines, the last one."""
    end = facts.comments[0][1]
    for start, following in facts.comments[1:]:
        between = facts.source[end:start]
        if between.strip() or between.count(b"\n") > 1:
            break
        end = following
    return end


def _is_notice(said: str) -> bool:
    """Whether it is about rights or for a machine, not about the file."""
    return bool(re.search(r"(?i)copyright|licen[cs]e|@flow|eslint|use strict", said[:400]))


def words(comment: str) -> str:
    """A comment without its signs, and without what is for a machine."""
    lines = (END.sub("", line) for line in comment.splitlines() if not DIRECTIVE.match(line))
    return cleandoc("\n".join(SIGNS.sub("", line, count=1).rstrip() for line in lines))


def cleandoc(doc: str) -> str:
    """`inspect.cleandoc`, then stripped, in half of its time: tabs are spaces, later lines lose what all begin with."""
    first, *rest = doc.expandtabs().split("\n")
    margin = min([len(line) - len(inner) for line in rest if (inner := line.lstrip())], default=0)
    return "\n".join([first, *[line[margin:] for line in rest]]).strip()


def _inside(one: Definition, facts: Facts, lines: tuple[int, int], column: int) -> Documented:
    literal = _literal(one.body)
    text = dedented(facts.between(one.start, one.end), column)
    said = cleaned(literal, facts) if literal else None
    if literal is None or said is None:
        return Documented(text, "", None, *lines)
    quoted = dedented(facts.between(*literal.byte_range), column)
    at = text.find(quoted)
    return Documented(text, said, (at, at + len(quoted)) if at >= 0 else None, *lines)


def _literal(body: Node | None) -> Node | None:
    """The expression that is the first statement, where it can be a string literal."""
    if body is None or not body.named_child_count:
        return None
    statement: Node | None = body.named_child(0)
    if statement.type == "comment":
        statement = next((child for child in body.named_children if child.type != "comment"), None)
    if statement is None or statement.type != "expression_statement" or statement.child_count != 1:
        return None
    first = next(iter(statement.named_children), None)  # none: a signature's `...`
    return first if first is not None and first.type in LITERALS else None


def cleaned(literal: Node, facts: Facts) -> str | None:
    """What a string literal says, as `inspect.getdoc` gives it; None for bytes, and for what is put together at run."""
    written = facts.between(*literal.byte_range).replace("\r\n", "\n")  # as Python reads a file
    raw = written.lstrip("rRuU")
    if literal.type != "string" or raw[:1] not in ('"', "'") or ("\\" in raw and written[0] not in "rR"):
        return _evaluated(written)
    quote = raw[:3] if raw[:3] in ('"""', "'''") else raw[:1]
    return cleandoc(raw.removeprefix(quote).removesuffix(quote))


def _evaluated(written: str) -> str | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about escapes that mean nothing
        try:
            said = ast.literal_eval(written)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return None
    # Lone surrogates and NUL are no text that can be stored.
    return cleandoc(said.encode("utf-8", "replace").decode().replace("\0", "?")) if isinstance(said, str) else None


def dedented(text: str, column: int) -> str:
    """The text, its later lines moved left by `column` where they are indented that far."""
    if not column or "\n" not in text:  # in a file of one line, all columns together are its length squared
        return text
    indent, tabs = "\n" + " " * column, "\n" + "\t" * column
    if tabs not in text:
        return text.replace(indent, "\n")
    first, *rest = text.split("\n")
    return "\n".join(
        [first, *(line.removeprefix(indent[1:] if line.startswith(indent[1:]) else tabs[1:]) for line in rest)]
    )
