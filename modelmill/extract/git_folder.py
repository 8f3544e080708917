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
PARTS = ("HEAD", "packed-refs", "commondir", "config", "objects", "refs")
FILES = (stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK)
ALTERNATES = ("info/alternates", "info/http-alternates")


def check_own(folder: Path, uri: str) -> None:
    """Raise UserError where git would read outside of the folder."""
    root = folder.resolve()
    dot = root / ".git"
    if not os.path.lexists(dot):
        _check(root, (root,), uri)
    elif dot.is_dir() and not dot.is_symlink():
        _check(dot, (root,), uri)
    else:
        _check_elsewhere(root, dot, uri)


def _check_elsewhere(root: Path, dot: Path, uri: str) -> None:
    """`.git` is a file: of a submodule or a worktree, or it leads where it has no business."""
    said = "" if dot.is_symlink() else _pointer(dot).removeprefix("gitdir:").strip()
    place = (root / said).resolve() if said else dot.resolve()
    common = _common(place)
    back = _pointer(place / "gitdir").strip()
    worktree = bool(said and back) and common in place.parents and (place / back).resolve() == dot
    submodule = bool(said) and _worktree(place) == root
    if not (place.is_relative_to(root) or worktree or submodule):
        raise _leads_out(uri, f".git leads to {place}")
    _check(place, (root, common if worktree else place), uri)


def _check(place: Path, allowed: tuple[Path, ...], uri: str) -> None:
    """That neither the git folder nor the one it shares with its worktrees leads out of what is allowed."""
    for base in {place, _common(place)}:
        if not any(base.is_relative_to(one) for one in allowed):
            raise _leads_out(uri, f"commondir leads to {base}")
        for odd in _no_files(base):
            raise _leads_out(uri, f"{odd.relative_to(base)} is a pipe or a device")
        for link in _links(base):
            if not any(link.resolve().is_relative_to(one) for one in allowed):
                raise _leads_out(uri, f"{link.relative_to(base)} is a link to {link.resolve()}")
        for name in ALTERNATES:
            for line in filter(None, map(str.strip, _pointer(base / "objects" / name).splitlines())):
                other = (base / "objects" / line.strip('"')).resolve()
                if not line.startswith("#") and not any(other.is_relative_to(one) for one in allowed):
                    raise _leads_out(uri, f"objects/{name} leads to {other}")


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
        for folder, folders, files in os.walk(base / part):
            yield from (path for name in (*folders, *files) if (path := Path(folder, name)).is_symlink())


def _common(place: Path) -> Path:
    said = _pointer(place / "commondir").strip()
    return (place / said).resolve() if said else place


def _pointer(file: Path) -> str:
    """What a small file says; nothing where there is none."""
    from modelmill.extract.directory import read_regular

    content = read_regular(file) if not file.is_symlink() else None
    return (content or b"")[:MAX_POINTER].decode("utf-8", "surrogateescape")


def _worktree(place: Path) -> Path | None:
    """The folder that a submodule's repository says it is kept for."""
    read = configparser.RawConfigParser(strict=False, allow_no_value=True)
    try:
        read.read_string("\n".join(line.strip() for line in _pointer(place / "config").splitlines()))
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
