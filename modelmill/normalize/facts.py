"""What is said in which part of a file: calls, branches, annotations and comments, found by one query over the whole.

Finding those of a definition is a bisection, so the cost stays linear in the file whatever lies in what.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field

MAX_CALLED = 80  # bytes of a called expression that are looked at: its end, where the name is
MAX_LISTED = 50  # distinct names; who calls more is a table
SHEBANG = re.compile(rb"\A#!.*\n?")
DOCUMENTATION = re.compile(rb"/\*\*(?![*/])")
CALLED = re.compile(rb"\.?\w[\w.:]*$")


@dataclass(frozen=True, slots=True)
class Facts:
    """Places in bytes, in order (`sort`). A call's or an annotation's place is that of its name."""

    source: bytes
    calls: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    annotations: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    comments: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    branches: list[int] = field(default_factory=list[int])

    def sort(self) -> None:
        """A query finds things nearly in order."""
        for places in (self.calls, self.annotations, self.comments, self.branches):
            places.sort()

    def between(self, start: int, end: int) -> str:
        """The source between two places."""
        return self.source[start:end].decode("utf-8", "replace")

    def called(self, start: int, end: int) -> list[str]:
        """Names called between two places, each once: `json.loads`, or `.get` of whatever an expression gives."""
        return self._distinct(self.calls, start, end)

    def annotated(self, start: int, end: int) -> list[str]:
        """Names of the annotations or decorators between two places."""
        return self._distinct(self.annotations, start, end)

    def branches_in(self, start: int, end: int) -> int:
        """How many ways more than one lead through the code between two places."""
        return bisect_left(self.branches, end) - bisect_left(self.branches, start)

    def comment_above(self, start: int) -> tuple[int, int] | None:
        """The comment that ends right above a place: lines of its own, nothing between them. Not a script's `#!`.

        One for documentation (`/**`) begins it: what stands above that is about something else.
        """
        at = bisect_right(self.comments, start, key=lambda place: place[1]) - 1
        first = last = None
        while at >= 0 and self._touches(self.comments[at], start):
            first, last = self.comments[at][0], last or self.comments[at][1]
            if self.source.startswith(b"/**", first):
                break
            start, at = first, at - 1
        return (first, last) if first is not None and last is not None else None

    def documentation_before(self, start: int) -> tuple[int, int] | None:
        """The `/**` comment before a place, nothing but blank lines between; not the one that the file begins with."""
        at = bisect_right(self.comments, start, key=lambda place: place[1]) - 1
        if (
            at < 0
            or start - self.comments[at][1] > MAX_CALLED
            or not DOCUMENTATION.match(self.source, self.comments[at][0])
        ):
            return None
        first, last = self.comments[at]
        before = self.source[max(0, first - MAX_CALLED) : first].rpartition(b"\n")[2]
        heads = at == 0 and not SHEBANG.sub(b"", self.source[:first]).strip()
        return (first, last) if not (heads or before.strip() or self.source[last:start].strip()) else None

    def _touches(self, comment: tuple[int, int], start: int) -> bool:
        """Whether only one line's end and indentation lie between, and before the comment nothing but indentation."""
        if comment[0] == 0 and self.source.startswith(b"#!"):
            return False
        between = self.source[comment[1] : min(start, comment[1] + MAX_CALLED)]
        before = self.source[max(0, comment[0] - MAX_CALLED) : comment[0]].rpartition(b"\n")[2]
        ends = between.count(b"\n") + self.source[comment[0] : comment[1]].endswith(b"\n")
        return not between.strip() and ends <= 1 and comment[1] + len(between) == start and not before.strip()

    def _distinct(self, places: list[tuple[int, int]], start: int, end: int) -> list[str]:
        if not places:
            return []
        source = self.source
        within = places[bisect_left(places, (start, 0)) : bisect_left(places, (end, 0))]
        said = [source[first if last - first <= MAX_CALLED else last - MAX_CALLED : last] for first, last in within]
        names = dict.fromkeys(map(_last_name, dict.fromkeys(said)))
        names.pop("", None)
        return list(names)[:MAX_LISTED]


def _last_name(expression: bytes) -> str:
    """The dotted name that it ends with; the quick look is for nine of ten, which are nothing else."""
    text = expression.decode("utf-8", "replace")
    if text.replace(".", "_").isidentifier():
        return text
    found = CALLED.search(expression)
    return found.group().decode("utf-8", "replace") if found else ""
