"""What a source asks to be left out: `.gitignore` and `.millignore` (same syntax), innermost file first.

A `.millignore` is ours alone, so a line `!dist/` in one is a wish: what would be left out because a program or other
people wrote it is taken in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from pathspec import GitIgnoreSpec

from modelmill.errors import UserError

GITIGNORE, MILLIGNORE = ".gitignore", ".millignore"

MAX_PATTERN = 1000  # characters; no path is longer
# Of a file, lines and bytes. Those of a megabyte took 14 s, to be told at the end that they are too much.
MAX_PATTERNS, MAX_BYTES = 4000, 100_000


@dataclass(frozen=True, slots=True)
class Ruleset:
    """What an ignore file says that lies in `folder` ("" or ending with `/`). ours: whether it is a `.millignore`."""

    folder: str
    spec: GitIgnoreSpec
    ours: bool


Rules = tuple[Ruleset, ...]
Asked = Literal["", "ignored", "wanted"]


def rules_of(folder: str, content: bytes, ours: bool = False) -> Ruleset:
    """The rules in an ignore file; a line that is no pattern is none.

    Raises UserError when all together are more than can be matched in linear time.
    """
    lines = [line for line in content.decode("utf-8", "replace").splitlines() if len(line) <= MAX_PATTERN]
    patterns = [line for line in lines if line.strip() and not line.startswith("#")]
    if len(patterns) <= MAX_PATTERNS and sum(map(len, patterns)) <= MAX_BYTES:
        found = _compiled(patterns)
        if found is None:
            found = _compiled([line for line in patterns if _compiled([line]) is not None])
        if found is not None:  # one without a pattern in it is false, and a good one
            return Ruleset(folder, found, ours)
    raise UserError(
        f"the ignore file in {folder or 'the top folder'!r} cannot be used",
        allowed=f"up to {MAX_PATTERNS} patterns of at most {MAX_PATTERN} characters, few of them with `**`",
        found=f"{len(patterns)} patterns that together are too much",
        next="make it shorter, or name whole folders in it",
    )


def _compiled(lines: list[str]) -> GitIgnoreSpec | None:
    import re2

    try:
        return GitIgnoreSpec.from_lines(lines)
    except (ValueError, re.error, re2.error):
        return None


def asked(path: str, rules: Rules) -> Asked:
    """What is asked for the path (a folder's ends with `/`). The innermost file that says anything decides."""
    for one in reversed(rules):
        if path.startswith(one.folder):
            verdict = one.spec.check_file(path.removeprefix(one.folder)).include
            if verdict is not None:
                return "ignored" if verdict else "wanted" if one.ours else ""
    return ""
