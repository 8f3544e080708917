"""Markdown, by markdown-it (CommonMark 0.31): one section a heading, its own text up to the next heading of any level.

One unit, from docs/finance.md: name `finance-guide/card-fraud-alerts`, kind section, signature
`Finance guide > Card fraud alerts`, text the heading and the paragraphs under it as they stand in the file.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from modelmill.normalize.language import Draft, Language
from modelmill.records import Dropped

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

NOT_A_WORD = re.compile(r"[^\w]+")


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of the document itself (not one in a quote or list). lines: first, and first after it, from 0."""

    level: int
    title: str
    first: int
    after: int


@cache
def _reader() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").disable("inline")  # where blocks begin is all we ask


def units(path: str, text: str) -> Iterator[Draft | Dropped]:
    """A section for each heading with text under it, and one for the text before the first heading."""
    lines = text.splitlines()
    headings = list(_headings(text))
    preamble = Heading(0, "", 0, 0)
    above: list[Heading] = []
    for heading, following in zip([preamble, *headings], [*headings, None], strict=True):
        end = following.first if following else len(lines)
        above = [h for h in above if h.level < heading.level] + ([heading] if heading.level else [])
        if draft := _section(heading, above, lines, end):
            yield draft


def _headings(text: str) -> Iterator[Heading]:
    tokens = _reader().parse(text)
    for token, inline in itertools.pairwise(tokens):
        if token.type == "heading_open" and token.level == 0 and token.map:
            yield Heading(int(token.tag[1:]), " ".join(inline.content.split()), token.map[0], token.map[1])


def _section(heading: Heading, above: list[Heading], lines: list[str], end: int) -> Draft | Dropped | None:
    name = "/".join(slug(h.title) for h in above) or "(beginning)"
    if not any(line.strip() for line in lines[heading.after : end]):
        return Dropped(name, "trivial", "a heading without text") if heading.level else None
    text = "\n".join(lines[heading.first : end]).strip()
    return Draft(
        name=name,
        kind="section",
        text=text,
        signature=" > ".join(h.title for h in above),
        start_line=heading.first + 1,
        end_line=heading.first + len("\n".join(lines[heading.first : end]).rstrip().split("\n")),
        meta={"level": heading.level},
    )


def slug(title: str) -> str:
    """`Card fraud: alerts` -> `card-fraud-alerts`."""
    return NOT_A_WORD.sub("-", title.lower()).strip("-") or "untitled"


LANGUAGE = Language("markdown", version=1, suffixes=(".md", ".markdown"), units=units, parses=lambda text: True)
