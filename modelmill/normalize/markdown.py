"""Markdown, by markdown-it (CommonMark 0.31): one section a heading, its own text up to the next heading of any level.

One unit, from docs/finance.md: name `finance-guide/card-fraud-alerts`, kind section, signature
`Finance guide > Card fraud alerts`, text the heading and the paragraphs under it as they stand in the file.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from modelmill.normalize.language import Draft, Language
from modelmill.normalize.sections import Heading, sections
from modelmill.records import Dropped

if TYPE_CHECKING:
    from markdown_it import MarkdownIt


@cache
def _reader() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").disable("inline")  # where blocks begin is all we ask


def units(path: str, text: str) -> Iterator[Draft | Dropped]:
    """A section for each heading with text under it, and one for the text before the first heading."""
    yield from sections(list(_headings(text)), text)


def _headings(text: str) -> Iterator[Heading]:
    tokens = _reader().parse(text)
    for token, inline in itertools.pairwise(tokens):
        if token.type == "heading_open" and token.level == 0 and token.map:
            yield Heading(int(token.tag[1:]), " ".join(inline.content.split()), token.map[0], token.map[1])


LANGUAGE = Language("markdown", version=1, suffixes=(".md", ".markdown"), units=units, parses=lambda text: True)
