"""Which other files of the corpus a document's units are made from as well, and when these are still the same.

A document is read alone first. What its data names in other files it wants; those are read (stage.py), and it is read
again with them, until it wants no more. A file is asked for by its place (places.py).
What was given, and what was looked for and is not there, is a part of what the document is made of: it is read again
when one of these answers would be another one, and only then (docs/decisions/0023).
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from modelmill.normalize.places import APART, There

T = TypeVar("T")
Key = tuple[str, str, Callable[[str, str], Any]]  # a file's path and sha256, and what reads it

# Bounds of one document, whatever else is read with it; with them raise the version of the languages that are linked.
MAX_ROUNDS = 12  # in which files are asked for: one that leads to the next, or says where that is
MAX_FILES = 200
MAX_BYTES = 500_000  # of all files together
KEPT_BYTES = 1_000_000  # of source, of which a process keeps the trees: up to a hundred times as much


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
        self._kept: OrderedDict[Key, tuple[int, Any]] = OrderedDict()
        self._bad: set[Key] = set()

    def get(self, file: File, build: Callable[[str, str], T]) -> T | None:
        """The file as `build` reads its path and text; None for one that cannot be read."""
        key = (file.path, file.sha256, build)
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

    def _keep(self, key: Key, size: int, made: Any) -> None:
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
        if room and place not in self.wanted and self._may_be_stored(place):
            self.wanted[place] = None
        return None

    def _may_be_stored(self, place: str) -> bool:
        """It is a part of `made_of`."""
        return all(self._library.shown(one) == one for one in place.split(APART))


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


def is_made_of(made: str | None, stamp: str, there: There) -> bool:
    """Whether that is still what the document is made of. stamp: its own now."""
    if made is None or made == stamp:
        return made == stamp
    own, _, files = made.partition(" ")
    if own != stamp or not files:
        return False
    return all(
        (found := there.at(place)) == path and there.files.get(found, "") == sha256
        for place, (path, sha256) in json.loads(files).items()
    )
