"""What a source asks to be left out: `.gitignore` and `.millignore` (same syntax, ours alone), innermost file first."""

from __future__ import annotations

from pathspec import GitIgnoreSpec

GITIGNORE, MILLIGNORE = ".gitignore", ".millignore"

Rules = list[tuple[str, GitIgnoreSpec]]


def rules_of(folder: str, content: bytes) -> tuple[str, GitIgnoreSpec]:
    """The rules in an ignore file that lies in `folder` ("" or ending with `/`)."""
    return folder, GitIgnoreSpec.from_lines(content.decode("utf-8", "replace").splitlines())


def ignored(path: str, rules: Rules) -> bool:
    """Whether the path (a folder's ends with `/`) is left out. The innermost file that says anything decides."""
    for folder, spec in reversed(rules):
        if path.startswith(folder):
            verdict = spec.check_file(path.removeprefix(folder)).include
            if verdict is not None:
                return verdict
    return False
