"""What a source asks to be left out: `.gitignore` and `.millignore` (same syntax, ours alone), innermost file first."""

from __future__ import annotations

import re

from pathspec import GitIgnoreSpec

from modelmill.errors import UserError

GITIGNORE, MILLIGNORE = ".gitignore", ".millignore"

MAX_PATTERN = 1000  # characters; no path is longer

Rules = list[tuple[str, GitIgnoreSpec]]


def rules_of(folder: str, content: bytes) -> tuple[str, GitIgnoreSpec]:
    """The rules in an ignore file that lies in `folder` ("" or ending with `/`); a line that is no pattern is none.

    Raises UserError when all together are more than can be matched in linear time.
    """
    lines = [line for line in content.decode("utf-8", "replace").splitlines() if len(line) <= MAX_PATTERN]
    for kept in (lines, [line for line in lines if _compiled([line])]):
        if found := _compiled(kept):
            return folder, found
    raise UserError(
        f"the ignore file in {folder or 'the top folder'!r} cannot be used",
        allowed=f"some thousand patterns of at most {MAX_PATTERN} characters",
        found=f"{len(lines)} patterns that together are too much",
        next="make it shorter, or name whole folders in it",
    )


def _compiled(lines: list[str]) -> GitIgnoreSpec | None:
    import re2

    try:
        return GitIgnoreSpec.from_lines(lines)
    except (ValueError, re.error, re2.error):
        return None


def ignored(path: str, rules: Rules) -> bool:
    """Whether the path (a folder's ends with `/`) is left out. The innermost file that says anything decides."""
    for folder, spec in reversed(rules):
        if path.startswith(folder):
            verdict = spec.check_file(path.removeprefix(folder)).include
            if verdict is not None:
                return verdict
    return False
