"""Markdown, by markdown-it (CommonMark 0.31): one section a heading, its own text up to the next heading of any level.

One unit, from docs/finance.md: name `finance-guide/card-fraud-alerts`, kind section, signature
`Finance guide > Card fraud alerts`, text the heading and the paragraphs under it as they stand in the file. The fields
between dashes that many generators of sites want at the head (front matter) belong to what stands before a heading.

Reading is linear, but a megabyte of list items takes 15 s of a processor: what is not read in time is left out.
"""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from modelmill.normalize.language import Draft, Language
from modelmill.normalize.sections import Heading, sections
from modelmill.records import Dropped

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.token import Token

# Of processor time; a megabyte of real text takes a tenth of it.
LIMIT_SECONDS = 3.0
FIELD = re.compile(r"[\w\"'][\w .\"'-]{0,80}:(?:\s|$)")
MARKED = re.compile(r"[`*_\[<&\\]")
TAG = re.compile(r"</?(?:a|b|br|code|div|em|font|i|img|kbd|p|small|span|strong|sub|sup)\b[^<>]*>\Z|<!--")
MAX_PLAIN = 500  # characters; what is longer is no heading, and could take long, as could many marks
MAX_MARKS = 50
LINE_END = re.compile(r"\r\n|\r|\n")  # CommonMark has no others; Python's splitlines does


class _OutOfTimeError(Exception):
    """Reading took too long."""


@dataclass(slots=True)
class _Reading:
    """until: when to stop, in processor time. line: where the block of the document begins that is being read."""

    until: float
    line: int = 0
    tokens: Sequence[Token] = field(default_factory=list["Token"])


def _watch(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Begins no block of its own: the reader asks it first, before each block and each line of one."""
    reading: _Reading = state.env["reading"]
    if state.level == 0 and not silent:
        reading.line, reading.tokens = start, state.tokens
    if time.process_time() > reading.until:
        raise _OutOfTimeError
    return False


@cache
def _reader() -> MarkdownIt:
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark").disable("inline")  # where blocks begin is all we ask
    reader.block.ruler.before("table", "watch", _watch, {"alt": ["paragraph", "reference", "blockquote", "list"]})
    return reader.enable("watch")


def units(path: str, text: str) -> Iterator[Draft | Dropped]:
    """A section for each heading with text under it, and one for the text before the first heading."""
    lines = LINE_END.split(text)
    reading = _Reading(time.process_time() + LIMIT_SECONDS)
    try:
        tokens: Sequence[Token] = _reader().parse(_without_fields(lines), {"reading": reading})
    except _OutOfTimeError:
        tokens = reading.tokens
        rest = f"lines {reading.line + 1} to {len(lines)}"
        yield Dropped("(file)", "does not parse in part", f"not read within {LIMIT_SECONDS:.0f} s: {rest}")
        lines = lines[: reading.line]
    yield from sections(list(_headings(tokens)), lines)


def _without_fields(lines: list[str]) -> str:
    """The text, its front matter as blank lines: the dashes at its end would make a heading of it."""
    end = next((at for at, line in enumerate(lines[1:], 1) if line.rstrip() in ("---", "...")), 0)
    first = next((line for line in lines[1:end] if line.strip() and not line.startswith("#")), "")
    is_there = lines[0].rstrip() == "---" and FIELD.match(first) is not None
    return "\n".join([*([""] * (end + 1)), *lines[end + 1 :]] if is_there else lines)


def _headings(tokens: Sequence[Token]) -> Iterator[Heading]:
    for token, inline in itertools.pairwise(tokens):
        if token.type == "heading_open" and token.level == 0 and token.map:
            yield Heading(int(token.tag[1:]), _plain(" ".join(inline.content.split())), token.map[0], token.map[1])


def _plain(title: str) -> str:
    """A heading as a reader sees it: of a link its words, of an image its description, no marks and no tags."""
    if len(title) > MAX_PLAIN or not 0 < len(MARKED.findall(title)) <= MAX_MARKS:
        return title
    parts = _inline_reader().parseInline(title)[0].children or []
    said = "".join(part.content for part in parts if part.type == "code_inline" or not TAG.match(part.content))
    return " ".join(said.split()) or title


@cache
def _inline_reader() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark")


LANGUAGE = Language("markdown", version=5, suffixes=(".md", ".markdown"), units=units, parses=lambda text: True)
