"""Archives: good ones read like folders, bad members left out, bombs and broken files refused."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import pytest
from intake_project import README, SHAPES
from sqlalchemy import Engine

from modelmill.errors import UserError
from modelmill.extract.stage import extract
from modelmill.settings import Settings
from modelmill.store import corpora, documents

GOOD = {"shapes-1.0/shapes/plane.py": SHAPES, "shapes-1.0/README.md": README}


def make_zip(path: Path, files: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in files.items():
            file.writestr(name, content)
    return path


def make_tar(path: Path, mode: str, files: dict[str, str], extra: list[tarfile.TarInfo] | None = None) -> Path:
    with tarfile.open(path, mode) as file:  # type: ignore[call-overload]
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content.encode())
            file.addfile(info, io.BytesIO(content.encode()))
        for info in extra or []:
            file.addfile(info)
    return path


def read(settings: Settings, db: Engine, path: Path) -> tuple[list[str], dict[str, str]]:
    """Documents, and what was left out with its reason."""
    corpus = corpora.add(settings, db, "a", str(path))
    assert corpus.kind == "archive"
    extract(settings, db, corpus)
    reasons = {one.path: one.reason for one in documents.all_dropped(db, corpus.id)}
    return sorted(documents.all_documents(db, corpus.id)), reasons


@pytest.mark.parametrize(("suffix", "mode"), [("tar", "w"), ("tar.gz", "w:gz"), ("tgz", "w:gz"), ("tar.xz", "w:xz")])
def test_a_tar_is_read_without_the_folder_around_it(
    settings: Settings, db: Engine, tmp_path: Path, suffix: str, mode: str
) -> None:
    path = make_tar(tmp_path / f"a.{suffix}", mode, GOOD)
    assert read(settings, db, path) == (["README.md", "shapes/plane.py"], {})


def test_a_zip_is_read_like_it(settings: Settings, db: Engine, tmp_path: Path) -> None:
    assert read(settings, db, make_zip(tmp_path / "a.zip", GOOD)) == (["README.md", "shapes/plane.py"], {})


def test_members_with_dishonest_names_are_left_out(settings: Settings, db: Engine, tmp_path: Path) -> None:
    bad = ["/abs.py", "../up.py", "a/../b.py", "c:\\win.py", "C:/win.py", "a//b.py", "bell\x07.py"]
    files = {"ok.py": "x = 1\n", "OK.py": "x = 2\n"} | dict.fromkeys(bad, "x = 1\n")
    found, reasons = read(settings, db, make_tar(tmp_path / "a.tar", "w", files))
    assert found == ["ok.py"]
    assert sorted(reasons.values()) == ["bad name"] * len(bad) + ["duplicate name"]


def test_backslashes_of_windows_part_folders(settings: Settings, db: Engine, tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    names = [
        "top\\a\\b.py",
        "top\\a\\",
        "top\\c.py",
        "top\\..\\up.py",
        "\\abs.py",
        "C:\\win.py",
        "top/d\\e.py",
        "top\\A\\b.py",
    ]
    with zipfile.ZipFile(path, "w") as file:
        for system, name in [*((0, name) for name in names), (3, "top\\of_unix.py")]:
            info = zipfile.ZipInfo()
            info.filename, info.create_system = name, system
            file.writestr(info, "" if name.endswith("\\") else "x = 1\n")
    found, reasons = read(settings, db, path)
    assert found == ["a/b.py", "c.py"]
    assert sorted(reasons.values()) == ["bad name"] * 5 + ["duplicate name"]


def test_links_and_devices_in_an_archive_are_left_out(settings: Settings, db: Engine, tmp_path: Path) -> None:
    kinds = {
        "soft.py": tarfile.SYMTYPE,
        "hard.py": tarfile.LNKTYPE,
        "pipe.py": tarfile.FIFOTYPE,
        "dev.py": tarfile.CHRTYPE,
    }
    extra = []
    for name, kind in kinds.items():
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, "/etc/passwd"
        extra.append(info)
    found, reasons = read(settings, db, make_tar(tmp_path / "a.tar.gz", "w:gz", {"ok.py": "x = 1\n"}, extra))
    assert found == ["ok.py"]
    assert reasons == {"soft.py": "link", "hard.py": "link", "pipe.py": "not a file", "dev.py": "not a file"}


def test_a_link_in_a_zip_is_left_out(settings: Settings, db: Engine, tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"ok.py": "x = 1\n"})
    with zipfile.ZipFile(path, "a") as file:
        info = zipfile.ZipInfo("link.py")
        info.external_attr = 0o120777 << 16
        file.writestr(info, "/etc/passwd")
    assert read(settings, db, path)[1] == {"link.py": "link"}


def test_a_bomb_is_refused(settings: Settings, db: Engine, tmp_path: Path) -> None:
    path = make_tar(tmp_path / "bomb.tar.xz", "w:xz", {"a.py": "x = 1\n", "zeros.bin": "0" * 60_000_000})
    with pytest.raises(UserError) as caught:
        read(settings, db, path)
    assert "100 times its size" in caught.value.found
    assert corpora.all_corpora(db, "default") == []


def test_too_many_members_are_refused(
    settings: Settings, db: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modelmill.extract.archive.MAX_ENTRIES", 10)
    with pytest.raises(UserError) as caught:
        read(settings, db, make_zip(tmp_path / "a.zip", {f"{n}.py": "x = 1\n" for n in range(11)}))
    assert "more than 10 files" in caught.value.found


def test_a_broken_archive_is_refused(settings: Settings, db: Engine, tmp_path: Path) -> None:
    for name in ("a.zip", "a.tar", "a.tar.gz"):
        (tmp_path / name).write_bytes(b"PK\x03\x04" + b"nonsense" * 100)
        with pytest.raises(UserError, match="the archive"):
            corpora.add(settings, db, "a", str(tmp_path / name))


def test_a_cut_archive_is_refused(settings: Settings, db: Engine, tmp_path: Path) -> None:
    path = make_tar(tmp_path / "a.tar.gz", "w:gz", GOOD)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(UserError, match="the archive"):
        read(settings, db, path)
