"""Sources that were made to crash the reader, to keep it waiting or to fill its memory; each ends with a reason."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
import time
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from intake_project import git, write

from modelmill.errors import MillError
from modelmill.extract import git as git_source
from modelmill.extract import ignoring
from modelmill.extract.archive import SOURCE as ARCHIVE
from modelmill.extract.directory import SOURCE as DIRECTORY
from modelmill.extract.git import SOURCE as GIT

GOOD = b"x = 1\n"
MIB = 1024**2


def said_of(kind: bytes, body: bytes) -> bytes:
    """A member that is about the next one."""
    info = tarfile.TarInfo("about")
    info.type, info.size = kind, len(body)
    return info.tobuf() + body + b"\0" * (-len(body) % 512)


def plain(**headers: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as file:
        info = tarfile.TarInfo("ok.py")
        info.size, info.pax_headers = len(GOOD), headers
        file.addfile(info, io.BytesIO(GOOD))
    return out.getvalue()


def folders(count: int) -> bytes:
    info = tarfile.TarInfo("d")
    info.type = tarfile.DIRTYPE
    return info.tobuf() * count + plain()


TARS: dict[str, tuple[Callable[[], bytes], str]] = {
    "a length that no number of the machine holds": (
        lambda: said_of(tarfile.XHDTYPE, b"99999999999999999999 path=x\n") + plain(), "too large"),
    "five thousand headers about headers": (
        lambda: said_of(tarfile.GNUTYPE_LONGNAME, b"a/b.py\0") * 5000 + plain(), "without end"),
    "as many of POSIX": (lambda: said_of(tarfile.XGLTYPE, b"8 k=abc\n") * 5000 + plain(), "without end"),
    "a comment of 60 MB": (lambda: plain(comment="A" * 60 * MIB), "say what one file is called"),
    "a name of 60 MB": (
        lambda: said_of(tarfile.GNUTYPE_LONGNAME, b"a" * 60 * MIB) + plain(), "say what one file is called"),
    "half a million holes": (
        lambda: plain(**{"GNU.sparse.map": ",".join(["0,0"] * 500_000)}), "say what one file is called"),
    "a hundred thousand folders": (lambda: folders(100_000), "files and folders"),
}  # fmt: skip


@pytest.mark.parametrize("name", TARS)
def test_a_tar_that_says_too_much_is_refused_with_a_reason(tmp_path: Path, name: str) -> None:
    make, reason = TARS[name]
    path = tmp_path / "a.tar.gz"
    path.write_bytes(gzip.compress(make(), 1) + os.urandom(2 * MIB))  # what follows: so that the ratio is no reason
    tracemalloc.start()
    try:
        with pytest.raises(MillError) as raised, ARCHIVE.open(str(path), tmp_path):
            pass
        assert tracemalloc.get_traced_memory()[1] < 40 * MIB
    finally:
        tracemalloc.stop()
    assert reason in str(raised.value)


def test_long_names_and_many_folders_are_still_read(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes(folders(3000)[:-1024] + said_of(tarfile.GNUTYPE_LONGNAME, b"d/" * 20 + b"long.py\0") + plain())
    with ARCHIVE.open(str(path), tmp_path) as snapshot:
        assert len(list(snapshot.files())) >= 1


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    write(tmp_path / "repository", {"ok.py": GOOD.decode()})
    for arguments in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "first"]):
        git(tmp_path / "repository", *arguments)
    return tmp_path / "repository"


def read_of(repository: Path) -> dict[str, bytes]:
    with GIT.open(str(repository), repository.parent) as snapshot:
        return dict(snapshot.read([one.path for one in snapshot.files()]))


@pytest.mark.parametrize("part", ["HEAD", "config", "packed-refs", "refs/heads/main", "shallow", "objects/{blob}"])
def test_a_pipe_where_git_would_read_is_refused_at_once(repository: Path, part: str) -> None:
    blob = hashlib.sha1(b"blob %d\0" % len(GOOD) + GOOD).hexdigest()
    place = repository / ".git" / part.format(blob=f"{blob[:2]}/{blob[2:]}")
    place.unlink(missing_ok=True)
    os.mkfifo(place)
    began = time.monotonic()
    with pytest.raises(MillError, match="pipe or a device"):
        read_of(repository)
    assert time.monotonic() - began < 5


def test_a_setting_that_leads_to_a_pipe_is_waited_for_no_longer_than_told(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git_source, "STALLED", 1)
    os.mkfifo(repository.parent / "pipe")
    with (repository / ".git/config").open("a") as file:
        file.write("[include]\n\tpath = ../../pipe\n")
    with pytest.raises(MillError, match="nothing for 1 s"):
        read_of(repository)


@pytest.mark.parametrize("when", ["listing", "reading"])
def test_a_git_that_stops_answering_is_ended(repository: Path, monkeypatch: pytest.MonkeyPatch, when: str) -> None:
    monkeypatch.setattr(git_source, "STALLED", 1)
    with GIT.open(str(repository), repository.parent) as snapshot:
        paths = [one.path for one in snapshot.files()] if when == "reading" else []
        os.mkfifo(repository.parent / "pipe")
        with (repository / ".git/config").open("a") as file:
            file.write("[include]\n\tpath = ../../pipe\n")
        with pytest.raises(MillError, match="git could not read"):
            list(snapshot.read(paths) if paths else snapshot.files())


def test_who_reads_slowly_is_not_ended(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git_source, "STALLED", 0.4)
    write(repository, {"b.py": "y = 2\n"})
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "second")
    with GIT.open(str(repository), repository.parent) as snapshot:
        found: dict[str, bytes] = {}
        for path, content in snapshot.read([one.path for one in snapshot.files()]):
            found[path] = content
            time.sleep(1)
    assert found == {"ok.py": GOOD, "b.py": b"y = 2\n"}


def test_an_object_that_is_not_what_its_name_says_is_refused(repository: Path) -> None:
    blob = hashlib.sha1(b"blob %d\0" % len(GOOD) + GOOD).hexdigest()
    place = repository / ".git/objects" / blob[:2] / blob[2:]
    place.chmod(0o644)
    place.write_bytes(zlib.compress(b"blob 6\0evil()"))
    with pytest.raises(MillError, match="not what its name says"):
        read_of(repository)


def test_a_folder_far_down_is_left_out_with_all_below_it(tmp_path: Path) -> None:
    root = tmp_path / "deep"
    write(root, {"ok.py": GOOD.decode()})
    at = os.open(root, os.O_RDONLY)
    for _ in range(600):  # more than Python had room for; pytest can still remove them
        os.mkdir("a", dir_fd=at)
        below = os.open("a", os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = below
    os.close(at)
    with DIRECTORY.open(str(root), tmp_path) as snapshot:
        found = {one.refused: one.detail for one in snapshot.files()}
    assert found == {"": "", "bad name": "more than 50 folders deep"}


@pytest.mark.parametrize("rules", [b"**/a/**/b*c\n" * 40_000, (b"*a" * 499 + b"\n") * 500], ids=["many", "long"])
def test_an_ignore_file_of_half_a_megabyte_is_refused_before_it_is_understood(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rules: bytes
) -> None:
    monkeypatch.setattr(ignoring, "_compiled", None)
    write(tmp_path / "d", {"ok.py": GOOD.decode(), ".gitignore": rules})
    with DIRECTORY.open(str(tmp_path / "d"), tmp_path) as snapshot, pytest.raises(MillError, match="too much"):
        list(snapshot.files())


def test_comments_and_blank_lines_of_an_ignore_file_are_not_counted(tmp_path: Path) -> None:
    write(
        tmp_path / "d", {"ok.py": GOOD.decode(), "bad.py": "x", ".gitignore": "# a comment\n\n" * 20_000 + "bad.py\n"}
    )
    with DIRECTORY.open(str(tmp_path / "d"), tmp_path) as snapshot:
        assert {one.path: one.refused for one in snapshot.files() if one.path.endswith(".py")} == {
            "ok.py": "",
            "bad.py": "ignored",
        }
