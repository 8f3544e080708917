"""Which files become documents, and the reason when one does not. Decided from its name first, then from its bytes."""

from __future__ import annotations

import codecs
import re
from collections.abc import Collection
from pathlib import PurePosixPath

from modelmill.extract import compiled, generated
from modelmill.extract.source import MAX_FILE_BYTES, Entry
from modelmill.normalize.language import language_of, language_of_content, may_be_script
from modelmill.records import Dropped

# A paragraph, a row or a whole array of rows may be one line, and so may a picture among a notebook's outputs.
ONE_LINE = (".md", ".markdown", ".csv", ".tsv", ".jsonl", ".ndjson", ".ipynb")
# JSON that a program wrote in one line, and that is for a reader after all: rows with labels, a description of an API.
MEANT = re.compile(rb'\s*[\[{].{,400}?"(label|intent)"\s*:|\s*\{.{,400}?"(openapi|swagger)"\s*:\s*"', re.S)
# What stands in place of a file that git keeps on another server (https://github.com/git-lfs/git-lfs, docs/spec.md).
POINTER = re.compile(rb"version https?://(?:git-lfs|hawser)\.github\.com/[^\n]*\n.*^size (\d{1,20})$", re.S | re.M)
MAX_POINTER = 1024  # bytes
# Bytes. Longer lines are data or the output of a minifier; where they are the smaller part, a person wrote the file and
# put a certificate, a table or a prompt into it (of 43,000 files of packages 12: pygments, scipy, transformers).
MAX_LINE = 5_000
MAX_MEAN_LINE = 300


def by_name(entry: Entry) -> Dropped | None:
    """Why the entry is left out, as far as its name and size say; None if it may stay."""
    if entry.refused:
        return Dropped(entry.path, entry.refused, entry.detail)
    *folders, name = entry.path.rstrip("/").split("/")
    if not entry.wanted:
        for folder in folders:
            if reason := generated.folder_reason(folder):
                return Dropped(entry.path, reason, f"in {folder}/")
        if generated.by_name(name):
            return Dropped(entry.path, "generated", "by its name")
    if language_of(entry.path) is None and not (may_be_script(name) and entry.size <= MAX_FILE_BYTES):
        return _unsupported(entry.path)
    if entry.size > MAX_FILE_BYTES:
        return Dropped(entry.path, "too large", f"{entry.size} bytes, at most {MAX_FILE_BYTES}")
    return None


def by_source(entry: Entry, chosen: Collection[str], there: Collection[str]) -> Dropped | None:
    """Why the entry is left out, as what a compiler made of another one. chosen, there: see compiled.py."""
    if entry.wanted or not (source := compiled.source_of(entry.path, chosen, there)):
        return None
    return Dropped(entry.path, "generated", f"compiled from {source}")


def by_content(path: str, content: bytes, wanted: bool = False) -> Dropped | None:
    """Why the file is left out, now that its bytes are known; None if it stays. wanted: see `Entry`."""
    if language_of_content(path, content) is None:
        return _unsupported(path)
    if len(content) > MAX_FILE_BYTES:
        return Dropped(path, "too large", f"{len(content)} bytes, at most {MAX_FILE_BYTES}")
    if not content.strip():
        return Dropped(path, "empty")
    if len(content) < MAX_POINTER and (kept := POINTER.match(content)):
        return Dropped(path, "kept elsewhere", f"Git LFS has its {int(kept[1])} bytes")
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):  # as SQL Server writes scripts
        return Dropped(path, "wrong encoding", "UTF-16, not UTF-8")
    if b"\0" in content:
        return Dropped(path, "binary", "contains NUL")
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        return Dropped(path, "wrong encoding", f"not UTF-8 at byte {error.start}")
    if not wanted and (said := generated.by_content(path, content)):
        return Dropped(path, "generated", said)
    return _minified(path, content)


def _unsupported(path: str) -> Dropped:
    name = PurePosixPath(path)
    return Dropped(path, "unsupported language", name.suffix or name.name)


def _minified(path: str, content: bytes) -> Dropped | None:
    if path.endswith(ONE_LINE) or (path.endswith(".json") and MEANT.match(content)):
        return None
    lines = content.split(b"\n")
    long, mean = sum(len(line) for line in lines if len(line) > MAX_LINE), len(content) / len(lines)
    if long > len(content) / 2 or mean > MAX_MEAN_LINE:
        return Dropped(path, "minified", f"longest line {max(map(len, lines))}, mean {mean:.0f} bytes")
    return None
