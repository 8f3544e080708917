"""Which files become documents, and the reason when one does not. Decided from its name first, then from its bytes."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from modelmill.extract.source import MAX_FILE_BYTES, Entry
from modelmill.normalize.language import language_of
from modelmill.records import Dropped

# Folders whose content other people wrote or a program made.
VENDORED = frozenset(
    {
        "node_modules", "bower_components", "vendor", "third_party", "site-packages", "dist-packages", ".venv",
        "venv", ".tox", ".nox", ".eggs",
    }
)  # fmt: skip
BUILT = frozenset(
    {
        "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".next", ".turbo", ".cache", ".gradle",
        "htmlcov",
    }
)  # fmt: skip
GENERATED_NAMES = frozenset(
    {
        "package-lock.json", "npm-shrinkwrap.json", "composer.lock", "pnpm-lock.yaml", "yarn.lock", "poetry.lock",
        "tsconfig.tsbuildinfo",
    }
)  # fmt: skip
GENERATED_NAME = re.compile(r"(_pb2(_grpc)?\.py|\.min\.\w+|\.generated\.\w+|\.g\.\w+|\.d\.ts)$")
GENERATED_HEAD = re.compile(
    rb"(?i)@generated|\bdo not edit\b|auto-?generated (by|from|on|file)|file is generated|generated and used by"
)

# A paragraph, a row or a whole array of rows may be one line.
ONE_LINE = (".md", ".markdown", ".csv", ".tsv", ".jsonl", ".ndjson")
LABELLED_ARRAY = re.compile(rb'\s*[\[{].{,400}?"(label|intent)"\s*:', re.S)
MAX_LINE = 5_000  # characters; longer lines are data or the output of a minifier
MAX_MEAN_LINE = 300


def folder_reason(name: str) -> str:
    """Why a folder of this name is left out as a whole; "" if it is not."""
    if name in {".git", ".hg", ".svn", ".mill"}:
        return "ignored"
    return "vendored" if name in VENDORED else "generated" if name in BUILT else ""


def by_name(entry: Entry) -> Dropped | None:
    """Why the entry is left out, as far as its name and size say; None if it may stay."""
    if entry.refused:
        return Dropped(entry.path, entry.refused, entry.detail)
    *folders, name = entry.path.rstrip("/").split("/")
    for folder in folders:
        if reason := folder_reason(folder):
            return Dropped(entry.path, reason, f"in {folder}/")
    if name in GENERATED_NAMES or GENERATED_NAME.search(name):
        return Dropped(entry.path, "generated", "by its name")
    if language_of(entry.path) is None:
        return Dropped(entry.path, "unsupported language", PurePosixPath(name).suffix or name)
    if entry.size > MAX_FILE_BYTES:
        return Dropped(entry.path, "too large", f"{entry.size} bytes, at most {MAX_FILE_BYTES}")
    return None


def by_content(path: str, content: bytes) -> Dropped | None:
    """Why the file is left out, now that its bytes are known; None if it stays."""
    if len(content) > MAX_FILE_BYTES:
        return Dropped(path, "too large", f"{len(content)} bytes, at most {MAX_FILE_BYTES}")
    if not content.strip():
        return Dropped(path, "empty")
    if b"\0" in content:
        return Dropped(path, "binary", "contains NUL")
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        return Dropped(path, "wrong encoding", f"not UTF-8 at byte {error.start}")
    if found := GENERATED_HEAD.search(b"\n".join(content.split(b"\n", 6)[:6])[:600]):
        return Dropped(path, "generated", found.group().decode("ascii", "replace").lower())
    return _minified(path, content)


def _minified(path: str, content: bytes) -> Dropped | None:
    if path.endswith(ONE_LINE) or (path.endswith(".json") and LABELLED_ARRAY.match(content)):
        return None
    lines = content.split(b"\n")
    longest, mean = max(map(len, lines)), len(content) / len(lines)
    if longest > MAX_LINE or mean > MAX_MEAN_LINE:
        return Dropped(path, "minified", f"longest line {longest}, mean {mean:.0f} bytes")
    return None
