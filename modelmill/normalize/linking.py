"""Which other files of the corpus a document's units are made from as well, and when these are still the same.

A document is read alone first. What its data names in other files it wants; those are read (stage.py), and it is read
again with them, until it wants no more. A file is asked for by its place, as an import says it: `src/data/industries`.
What was given, and what was looked for and is not there, is a part of what the document is made of: it is read again
when one of these answers would be another one, and only then (docs/decisions/0023).
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

T = TypeVar("T")

# Bounds of one document, whatever else is read with it; with them raise the version of the languages that are linked.
MAX_ROUNDS = 8  # files that lead to each other in a row
MAX_FILES = 200
MAX_BYTES = 500_000  # of all files together
KEPT_BYTES = 1_000_000  # of source, of which a process keeps the trees: up to a hundred times as much

# In the order in which TypeScript looks: https://www.typescriptlang.org/docs/handbook/modules/reference.html
SUFFIXES = (".ts", ".tsx", ".js", ".jsx", ".mts", ".mjs", ".cts", ".cjs", ".json")
WRITTEN_AS = {".js": (".ts", ".tsx"), ".jsx": (".tsx",), ".mjs": (".mts",), ".cjs": (".cts",)}


@dataclass(frozen=True, slots=True)
class File:
    """What lies at a place. path, sha256: "" where nothing does; content: None also for what is more than is given."""

    path: str = ""
    sha256: str = ""
    content: bytes | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """The files that a document is read with, by place. more: whether it may want others."""

    files: Mapping[str, File] = field(default_factory=dict[str, File])
    more: bool = True


class Library:
    """What was read of files, kept for the documents that need them next.

    clean: path and bytes to text, or None; shown: a path as it may be stored (extract/naming.py).
    """

    def __init__(self, clean: Callable[[str, bytes], str | None], shown: Callable[[str], str]) -> None:
        self._clean, self.shown, self._size = clean, shown, 0
        self._kept: OrderedDict[tuple[str, str], tuple[int, Any]] = OrderedDict()
        self._bad: set[tuple[str, str]] = set()

    def get(self, file: File, build: Callable[[str, str], T]) -> T | None:
        """The file as `build` reads its path and text; None for one that cannot be read."""
        key = (file.path, file.sha256)
        if file.content is None or key in self._bad:
            return None
        if key not in self._kept:
            made = self._made(file.path, file.content, build)
            if made is None:
                self._bad.add(key)
                return None
            self._keep(key, len(file.content), made)
        self._kept.move_to_end(key)
        return self._kept[key][1]

    def _made(self, path: str, content: bytes, build: Callable[[str, str], T]) -> T | None:
        text = self._clean(path, content)
        try:
            return None if text is None else build(path, text)
        except (RecursionError, ValueError):
            return None

    def _keep(self, key: tuple[str, str], size: int, made: Any) -> None:
        self._kept[key] = size, made
        self._size += size
        while self._size > KEPT_BYTES and len(self._kept) > 1:
            _, (less, _) = self._kept.popitem(last=False)
            self._size -= less


class Others:
    """The other files of the corpus, as one document gets to see them. wanted: places it was not given yet."""

    def __init__(self, given: Given, library: Library) -> None:
        self._given, self._library = given, library
        self.wanted: dict[str, None] = {}

    def get(self, place: str, build: Callable[[str, str], T]) -> T | None:
        """What lies there, as `build` reads it. None: nothing, or not given yet."""
        file = self._given.files.get(place)
        if file is not None:
            return self._library.get(file, build)
        room = self._given.more and len(self._given.files) + len(self.wanted) < MAX_FILES
        if room and place not in self.wanted and self._library.shown(place) == place:  # it is stored, in `made_of`
            self.wanted[place] = None
        return None


def leads_to(path: str, said: str) -> str | None:
    """The place that an import in the file at `path` leads to; None where that is no file beside it in the corpus."""
    if not said.startswith(("./", "../")) and said not in (".", ".."):
        return None
    parts = path.split("/")[:-1]
    for part in said.split("/"):
        if part == ".." and not parts:
            return None
        if part == "..":
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def at(place: str, there: Mapping[str, Any]) -> str:
    """The path of the file that a place stands for, of those that are there; "" for none."""
    return next((path for path in _candidates(place) if path in there), "")


def _candidates(place: str) -> Iterable[str]:
    stem, dot, suffix = place.rpartition(".")
    written = f"{dot}{suffix}"
    yield from (stem + other for other in WRITTEN_AS.get(written, ()))
    if written in SUFFIXES:
        yield place
    if place:
        yield from (place + other for other in SUFFIXES)
    yield from (f"{place}/index{other}".lstrip("/") for other in SUFFIXES)


def with_more(given: Mapping[str, File], found: Mapping[str, File]) -> dict[str, File]:
    """What a document is given, with the files that were found at more places; of what is too much only the hash."""
    together = dict(given)
    left = MAX_BYTES - sum({file.path: len(file.content or b"") for file in given.values()}.values())
    for place, file in found.items():
        size = len(file.content or b"")
        together[place] = file if size <= left else replace(file, content=None)
        left -= size if size <= left else 0
    return together


def made_of(stamp: str, files: Mapping[str, File]) -> str:
    """The stamp of a document that was read with these files."""
    return f"{stamp} {json.dumps({place: [one.path, one.sha256] for place, one in files.items()})}" if files else stamp


def is_made_of(made: str | None, stamp: str, there: Mapping[str, str]) -> bool:
    """Whether that is still what the document is made of. stamp: its own now; there: the sha256 of each path."""
    if made is None or made == stamp:
        return made == stamp
    own, _, files = made.partition(" ")
    if own != stamp or not files:
        return False
    return all(
        (found := at(place, there)) == path and there.get(found, "") == sha256
        for place, (path, sha256) in json.loads(files).items()
    )
