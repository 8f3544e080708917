"""What a source asks to be left out: `.gitignore` and `.millignore` (same syntax), innermost file first.

A `.millignore` is ours alone, so a line `!dist/` in one is a wish: what would be left out because a program or other
people wrote it is taken in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from modelmill.errors import UserError
from modelmill.extract.ignore_patterns import Pattern, lines_of, pattern_of

GITIGNORE, MILLIGNORE = ".gitignore", ".millignore"

MAX_PATTERN = 1000  # bytes; no path is longer
# Of a file, lines and bytes. Those of a megabyte took 14 s, to be told at the end that they are too much.
MAX_PATTERNS, MAX_BYTES = 4000, 100_000


class Patterns:
    """Some patterns, the last of which decides. Asked all at once, in time linear in the path."""

    def __init__(self, patterns: Sequence[Pattern], together: Any) -> None:
        self._patterns, self._together = patterns, together

    def excepts(self, path: str) -> bool | None:
        """Whether the path (a folder's ends with `/`) is one that is excepted; None if nothing is said of it."""
        folder = path.endswith("/")
        found = self._together.Match(path.removesuffix("/").encode("utf-8", "surrogateescape")) or ()
        said = [at for at in found if folder or not self._patterns[at].folders]
        return self._patterns[max(said)].excepts if said else None


@dataclass(frozen=True, slots=True)
class Ruleset:
    """What an ignore file says that lies in `folder` ("" or ending with `/`). ours: whether it is a `.millignore`."""

    folder: str
    patterns: Patterns
    ours: bool


Rules = tuple[Ruleset, ...]
Asked = Literal["", "ignored", "wanted"]


def rules_of(folder: str, content: bytes, ours: bool = False) -> Ruleset:
    """The rules in an ignore file; a line that is no pattern is none.

    Raises UserError when all together are more than can be matched in linear time.
    """
    lines = [line for line in lines_of(content) if len(line) <= MAX_PATTERN]
    if len(lines) <= MAX_PATTERNS and sum(map(len, lines)) <= MAX_BYTES:
        found = _compiled([one for line in lines if (one := pattern_of(line))])
        if found is not None:
            return Ruleset(folder, found, ours)
    raise UserError(
        f"the ignore file in {folder or 'the top folder'!r} cannot be used",
        allowed=f"up to {MAX_PATTERNS} patterns of at most {MAX_PATTERN} characters, few of them with `**`",
        found=f"{len(lines)} patterns that together are too much",
        next="make it shorter, or name whole folders in it",
    )


def _compiled(patterns: Sequence[Pattern]) -> Patterns | None:
    """None if they are too much together: RE2 then has no room to ask them at once."""
    import re2

    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1  # git, too, takes a byte for a letter
    options.dot_nl = True
    options.log_errors = False
    together = re2.Set.FullMatchSet(options)
    try:
        for one in patterns:
            together.Add(one.written)
        together.Compile()
    except re2.error:
        return None
    return Patterns(patterns, together)


def asked(path: str, rules: Rules) -> Asked:
    """What is asked for the path (a folder's ends with `/`). The innermost file that says anything decides."""
    at, excepts = _said(path, rules)
    return "" if at < 0 else "wanted" if excepts and rules[at].ours else "" if excepts else "ignored"


def within_wanted(folder: str, rules: Rules) -> Rules:
    """What still counts in a folder that is wanted: the wish goes before what files of git around it say."""
    at, _ = _said(folder, rules)
    return tuple(one for place, one in enumerate(rules) if one.ours or place > at)


def _said(path: str, rules: Rules) -> tuple[int, bool]:
    """Which of the rules decides, and whether it excepts the path; -1 for none."""
    for at in range(len(rules) - 1, -1, -1):
        if path.startswith(rules[at].folder):
            excepts = rules[at].patterns.excepts(path.removeprefix(rules[at].folder))
            if excepts is not None:
                return at, excepts
    return -1, False
