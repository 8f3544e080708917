"""reStructuredText by section, as docutils' specification defines titles
(https://docutils.sourceforge.io/docs/ref/rst/restructuredtext.html#sections); no directive is run.

A title is a line with a line of one repeated sign under it, at least as long, and maybe the same above it. Which sign
is which level is told by the order in which they come.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from modelmill.normalize.language import Draft, Language
from modelmill.normalize.sections import Heading, sections
from modelmill.records import Dropped

SIGNS = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")

LABEL = re.compile(r"\.\. _[^:]{1,200}:\s*$|\.\. index::|\.\. :changelog:\s*$")
MARKED = re.compile(
    r"``(?P<code>[^`]{1,200})``|(?::[\w.+:-]{1,50}:)?`[!~]?(?P<said>[^`<]{1,200}?)\s*(?:<[^`<>]{1,200}>)?`_{0,2}"
    r"|(?<!\w)(?P<stars>\*{1,2})(?! )(?P<strong>[^*]{1,200})(?<! )(?P=stars)(?!\w)"
)


def units(path: str, text: str) -> Iterator[Draft | Dropped]:
    """A section for each title with text under it, and one for the text before the first title."""
    lines = text.splitlines()
    yield from sections(list(_headings(lines)), lines)


def _headings(lines: list[str]) -> Iterator[Heading]:
    styles: list[tuple[str, bool]] = []
    after = 0  # the first line that is in no title yet
    for at in range(1, len(lines)):
        if at - 1 < after or not _is_title(lines, at, after):
            continue
        over = at - 2 >= after and _adorns(lines[at - 2]) and lines[at - 2][:1] == lines[at][:1]
        style = (lines[at][0], over)
        if style not in styles:
            styles.append(style)
        after, first = at + 1, at - 2 if over else at - 1
        title = _plain(" ".join(lines[at - 1].split()))
        yield Heading(styles.index(style) + 1, title, first, after, _ended(lines, first))


def _ended(lines: list[str], first: int) -> int:
    """Where the text before a title ends: the labels above it (`.. _here:`) are the title's."""
    at = first
    while at > 0 and (not lines[at - 1].strip() or LABEL.match(lines[at - 1])):
        at -= 1
    return at


def _plain(title: str) -> str:
    """A title without roles, references and marks: `:mod:`shelve` --- Objects` -> `shelve --- Objects`."""
    return MARKED.sub(lambda found: found["code"] or found["said"] or found["strong"], title)


def _is_title(lines: list[str], at: int, after: int) -> bool:
    """Whether the line `at` is under a title: one that begins a paragraph, or has such a line above it too."""
    title, under = lines[at - 1], lines[at].rstrip()
    if not title.strip() or not _adorns(under) or _adorns(title) or _width(title.rstrip()) > len(under):
        return False
    over = at - 2 >= after and _adorns(lines[at - 2]) and lines[at - 2].rstrip() == under
    begins = at - 2 < after or not lines[at - 2].strip()
    return over or (begins and not title[0].isspace())


def _adorns(line: str) -> bool:
    line = line.rstrip()
    return len(line) > 1 and line[0] in SIGNS and line == line[0] * len(line)


def _width(title: str) -> int:
    """Columns it takes on a terminal: wide letters two, accents none."""
    if title.isascii():
        return len(title)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in title)


LANGUAGE = Language("restructuredtext", version=3, suffixes=(".rst", ".rest"), units=units, parses=lambda text: True)
