"""Whether a repository in a folder is all its own: git follows what a folder says to wherever that leads.

A `.git` file or link, `commondir`, `objects/info/alternates` and links among the objects and refs make git read another
repository, one that nobody gave. A worktree and a submodule keep theirs elsewhere, too: these are known by the other
side, which names the folder in return.
"""

from __future__ import annotations

import configparser
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from modelmill.errors import UserError

MAX_POINTER = 4096  # bytes of a file that holds a path
MAX_ALTERNATES = 100_000  # bytes of a list of them
MAX_CONFIG = 1_000_000  # bytes
MAX_STORES = 100  # git itself gives up after five that lead from one to the next
MAX_SHOWN = 200  # characters
PARTS = ("HEAD", "packed-refs", "commondir", "config", "objects", "refs")
FILES = (stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK)
ALTERNATES = ("info/alternates", "info/http-alternates")


def own_folder(folder: Path, uri: str) -> Path:
    """Where git keeps the folder's repository: what was looked at, for git to read no other one.

    Raises UserError where git would read outside of the folder.
    """
    root = folder.resolve()
    dot = root / ".git"
    try:
        if not os.path.lexists(dot):
            return _checked(root, (root,), uri)
        if dot.is_dir() and not dot.is_symlink():
            return _checked(dot, (root,), uri)
        return _elsewhere(root, dot, uri)
    except (OSError, ValueError, RuntimeError) as error:  # a path too long, with a NUL in it, of links without end
        raise _leads_out(uri, f"a path in it that is none: {str(error)[:MAX_SHOWN]}") from error


def _elsewhere(root: Path, dot: Path, uri: str) -> Path:
    """`.git` is a file: of a submodule or a worktree, or it leads where it has no business."""
    said = "" if dot.is_symlink() else _pointer(dot).removeprefix("gitdir: ")
    place = (root / said).resolve() if said else dot.resolve()
    common = _common(place)
    back = _pointer(place / "gitdir")
    worktree = bool(said and back) and common in place.parents and (place / back).resolve() == dot
    submodule = bool(said) and _worktree(place) == root
    if not (place.is_relative_to(root) or worktree or submodule):
        raise _leads_out(uri, f".git leads to {place}")
    return _checked(place, (root, common if worktree else place), uri)


def _checked(place: Path, allowed: tuple[Path, ...], uri: str) -> Path:
    """The git folder, if neither it nor the one it shares with its worktrees leads out of what is allowed."""
    for base in {place, _common(place)}:
        if not any(base.is_relative_to(one) for one in allowed):
            raise _leads_out(uri, f"commondir leads to {base}")
        for odd in _no_files(base):
            raise _leads_out(uri, f"{odd.relative_to(base)} is a pipe or a device")
        for link in _links(base):
            if not any(link.resolve().is_relative_to(one) for one in allowed):
                raise _leads_out(uri, f"{link.relative_to(base)} is a link to {link.resolve()}")
        _check_stores(base / "objects", allowed, uri)
    return place


def _check_stores(objects: Path, allowed: tuple[Path, ...], uri: str) -> None:
    """That no store of objects that this one leads to, or that one of those leads to, is out of what is allowed."""
    waiting, known = [objects], {objects}
    while waiting:
        store = waiting.pop()
        for name in ALTERNATES:
            new = set(_alternates(store, name, uri)) - known
            for other in new:
                if not any(other.is_relative_to(one) for one in allowed):
                    raise _leads_out(uri, f"{os.path.relpath(store / name, objects.parent)} leads to {other}")
                for link in _links_in(other):
                    raise _leads_out(uri, f"objects/{name} leads to {other}, and a link in it on to {link.resolve()}")
            known |= new
            waiting += new
        if len(known) > MAX_STORES:
            raise _leads_out(uri, f"more than {MAX_STORES} stores of objects that it leads to")


def _alternates(store: Path, name: str, uri: str) -> Iterator[Path]:
    """What a list says, as git reads it: split at line feeds alone, `..` taken off before any link is followed."""
    for line in _said(store / name, MAX_ALTERNATES).split("\n"):
        if line.startswith('"'):
            raise _leads_out(uri, f"objects/{name} has a path in quotes, which are not undone here")
        if line and not line.startswith("#"):
            yield Path(os.path.normpath(store.resolve() / line)).resolve()


def _no_files(base: Path) -> Iterator[Path]:
    """What is neither file nor folder among what git reads: it would wait at a pipe for ever."""
    alone = (base / part for part in (*PARTS, "config.worktree", "shallow", "info/grafts", "objects/info/alternates"))
    within = (Path(at, name) for part in ("objects", "refs") for at, _, files in os.walk(base / part) for name in files)
    for path in (*alone, *within):
        if os.path.lexists(path) and stat.S_IFMT(path.lstat().st_mode) not in FILES:
            yield path


def _links(base: Path) -> Iterator[Path]:
    """Links among what git reads of a repository."""
    for part in PARTS:
        if (base / part).is_symlink():
            yield base / part
    for part in ("objects", "refs"):
        yield from _links_in(base / part)


def _links_in(top: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(top):
        yield from (path for name in (*folders, *files) if (path := Path(folder, name)).is_symlink())


def _common(place: Path) -> Path:
    said = _pointer(place / "commondir")
    return (place / said).resolve() if said else place


def _pointer(file: Path) -> str:
    """The path that a file holds, as git reads it: all but the ends of lines behind it, blanks too."""
    return _said(file, MAX_POINTER).rstrip("\r\n")


def _said(file: Path, most: int) -> str:
    """What a small file says; nothing where there is none. Raises ValueError for more: git would read all of it."""
    from modelmill.extract.directory import read_regular

    content = (read_regular(file) if not file.is_symlink() else None) or b""
    if len(content) > most:
        raise ValueError(f"{file.name} has more than {most} bytes")
    return content.decode("utf-8", "surrogateescape")


def _worktree(place: Path) -> Path | None:
    """The folder that a submodule's repository says it is kept for."""
    read = configparser.RawConfigParser(strict=False, allow_no_value=True)
    try:
        read.read_string("\n".join(line.strip() for line in _said(place / "config", MAX_CONFIG).splitlines()))
        said = read.get("core", "worktree", fallback=None)
    except configparser.Error:
        return None
    return (place / said).resolve() if said else None


def _leads_out(uri: str, found: str) -> UserError:
    return UserError(
        f"the git repository {uri!r} cannot be read",
        allowed="a folder with a repository of its own, or a worktree or submodule that its repository knows of",
        found=found,
        next="git clone --no-local FOLDER COPY, then `mill corpus add NAME COPY`",
    )
