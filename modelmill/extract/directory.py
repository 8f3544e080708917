"""A folder as it lies there. Honours `.gitignore` and `.millignore` (same syntax); follows no link, inside or out."""

from __future__ import annotations

import itertools
import os
import stat
import time
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from modelmill.errors import UserError
from modelmill.extract.archive import MAX_FOLDERS
from modelmill.extract.folders import Verdict, judged, judged_file
from modelmill.extract.ignoring import GITIGNORE, MILLIGNORE, Rules, rules_of
from modelmill.extract.source import MAX_FILE_BYTES, Entry, existing

AT_REST = 3_000_000_000  # nanoseconds; the coarsest clock of a file system (FAT) ticks every two seconds


class FolderSnapshot:
    """The folder now. It has no name for a revision: the content of its documents is the revision."""

    def __init__(self, root: Path, revision: str | None = None, skipped: frozenset[str] = frozenset()) -> None:
        self.root, self.revision, self._skipped = root, revision, skipped

    def files(self) -> Iterator[Entry]:
        yield from self._folder("", Verdict())

    def read(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        for folder, within in itertools.groupby(paths, lambda path: path.rpartition("/")[0]):
            try:
                handle = _opened(self.root, folder)
            except OSError:
                continue  # gone since it was listed, or a link by now
            try:
                for path in within:
                    content = read_regular(path.rpartition("/")[2], handle)
                    if content is not None:
                        yield path, content
            finally:
                os.close(handle)

    def _folder(self, prefix: str, around: Verdict) -> Iterator[Entry]:
        try:
            handle = _opened(self.root, prefix)
        except OSError as error:
            yield Entry(prefix, 0, "unreadable", error.strerror or str(error))
            return
        try:
            yield from self._within(handle, prefix, around)
        finally:
            os.close(handle)

    def _within(self, handle: int, prefix: str, around: Verdict) -> Iterator[Entry]:
        try:
            with os.scandir(handle) as items:
                found = sorted(items, key=lambda item: item.name)
        except OSError as error:
            yield Entry(prefix, 0, "unreadable", error.strerror or str(error))
            return
        around = replace(around, rules=(*around.rules, *_ignore_rules(handle, prefix)))
        names = {item.name for item in found}
        for item in found:
            path = prefix + item.name
            if not path.isprintable():  # control characters, or bytes that are no UTF-8: not fit to be stored
                yield Entry(ascii(path), 0, "bad name")
            elif item.is_symlink():
                yield Entry(path, 0, "link", "links are not followed")
            elif item.is_dir(follow_symlinks=False):
                yield from self._subfolder(path + "/", item.name, around, names)
            elif not item.is_file(follow_symlinks=False):
                yield Entry(path, 0, "not a file")
            else:
                yield _entry(path, item, judged_file(path, around))

    def _subfolder(self, path: str, name: str, around: Verdict, beside: set[str]) -> Iterator[Entry]:
        found = judged(path, around, beside, lambda: self._names(path))
        if name in self._skipped:
            found = Verdict("left out")
        if path.count("/") > MAX_FOLDERS:  # far below where Python's stack or the system's longest path would end
            yield Entry(path, 0, "bad name", f"more than {MAX_FOLDERS} folders deep")
        elif found.reason:
            detail = ", ".join(part for part in ("the whole folder", found.detail) if part)
            yield Entry(path, 0, found.reason, detail)
        else:
            yield from self._folder(path, found)

    def _names(self, path: str) -> list[str]:
        try:
            return [one.name for one in (self.root / path).iterdir()]
        except OSError:
            return []  # gone, or not to be read: listing it will say so


def _opened(root: Path, folder: str) -> int:
    """A handle on a folder within the root; no link is followed on the way: one may be there since it was listed."""
    handle = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    for name in filter(None, folder.split("/")):
        try:
            inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=handle)
        finally:
            os.close(handle)
        handle = inner
    return handle


def _ignore_rules(handle: int, prefix: str) -> Rules:
    found = {name: read_regular(name, handle) for name in (GITIGNORE, MILLIGNORE)}
    return tuple(
        rules_of(prefix, content, name == MILLIGNORE) for name, content in found.items() if content is not None
    )


def _entry(path: str, item: os.DirEntry[str], found: Verdict) -> Entry:
    now = time.time_ns()
    try:
        told = item.stat(follow_symlinks=False)
    except OSError:
        return Entry(path, 0, found.reason, wanted=found.wanted)  # gone since it was listed: reading it will say so
    return Entry(path, told.st_size, found.reason, state=state(told, now), wanted=found.wanted)


def state(told: os.stat_result, now: int) -> str:
    """Which file, how long, when it was last written and changed, as git's index keeps it; "" for one not at rest.

    The kernel sets the time of the last change (ctime) whatever is done to a file, and no program can set it back. Two
    changes may get the same time, so a file that changed just now is told apart by its bytes alone
    (https://git-scm.com/docs/racy-git). now: a moment before it was asked for, nanoseconds since the epoch.
    """
    if max(told.st_mtime_ns, told.st_ctime_ns) > now - AT_REST:
        return ""
    return f"{told.st_dev}.{told.st_ino}.{told.st_size}.{told.st_mtime_ns}.{told.st_ctime_ns}"


def read_regular(path: Path | str, folder: int | None = None) -> bytes | None:
    """At most a byte more than the limit, so that growth is seen; None if it is no regular file (any more).

    folder: a handle on the one that it is in.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except OSError:
        return None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        return None
    with open(handle, "rb") as file:  # noqa: PTH123  (a descriptor, opened without following links)
        return file.read(MAX_FILE_BYTES + 1)


class Directory:
    """`/a/folder`, `./a/folder`, `~/a/folder`."""

    name = "directory"

    def matches(self, uri: str) -> bool:
        path = existing(uri)
        return path is not None and path.is_dir() and not is_repository(path)

    @contextmanager
    def open(self, uri: str, home: Path, revision: str | None = None) -> Generator[FolderSnapshot]:
        root = Path(uri).expanduser()
        try:
            with os.scandir(root) as found:
                empty = next(found, None) is None
        except OSError as error:
            raise unreadable(uri, error.strerror or str(error)) from error
        if empty:
            raise unreadable(uri, "an empty folder")
        yield FolderSnapshot(root)


def is_repository(path: Path) -> bool:
    """Whether git keeps this very folder (not one above it)."""
    return (path / ".git").exists() or all((path / part).exists() for part in ("HEAD", "objects", "refs"))


def unreadable(uri: str, found: str) -> UserError:
    """The error for a source that is there in name only."""
    return UserError(
        f"{uri!r} cannot be read",
        allowed="a folder with files in it that this user may read",
        found=found,
        next=f"check it with `ls -la {uri}`, then `mill corpus add NAME URI`",
    )


SOURCE = Directory()
