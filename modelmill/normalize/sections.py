"""Documents by section: one a heading, its own text up to the next heading of any level."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from modelmill.normalize.language import Draft
from modelmill.records import Dropped

WORD = re.compile(r"\w")
NOT_A_WORD = re.compile(r"[^\w]+")


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of the document itself (not one in a quote or list). lines: first, and first after it, from 0.

    ended: the first one that is not of the text before it any more, where that is another than its own first.
    """

    level: int
    title: str
    first: int
    after: int
    ended: int | None = None


def sections(headings: Sequence[Heading], lines: list[str]) -> Iterator[Draft | Dropped]:
    """A section for each heading with text under it, and one for the text before the first heading."""
    preamble = Heading(0, "", 0, 0)
    above: list[Heading] = []
    for heading, following in zip([preamble, *headings], [*headings, None], strict=True):
        end = len(lines)
        if following:
            end = max(heading.after, following.first if following.ended is None else following.ended)
        above = [h for h in above if h.level < heading.level] + ([heading] if heading.level else [])
        if draft := _section(heading, above, lines, end):
            yield draft


def _section(heading: Heading, above: list[Heading], lines: list[str], end: int) -> Draft | Dropped | None:
    name = "/".join(slug(h.title) for h in above) or "(beginning)"
    if not any(WORD.search(line) for line in lines[heading.after : end]):  # a rule of dashes says nothing
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
