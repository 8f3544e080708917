"""What a kind of source must offer, and how the kinds are found: one file in this folder each, by being there.

A source never writes what it reads and never runs it: bytes come out in memory and nothing else happens.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

from modelmill.errors import UserError

MAX_FILE_BYTES = 1_000_000  # larger source files are data, generated, or an attack on the parser


@dataclass(frozen=True, slots=True)
class Entry:
    """A file as the source lists it: path relative, with `/`. refused: why its bytes are not given ("": they are).

    state: as long as it is the same, so are the bytes; "" where nothing but the bytes tells.
    wanted: whether the source asks for it although it is generated, or other people's (a line `!dist/` in .millignore).
    """

    path: str
    size: int
    refused: str = ""
    detail: str = ""
    state: str = ""
    wanted: bool = False


class Snapshot(Protocol):
    """A source opened at one revision. revision: its own name for it; None where the content alone says what it is."""

    revision: str | None

    def files(self) -> Iterator[Entry]:
        """Every file, or folder left out as a whole (path ends with `/`), in an order of the source's own."""
        ...

    def read(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """The bytes of these files, in the source's own order. One that is gone by now is not yielded."""
        ...


class Source(Protocol):
    """A kind of source. `home` is the folder where copies of remote sources are kept."""

    name: str

    def matches(self, uri: str) -> bool:
        """Whether this kind understands the URI. Looks at it, changes nothing."""
        ...

    def open(self, uri: str, home: Path, revision: str | None = None) -> AbstractContextManager[Snapshot]:
        """The source now, or at `revision` if it can go back. Raises UserError (unreadable) or PrerequisiteError."""
        ...


@cache
def all_sources() -> Mapping[str, Source]:
    """Every kind of source by name. A module of this folder is one if it has a SOURCE."""
    from modelmill import extract

    modules = (importlib.import_module(f"modelmill.extract.{m.name}") for m in pkgutil.iter_modules(extract.__path__))
    found: list[Source] = [module.SOURCE for module in modules if hasattr(module, "SOURCE")]
    return {source.name: source for source in sorted(found, key=lambda source: source.name)}


def detect(uri: str) -> Source:
    """The kind of source that understands the URI. Raises UserError."""
    for source in all_sources().values():
        if source.matches(uri):
            return source
    raise UserError(
        f"{uri!r} cannot be a corpus",
        allowed="a folder, a git repository (a folder with .git, https://...), "
        "an archive (.zip, .tar, .tar.gz, .tar.xz), python:stdlib, python:packages[:NAME,NAME], feedback:TASK",
        found=_what_is_there(uri),
        next="check the path, then `mill corpus add NAME URI`; a single file is added by the folder that holds it",
    )


def existing(path: str) -> Path | None:
    """What lies at the path; None for an address, for nothing, and for a name that no file can have."""
    if "://" in path:
        return None
    try:
        found = Path(path).expanduser()
        return found if found.exists() else None
    except (OSError, ValueError, RuntimeError):  # too long, a NUL in it, an unknown user's home
        return None


def _what_is_there(uri: str) -> str:
    if uri.startswith("ssh://") or re.match(r"[\w.-]+@[\w.-]+:", uri):
        return "an address by SSH: clone it yourself and add the folder, or give its https address"
    if "://" in uri:
        return "an address that no source understands"
    return "a file of another kind" if existing(uri) else "nothing at that path"
