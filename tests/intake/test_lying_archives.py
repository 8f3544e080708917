"""An archive whose parts contradict each other or ask for more than they are costs little and gives nothing false."""

from __future__ import annotations

import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from modelmill.errors import UserError
from modelmill.extract.archive import SOURCE

GOOD = b"x = 1\n"
HOLDS = {"ok.py": GOOD}


def taken(file: Path) -> dict[str, bytes]:
    """Everything the source gives. Raises UserError."""
    with SOURCE.open(str(file), file.parent) as snapshot:
        return dict(snapshot.read([one.path for one in snapshot.files() if not one.refused]))


def zipped(**content: bytes) -> bytearray:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, one in content.items():
            file.writestr(f"{name}.py", one)
    return bytearray(out.getvalue())


def tarred(name: str = "ok.py", content: bytes = GOOD, **said: object) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as file:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        for field, value in said.items():
            setattr(member, field, value)
        file.addfile(member, io.BytesIO(content))
    return out.getvalue()


def header(name: str, kind: bytes, size: int) -> bytes:
    """A tar header that says a size, whatever follows."""
    member = tarfile.TarInfo(name)
    member.type = kind
    block = bytearray(member.tobuf(tarfile.GNU_FORMAT))
    block[124:136] = b"%011o\0" % size if size < 8**11 else b"\x80" + size.to_bytes(11, "big")
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def _other_local_name() -> bytes:
    content = zipped(ok=GOOD)
    at = content.find(b"ok.py")
    content[at : at + 5] = b"../ev"
    return bytes(content)


def _overlapping() -> bytes:
    """A thousand members, all of them the same compressed bytes: 900 MB in 60 KB."""
    body = zlib.compressobj(9, zlib.DEFLATED, -15)
    data, crc = body.compress(b"0" * 900_000) + body.flush(), zlib.crc32(b"0" * 900_000)
    local = struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 8, 0, 0, crc, len(data), 900_000, 5, 0) + b"ok.py" + data
    one = struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, 8, 0, 0, crc, len(data), 900_000, 5, 0, 0, 0, 0, 0, 0)
    central = (one + b"ok.py") * 1000
    return local + central + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 1000, 1000, len(central), len(local), 0)


def _central(at: int, value: bytes) -> Callable[[], bytes]:
    def made() -> bytes:
        content = zipped(ok=GOOD)
        place = content.find(b"PK\1\2") + at
        content[place : place + len(value)] = value
        return bytes(content)

    return made


def _xz_of_4_gib() -> bytes:
    """A dictionary of 4 GiB is asked for; the content is small."""
    content = bytearray(lzma.compress(tarred()))
    start, size = 12, (content[12] + 1) * 4
    place = content.index(b"\x21\x01", start) + 2
    content[place] = 40
    content[start + size - 4 : start + size] = struct.pack("<I", zlib.crc32(content[start : start + size - 4]))
    return bytes(content)


LYING: dict[str, Callable[[], bytes]] = {
    "other-local-name.zip": _other_local_name,
    "overlapping.zip": _overlapping,
    "offset.zip": _central(42, b"\xff\xff\xff\x7f"),
    "zip64-without-its-extra.zip": _central(20, b"\xff" * 8),
    "size-of-a-terabyte.tar": lambda: tarred() + header("b.py", tarfile.REGTYPE, 2**40),
    "size-below-nothing.tar": lambda: header("b.py", tarfile.REGTYPE, 2**88 - 1) + GOOD,
    "size-in-pax.tar": lambda: tarred(pax_headers={"size": "99999999999"}),
    "name-in-pax.tar": lambda: tarred(pax_headers={"path": "../../evil.py"}),
    "link-in-pax.tar": lambda: tarred(pax_headers={"linkpath": "/etc/passwd"}),
    "sparse-in-pax.tar": lambda: tarred(pax_headers={"GNU.sparse.major": "1", "GNU.sparse.realsize": "9" * 12}),
    "long-name.tar": lambda: header("././@LongLink", b"L", 400_000_000) + b"\0" * 1024,
    "long-pax.tar.gz": lambda: gzip.compress(header("p", b"x", 90_000_000) + b"0" * 90_000_000),
    "links-to-itself.tar": lambda: tarred("a.py", b"", type=tarfile.LNKTYPE, linkname="a.py"),
    "many-empty-streams.tar.gz": lambda: gzip.compress(b"") * 20_000,
    "endless-comment.tar.gz": lambda: b"\x1f\x8b\x08\x10\0\0\0\0\0\xff" + b"A" * 2_000_000,
    "memory.tar.xz": _xz_of_4_gib,
    "cut.tar.xz": lambda: lzma.compress(tarred())[:-40],
}


@pytest.mark.parametrize("name", LYING)
def test_a_lying_archive_is_refused_or_gives_only_what_is_there(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_bytes(LYING[name]())
    try:
        found = taken(file)
    except UserError as error:
        found = {}
        assert error.found
    assert found.items() <= HOLDS.items()
    assert [one.name for one in tmp_path.iterdir()] == [name]


HONEST: dict[str, Callable[[], bytes]] = {
    "plain.tar.xz": lambda: lzma.compress(tarred()),
    "large.tar.xz": lambda: lzma.compress(tarred(content=GOOD * 50_000), preset=9),
    "garbage-after.tar.xz": lambda: lzma.compress(tarred()) + b"garbage",
    "garbage-after.tar.gz": lambda: gzip.compress(tarred()) + b"garbage",
    "two-streams.tar.xz": lambda: lzma.compress(tarred()[:512]) + b"\0" * 8 + lzma.compress(tarred()[512:]) + b"\0" * 4,
    "many-streams.tar.xz": lambda: b"".join(lzma.compress(tarred()[at : at + 8]) for at in range(0, 10240, 8)),
    "made-of-a-point.tar": lambda: tarred("./ok.py"),
    "two-streams.tar.gz": lambda: gzip.compress(tarred()[:512]) + gzip.compress(tarred()[512:]),
    "program-before.zip": lambda: b"#!/bin/sh\n" + bytes(zipped(ok=GOOD)),
    "words-after.zip": lambda: bytes(zipped(ok=GOOD)) + b"words",
    "tar-called.zip": tarred,
}


@pytest.mark.parametrize("name", HONEST)
def test_an_unusual_archive_that_is_whole_is_read(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(HONEST[name]())
    assert set(taken(tmp_path / name)) == {"ok.py"}
    assert taken(tmp_path / name)["ok.py"].startswith(GOOD)


def _damaged_in_the_middle() -> bytes:
    return tarred()[:1024] + b"damaged" * 100 + tarred("b.py")


def _half_a_header() -> bytes:
    return tarred()[:1024] + tarred("b.py")[:300]


HALVES: dict[str, tuple[Callable[[], bytes], str]] = {
    "damaged.tar": (_damaged_in_the_middle, "no file: "),
    "damaged.tar.gz": (lambda: gzip.compress(_damaged_in_the_middle()), "no file: "),
    "renamed.zip": (lambda: b'{"name": "no archive"}', "neither a zip nor a tar archive"),
    "renamed.tar.gz": (lambda: gzip.compress(b"plain words"), "neither a zip nor a tar archive"),
    "cut.zip": (lambda: b"PK\x03\x04" + bytes(200), "a zip archive that is cut off"),
    "cut.tar": (_half_a_header, "no file: truncated header"),
    "other-size.tar": (lambda: tarred(pax_headers={"size": "many"}), "no file: "),
    "checksum.tar.gz": (lambda: gzip.compress(tarred())[:-8] + b"\0" * 8, "CRC check failed"),
    "without-one.tar.gz": (lambda: gzip.compress(tarred())[:-8], "ended before the end"),
    "second-cut.tar.xz": (lambda: lzma.compress(tarred()[:1024]) + lzma.compress(tarred()[1024:])[:-9], "is cut off"),
}


@pytest.mark.parametrize("name", HALVES)
def test_half_an_archive_is_not_taken_for_all_of_it(tmp_path: Path, name: str) -> None:
    make, reason = HALVES[name]
    (tmp_path / name).write_bytes(make())
    with pytest.raises(UserError, match=reason):
        taken(tmp_path / name)
