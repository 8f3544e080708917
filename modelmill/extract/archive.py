"""An archive (.zip, .tar, .tar.gz, .tar.bz2, .tar.xz): members are read in memory, nothing is ever unpacked to disk.

Only regular files with honest names; budgets on what comes out, because 200 MiB of zeros zip to 199 KiB. The one folder
around everything, where there is one, is left off the paths. An archive in an archive is not opened.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import stat
import tarfile
import unicodedata
import zipfile
import zlib
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, Protocol, Self

from modelmill.errors import UserError
from modelmill.extract.folders import Folders, rules_in
from modelmill.extract.source import MAX_FILE_BYTES, Entry, existing
from modelmill.records import sha256_file

MAX_ENTRIES = 20_000
MAX_MEMBERS = 60_000  # folders too: the headers of a million of them take minutes, and give nothing
MAX_HEADER = 1024**2  # bytes of what a tar says about one member; names, dates and owners take a few hundred
MAX_TOTAL_BYTES = 500 * 1024**2
MAX_RATIO, RATIO_FROM_BYTES = 100, 1024**2
XZ = b"\xfd7zXZ\0"
XZ_MEMORY, XZ_BLOCK = 256 * 1024**2, 65_536  # bytes; `xz -9` needs 65 MiB
MAX_NAME, MAX_FOLDERS = 500, 50
# Members of a tar that are about the one behind them: long names, and the headers of POSIX.
ABOUT = (
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
)
WINDOWS = (0, 10, 11)  # who made a member of a zip: FAT, NTFS, and NTFS as Info-ZIP numbers it
SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
BROKEN = (
    zipfile.BadZipFile,
    tarfile.TarError,
    EOFError,
    OSError,
    zlib.error,
    lzma.LZMAError,
    NotImplementedError,
    ValueError,
    OverflowError,
    RecursionError,  # the library reads a header that is about the next one by calling itself
    MemoryError,
)


class Members(Protocol):
    """What is in an archive, as it says itself."""

    def listed(self) -> Iterator[Entry]:
        """Every member that is no folder, under its own name."""
        ...

    def contents(self, names: set[str]) -> Iterator[tuple[str, bytes]]:
        """The bytes of these members, at most one more than a document may have."""
        ...


class Budget:
    """Counts the bytes that come out of an archive of `packed` bytes. Raises ValueError when it is too much."""

    def __init__(self, packed: int) -> None:
        self.packed, self.out = packed, 0

    def spend(self, count: int) -> None:
        self.out += count
        if self.out > MAX_TOTAL_BYTES:
            raise ValueError(f"more than {MAX_TOTAL_BYTES} bytes come out of it")
        if self.out > RATIO_FROM_BYTES and self.out > MAX_RATIO * self.packed:
            raise ValueError(f"more than {MAX_RATIO} times its size comes out of it")


class ZipMembers:
    """Stored and deflated members of a zip file."""

    def __init__(self, path: Path, budget: Budget) -> None:
        self.path, self.budget = path, budget

    def listed(self) -> Iterator[Entry]:
        with zipfile.ZipFile(self.path) as file:
            for info in file.infolist():
                if not (name := _name(info)).endswith("/"):
                    yield Entry(name, info.file_size, self._refused(info))

    def contents(self, names: set[str]) -> Iterator[tuple[str, bytes]]:
        with zipfile.ZipFile(self.path) as file:
            for info in file.infolist():
                if (name := _name(info)) in names and not self._refused(info):
                    with file.open(info) as member:
                        content = member.read(MAX_FILE_BYTES + 1)
                    self.budget.spend(len(content))
                    yield name, content

    def _refused(self, info: zipfile.ZipInfo) -> str:
        mode = info.external_attr >> 16
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
            return "link" if stat.S_ISLNK(mode) else "not a file"
        if info.flag_bits & 0x1:
            return "encrypted"
        return "" if info.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) else "unknown compression"


def _name(info: zipfile.ZipInfo) -> str:
    """Tools of Windows part folders by a backslash; it is taken for that where Info-ZIP's unzip and libarchive do."""
    parted = info.create_system in WINDOWS and "/" not in info.filename
    return info.filename.replace("\\", "/") if parted else info.filename


class Counted:
    """A stream whose bytes are counted against a budget as they come out."""

    def __init__(self, stream: Any, budget: Budget) -> None:
        self.stream, self.budget = stream, budget

    def read(self, size: int = -1) -> bytes:
        content: bytes = self.stream.read(size)
        self.budget.spend(len(content))
        return content


class Xz(io.RawIOBase):
    """An .xz file as a stream. The library's own reader takes as much memory as the file asks for, up to 4 GiB."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._file = path.open("rb")
        self._decompressor = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=XZ_MEMORY)

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes; fewer only at the end."""
        found: list[bytes] = []
        left = size
        while left and (not self._decompressor.eof or self._next()):
            packed = self._file.read(XZ_BLOCK) if self._decompressor.needs_input else b""
            if not packed and self._decompressor.needs_input:
                raise EOFError("the archive is cut off")
            found.append(self._decompressor.decompress(packed, left))
            left -= len(found[-1]) if size >= 0 else 0
        return b"".join(found)

    def _next(self) -> bool:
        """Whether another stream follows, with nothing but zeros before it: `cat a.xz b.xz`."""
        behind = self._decompressor.unused_data.lstrip(b"\0")
        while len(behind) < len(XZ) and (more := self._file.read(XZ_BLOCK)):
            behind = (behind + more).lstrip(b"\0")
        self._file.seek(-len(behind), io.SEEK_CUR)
        if not behind.startswith(XZ):
            return False
        self._decompressor = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=XZ_MEMORY)
        return True

    def close(self) -> None:
        """Close the file too."""
        self._file.close()
        super().close()


class NoFileError(ValueError):
    """What stands where a file of a tar archive should begin is none."""


class Header(tarfile.TarInfo):
    """What a tar says of a member. The library reads whatever is said about it into memory, however much it is."""

    def _proc_member(self, tarfile: tarfile.TarFile) -> tarfile.TarInfo:
        if self.type in ABOUT and not 0 <= self.size <= MAX_HEADER:
            raise ValueError(f"{self.size} bytes in it say what one file is called")
        return super()._proc_member(tarfile)  # type: ignore[misc,no-any-return]

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """Read one. What is none ends an archive for the library as its end does: half of it would be taken for all."""
        try:
            return super().frombuf(buf, encoding, errors)
        except (tarfile.InvalidHeaderError, tarfile.TruncatedHeaderError) as error:  # type: ignore[attr-defined]
            raise NoFileError(f"a part of it that is no file: {error}") from error


class TarMembers:
    """Plain members of a tar file, read once through for each question."""

    def __init__(self, path: Path, budget: Budget) -> None:
        self.path, self.budget = path, budget

    def listed(self) -> Iterator[Entry]:
        for member, _ in self._members():
            kinds = {tarfile.SYMTYPE: "link", tarfile.LNKTYPE: "link"}
            plain = member.type in (tarfile.REGTYPE, tarfile.AREGTYPE)
            if not member.isdir():
                yield Entry(_from_here(member), member.size, "" if plain else kinds.get(member.type, "not a file"))

    def contents(self, names: set[str]) -> Iterator[tuple[str, bytes]]:
        for member, file in self._members():
            if (name := _from_here(member)) in names and member.type in (tarfile.REGTYPE, tarfile.AREGTYPE):
                content = file.extractfile(member)
                if content is not None:
                    yield name, content.read(MAX_FILE_BYTES + 1)

    def _members(self) -> Iterator[tuple[tarfile.TarInfo, tarfile.TarFile]]:
        budget = Budget(self.budget.packed)
        with self._unpacked() as stream:
            counted: Any = Counted(stream, budget)
            with self._opened(counted) as file:
                for number, member in enumerate(file, 1):
                    if number > MAX_MEMBERS:
                        raise ValueError(f"more than {MAX_MEMBERS} files and folders")
                    if not 0 <= member.size <= MAX_TOTAL_BYTES:  # the library would read on as far as it says
                        raise ValueError(f"a file of {member.size} bytes in it")
                    yield member, file
            _read_out(counted)

    def _opened(self, stream: Any) -> tarfile.TarFile:
        """Its first file is looked for here: where there is none, it is no archive, or a zip without its end."""
        try:
            return tarfile.open(fileobj=stream, mode="r|", tarinfo=Header)
        except NoFileError as error:
            with self.path.open("rb") as file:
                cut_off = file.read(4) == b"PK\x03\x04"
            raise ValueError(
                "a zip archive that is cut off" if cut_off else "neither a zip nor a tar archive"
            ) from error

    def _unpacked(self) -> IO[bytes]:
        with self.path.open("rb") as file:
            magic = file.read(6)
        if magic.startswith(b"\x1f\x8b"):
            return gzip.open(self.path)  # type: ignore[return-value]
        if magic.startswith(b"BZh"):
            return bz2.open(self.path)  # type: ignore[return-value]
        return Xz(self.path) if magic == XZ else self.path.open("rb")  # type: ignore[return-value]


def _from_here(member: tarfile.TarInfo) -> str:
    """`./a.py` is `a.py`: so it is called by `tar -c .`."""
    return member.name.removeprefix("./")


def _read_out(stream: Counted) -> None:
    """To the end, where what came out is compared with its checksum. Words behind a .gz are no part of it."""
    try:
        while stream.read(XZ_BLOCK):
            pass
    except gzip.BadGzipFile as error:
        if not str(error).startswith("Not a gzipped file"):
            raise


class ArchiveSnapshot:
    """An archive; its revision is its own sha256."""

    def __init__(self, members: Members, revision: str, uri: str) -> None:
        self.members, self.revision, self.uri = members, revision, uri
        self._around: str | None = None
        self._files: list[Entry] = []

    def files(self) -> Iterator[Entry]:
        if self._around is None:
            entries = list(self._listed())
            around = self._around = _folder_around(entries)
            self._files = self._judged([replace(one, path=one.path.removeprefix(around)) for one in entries])
        yield from self._files

    def _judged(self, entries: list[Entry]) -> list[Entry]:
        """The files, with what their folders and the ignore files among them say."""
        good = [one.path for one in entries if not one.refused]
        folders = Folders(good, rules_in(good, self.read))
        found = {path: folders.of(path) for path in good}
        return [
            replace(one, refused=told.reason, detail=told.detail, wanted=told.wanted)
            if not one.refused and (told := found[one.path])
            else one
            for one in entries
        ]

    def read(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        if self._around is None:
            list(self.files())
        around = self._around or ""
        given: set[str] = set()
        try:
            for name, content in self.members.contents({around + path for path in paths}):
                if name not in given:
                    given.add(name)
                    yield name.removeprefix(around), content
        except BROKEN as error:
            raise refused(self.uri, _said(error)) from error

    def _listed(self) -> Iterator[Entry]:
        seen: set[str] = set()
        try:
            for number, entry in enumerate(self.members.listed(), 1):
                if number > MAX_ENTRIES:
                    raise ValueError(f"more than {MAX_ENTRIES} files")
                folded = unicodedata.normalize("NFKC", entry.path).casefold()
                reason = entry.refused or bad_name(entry.path) or ("duplicate name" if folded in seen else "")
                seen.add(folded)
                yield replace(entry, refused=reason) if reason != "bad name" else _unnamed(entry, number)
        except BROKEN as error:
            raise refused(self.uri, _said(error)) from error


def _said(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "headers in it that are about headers, without end"
    return str(error) or type(error).__name__


def bad_name(name: str) -> str:
    """ "bad name" for one that leads elsewhere or cannot be shown; empty for an honest one."""
    parts = name.split("/")
    bad = (
        not name.isprintable()
        or name.startswith("/")
        or "\\" in name
        or re.match(r"[A-Za-z]:", name) is not None
        or len(name) > MAX_NAME
        or len(parts) > MAX_FOLDERS
        or any(part in ("", ".", "..") for part in parts)
    )
    return "bad name" if bad else ""


def _unnamed(entry: Entry, number: int) -> Entry:
    """A name that is not fit to be stored stands as its number."""
    return Entry(f"(member {number})", entry.size, "bad name", ascii(entry.path)[:200])


def _folder_around(entries: list[Entry]) -> str:
    """The one folder everything good lies in, with its `/`; "" if there is none."""
    tops = {entry.path.partition("/") for entry in entries if not entry.refused}
    names = {top[0] for top in tops}
    return f"{names.pop()}/" if len(names) == 1 and all(top[1] for top in tops) else ""


class Archive:
    """`/a/file.zip`, `/a/file.tar.gz`: told by the name, opened by the content."""

    name = "archive"

    def matches(self, uri: str) -> bool:
        path = existing(uri) if uri.lower().endswith(SUFFIXES) else None
        return path is not None and path.is_file()

    @contextmanager
    def open(self, uri: str, home: Path, revision: str | None = None) -> Generator[ArchiveSnapshot]:
        path = Path(uri).expanduser()
        try:
            sha256 = sha256_file(path)
            size, is_zip = path.stat().st_size, zipfile.is_zipfile(path)
        except OSError as error:
            raise refused(uri, error.strerror or str(error)) from error
        members: Members = (ZipMembers if is_zip else TarMembers)(path, Budget(size))
        snapshot = ArchiveSnapshot(members, f"archive-{sha256[:16]}", uri)
        if next(snapshot.files(), None) is None:
            raise refused(uri, "no file in it")
        yield snapshot


def refused(uri: str, found: str) -> UserError:
    """The error for an archive that is not read."""
    return UserError(
        f"the archive {uri!r} cannot be read",
        allowed=f"a whole {', '.join(SUFFIXES)}, at most {MAX_ENTRIES} files, {MAX_TOTAL_BYTES // 1024**2} MiB in all",
        found=found,
        next="unpack it yourself and `mill corpus add NAME FOLDER`",
    )


SOURCE = Archive()
