"""Bad archives, repositories and folders, made here: each is refused or survived, and nothing is written outside."""

from __future__ import annotations

import contextlib
import io
import os
import socket
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from intake_project import git, write

from modelmill.errors import MillError
from modelmill.extract import selection
from modelmill.extract.archive import SOURCE as ARCHIVE
from modelmill.extract.directory import SOURCE as DIRECTORY
from modelmill.extract.git import SOURCE as GIT
from modelmill.extract.git import address_of
from modelmill.extract.source import Snapshot, Source, detect
from modelmill.licences import recognition
from modelmill.normalize.language import all_languages
from modelmill.normalize.privacy import clean, find

GOOD = b"x = 1\n"


def documents(snapshot: Snapshot) -> dict[str, bytes]:
    """What would become documents."""
    chosen = [entry.path for entry in snapshot.files() if selection.by_name(entry) is None]
    return {path: content for path, content in snapshot.read(chosen) if selection.by_content(path, content) is None}


def taken(source: Source, uri: str, home: Path) -> dict[str, bytes] | None:
    """The documents; None when the source was refused with an error that is meant for a person."""
    try:
        with source.open(uri, home) as snapshot:
            return documents(snapshot)
    except MillError:
        return None


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Path]:
    """A folder to work in; what lies around it must be the same afterwards."""
    inner = tmp_path / "around" / "inner"
    inner.mkdir(parents=True)
    before = sorted(tmp_path.rglob("*")), sorted(Path.cwd().iterdir())
    yield inner
    after = [path for path in sorted(tmp_path.rglob("*")) if inner not in path.parents]
    assert (after, sorted(Path.cwd().iterdir())) == before


BAD_NAMES = [
    "/abs.py", "//abs.py", "../up.py", "../../up.py", "a/../../up.py", "a/../b.py", "././a.py", "a/./b.py", "a//b.py",
    "c:\\win.py", "C:/win.py", "c:win.py", "..\\up.py", "a\\b.py", "\\\\host\\share.py", "bell\x07.py", "line\nfeed.py",
    "esc\x1b[2J.py", "del\x7f.py", "a/" * 60 + "deep.py", "n" * 600 + ".py", "\u202egnp.py",
    "zero\u200bwidth.py", "\ufeffbom.py",
]  # fmt: skip
TAR_TYPES = {
    "symbolic": tarfile.SYMTYPE, "hard": tarfile.LNKTYPE, "character": tarfile.CHRTYPE, "block": tarfile.BLKTYPE,
    "pipe": tarfile.FIFOTYPE, "contiguous": tarfile.CONTTYPE, "sparse": tarfile.GNUTYPE_SPARSE, "unknown": b"Z",
}  # fmt: skip
ZIP_MODES = {
    "link": stat.S_IFLNK, "character": stat.S_IFCHR, "block": stat.S_IFBLK, "pipe": stat.S_IFIFO,
    "socket": stat.S_IFSOCK,
}  # fmt: skip
SAME_NAMES = [("a.py", "A.PY"), ("ﬁ.py", "fi.py"), ("é.py", "e\u0301.py"), ("K.py", "\u212a.py"), ("ß.py", "SS.py")]


def tar_of(path: Path, members: list[tuple[str, bytes, bytes]], mode: str = "w") -> Path:
    """Members as name, type and content."""
    with tarfile.open(path, mode) as file:  # type: ignore[call-overload]
        for name, kind, content in members:
            info = tarfile.TarInfo(name)
            info.type, info.size, info.linkname = kind, len(content), "/etc/passwd"
            file.addfile(info, io.BytesIO(content))
    return path


def zip_of(path: Path, members: list[tuple[str, bytes]], mode: int = 0) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members:
            info = zipfile.ZipInfo(name)
            info.filename = name  # as it stands, also where ZipInfo would mend it
            info.external_attr = mode << 16
            file.writestr(info, content, zipfile.ZIP_DEFLATED)
    return path


@pytest.mark.parametrize("name", BAD_NAMES, ids=ascii)
@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_a_tar_member_with_a_dishonest_name_is_left_out(outside: Path, name: str, mode: str) -> None:
    members = [("ok.py", tarfile.REGTYPE, GOOD), (name, tarfile.REGTYPE, b"bad = 1\n")]
    path = tar_of(outside / ("a.tar" + mode[1:].replace(":", ".")), members, mode)
    assert taken(ARCHIVE, str(path), outside) == {"ok.py": GOOD}


@pytest.mark.parametrize("name", BAD_NAMES, ids=ascii)
def test_a_zip_member_with_a_dishonest_name_is_left_out(outside: Path, name: str) -> None:
    path = zip_of(outside / "a.zip", [("ok.py", GOOD), (name, b"bad = 1\n")])
    assert taken(ARCHIVE, str(path), outside) == {"ok.py": GOOD}


@pytest.mark.parametrize("kind", TAR_TYPES)
@pytest.mark.parametrize("name", ["bad.py", "ok.py"])
def test_what_is_no_plain_file_in_a_tar_is_left_out(outside: Path, kind: str, name: str) -> None:
    path = tar_of(outside / "a.tar", [("ok.py", tarfile.REGTYPE, GOOD), (name, TAR_TYPES[kind], b"")])
    assert taken(ARCHIVE, str(path), outside) in ({"ok.py": GOOD}, None)


@pytest.mark.parametrize("kind", ZIP_MODES)
def test_what_is_no_plain_file_in_a_zip_is_left_out(outside: Path, kind: str) -> None:
    path = zip_of(outside / "a.zip", [("bad.py", b"/etc/passwd")], ZIP_MODES[kind])
    assert taken(ARCHIVE, str(path), outside) == {}


@pytest.mark.parametrize(("one", "other"), SAME_NAMES, ids=ascii)
@pytest.mark.parametrize("form", ["tar", "zip"])
def test_of_names_that_fold_into_one_the_first_is_taken(outside: Path, one: str, other: str, form: str) -> None:
    if form == "tar":
        path = tar_of(outside / "a.tar", [(name, tarfile.REGTYPE, GOOD) for name in (one, other)])
    else:
        path = zip_of(outside / "a.zip", [(one, GOOD), (other, GOOD)])
    assert taken(ARCHIVE, str(path), outside) == {one: GOOD}


def nested() -> bytes:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as file:
        file.writestr("../../inner.py", GOOD)
    return inner.getvalue()


@pytest.mark.parametrize("name", ["inner.zip", "inner.tar.gz", "inner.py", "inner.md"])
def test_an_archive_in_an_archive_is_not_opened(outside: Path, name: str) -> None:
    path = zip_of(outside / "a.zip", [("ok.py", GOOD), (name, nested())])
    assert taken(ARCHIVE, str(path), outside) == {"ok.py": GOOD}


@pytest.mark.parametrize("suffix", ["zip", "tar.gz", "tar.xz", "tar.bz2"])
def test_a_bomb_is_refused(outside: Path, suffix: str) -> None:
    zeros = b"0" * 3_000_000
    if suffix == "zip":
        path = zip_of(outside / "a.zip", [(f"{n}.py", zeros[:999_999]) for n in range(4)])
    else:
        path = tar_of(outside / f"a.{suffix}", [("z.py", tarfile.REGTYPE, zeros)], f"w:{suffix[4:]}")
    assert taken(ARCHIVE, str(path), outside) is None


@pytest.mark.parametrize("suffix", ["zip", "tar", "tar.gz", "tar.xz"])
@pytest.mark.parametrize("keep", [0, 1, 10, 100, 300])
def test_a_cut_archive_is_refused_or_gives_only_whole_files(outside: Path, suffix: str, keep: int) -> None:
    if suffix == "zip":
        path = zip_of(outside / "a.zip", [("ok.py", GOOD * 50)])
    else:
        path = tar_of(outside / f"a.{suffix}", [("ok.py", tarfile.REGTYPE, GOOD * 50)], f"w:{suffix[4:]}")
    path.write_bytes(path.read_bytes()[:keep])
    assert taken(ARCHIVE, str(path), outside) in (None, {}, {"ok.py": GOOD * 50})


@pytest.mark.parametrize("damage", ["content", "size", "encrypted", "compression"])
def test_a_zip_that_lies_about_a_member_is_refused_or_the_member_left_out(outside: Path, damage: str) -> None:
    path = zip_of(outside / "a.zip", [("ok.py", GOOD * 50)])
    content = bytearray(path.read_bytes())
    at = content.index(b"PK\x01\x02")
    places = {"content": (45, 0xFF), "size": (at + 24, 0x7F), "encrypted": (at + 8, 1), "compression": (at + 10, 99)}
    where, value = places[damage]
    content[where] = value
    path.write_bytes(content)
    assert taken(ARCHIVE, str(path), outside) in (None, {}, {"ok.py": GOOD * 50})


@pytest.fixture
def repository(outside: Path) -> Path:
    """A repository with one good file."""
    root = write(outside / "r", {"ok.py": GOOD})
    git(root, "init", "--quiet")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "-m", "one")
    return root


RUNS = {
    "core.fsmonitor": "{}", "core.sshCommand": "{}", "core.pager": "{}", "core.editor": "{}", "core.gitProxy": "{}",
    "core.hooksPath": "{}", "core.alternateRefsCommand": "{}", "credential.helper": "!{}", "diff.external": "{}",
    "filter.f.smudge": "{}", "filter.f.clean": "{}", "filter.f.process": "{}", "diff.f.textconv": "{}",
    "uploadpack.packObjectsHook": "{}", "gpg.program": "{}", "alias.cat-file": "!{}", "alias.ls-tree": "!{}",
    "include.path": "{}", "core.worktree": "/etc", "core.attributesFile": "{}",
}  # fmt: skip


@pytest.mark.parametrize("key", RUNS)
def test_nothing_a_repository_configures_is_run(repository: Path, key: str) -> None:
    ran = repository / "ran"
    script = repository / "script"
    script.write_text(f"#!/bin/sh\ntouch {ran}\n")
    script.chmod(0o755)
    write(repository, {".gitattributes": "* filter=f diff=f\n"})
    git(repository, "add", ".gitattributes")
    git(repository, "commit", "--quiet", "-m", "two")
    git(repository, "config", key, RUNS[key].format(script))
    found = taken(GIT, str(repository), repository)
    assert found is None or found["ok.py"] == GOOD
    assert not ran.exists()


@pytest.mark.parametrize(
    "hook", ["post-checkout", "post-index-change", "reference-transaction", "pre-auto-gc", "fsmonitor-watchman"]
)
def test_no_hook_of_a_repository_is_run(repository: Path, hook: str) -> None:
    ran = repository / "ran"
    script = repository / ".git" / "hooks" / hook
    script.parent.mkdir(exist_ok=True)
    script.write_text(f"#!/bin/sh\ntouch {ran}\n")
    script.chmod(0o755)
    assert taken(GIT, str(repository), repository) == {"ok.py": GOOD}
    assert not ran.exists()


def _link(root: Path) -> None:
    (root / "link.py").symlink_to("/etc/passwd")


def _submodule(root: Path) -> None:
    head = git(root, "rev-parse", "HEAD")
    git(root, "update-index", "--add", "--cacheinfo", f"160000,{head},sub")
    write(root, {".gitmodules": '[submodule "sub"]\n\tpath = sub\n\turl = -u./payload\n'})


def _lfs(root: Path) -> None:
    write(root, {"big.md": "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
                 ".gitattributes": "*.md filter=lfs\n"})  # fmt: skip


def _dashes(root: Path) -> None:
    write(root, {"-rf.py": "y = 1\n", "--help.py": "y = 1\n", "-/a.py": "y = 1\n"})


def _replaced(root: Path) -> None:
    blob, other = (git(root, "hash-object", "-w", str(write(root, {"x": text}) / "x")) for text in ("x = 1\n", "bad\n"))
    git(root, "update-ref", f"refs/replace/{blob}", other)
    (root / "x").unlink()


@pytest.mark.parametrize("make", [_link, _submodule, _lfs, _dashes, _replaced])
def test_odd_things_in_a_commit_are_survived(repository: Path, make: Callable[[Path], None]) -> None:
    make(repository)
    git(repository, "add", "-A", ":!sub")
    git(repository, "commit", "--quiet", "--allow-empty", "-m", "two")
    found = taken(GIT, str(repository), repository)
    assert found is not None and found["ok.py"] == GOOD
    assert "link.py" not in found and not any(b"root:" in content for content in found.values())


@pytest.mark.parametrize("kind", ["blob", "tree", "commit"])
@pytest.mark.parametrize("damage", [b"", b"garbage"])
def test_a_repository_with_a_bad_object_is_refused(repository: Path, kind: str, damage: bytes) -> None:
    name = git(repository, "rev-parse", {"blob": "HEAD:ok.py", "tree": "HEAD^{tree}", "commit": "HEAD"}[kind])
    loose = repository / ".git" / "objects" / name[:2] / name[2:]
    loose.chmod(0o644)
    loose.write_bytes(damage) if damage else loose.unlink()
    assert taken(GIT, str(repository), repository) is None


BAD_REFS = [
    "-x",
    "--upload-pack=touch x",
    "a..b",
    "a b",
    "a\nb",
    "HEAD:ok.py",
    "@{-1}",
    "$(id)",
    "`id`",
    "no-such",
]
BAD_URLS = [
    "https://10.0.0.1:99999/a",
    "https://example.com:port/a",
    "https://[::1/a",
    "https://user:word@example.com/a.git", "https://127.0.0.1/a.git", "https://[::1]/a.git", "https://localhost/a.git",
    "https://169.254.169.254/latest", "https://10.0.0.1/a.git", "https://192.168.1.1/a", "https://0.0.0.0/a",
    "https://[::ffff:127.0.0.1]/a", "https://2130706433/a.git", "https://-oProxyCommand=x/a", "https:///a",
]  # fmt: skip
OTHER_TRANSPORTS = [
    "ext::sh -c id",
    "http://example.com/a",
    "git://example.com/a",
    "ssh://example.com/a",
    "fd::17",
    "-a",
]


@pytest.mark.parametrize("ref", BAD_REFS)
def test_a_ref_that_is_none_is_refused(repository: Path, ref: str) -> None:
    assert taken(GIT, f"{repository}#{ref}", repository) is None


@pytest.mark.parametrize("url", BAD_URLS)
def test_an_address_that_is_not_public_is_refused_before_anything_is_fetched(outside: Path, url: str) -> None:
    assert taken(GIT, url, outside / "home") is None
    assert list(outside.iterdir()) in ([], [outside / "home"])


@pytest.mark.parametrize("uri", OTHER_TRANSPORTS)
def test_other_transports_are_understood_by_no_source(uri: str) -> None:
    with pytest.raises(MillError):
        detect(uri)


def test_git_is_called_with_everything_off_but_https(outside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = outside / "bin" / "git"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {outside}/argv\nenv > {outside}/env\nexit 1\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    monkeypatch.setenv("SECRET_OF_CALLER", "1")
    (outside / "home" / "git-x").mkdir(parents=True)
    monkeypatch.setattr("modelmill.extract.git.sha256_text", lambda place: "x")
    assert address_of("https://93.184.216.34/a.git").remote
    assert taken(GIT, "https://93.184.216.34/a.git", outside / "home") is None
    argv, env = (outside / "argv").read_text().splitlines(), (outside / "env").read_text().splitlines()
    assert argv[argv.index("--") + 1] == "https://93.184.216.34/a.git"
    for needed in ("core.hooksPath=/dev/null", "http.followRedirects=false", "transfer.fsckObjects=true"):
        assert needed in argv
    assert "http.curloptResolve=93.184.216.34:443:93.184.216.34" in argv
    for needed in ("GIT_ALLOW_PROTOCOL=https", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null"):
        assert needed in env
    assert not any(line.startswith("SECRET_OF_CALLER") for line in env)


def _loop(root: Path) -> None:
    (root / "a").mkdir()
    (root / "a" / "again").symlink_to(root)
    (root / "self").symlink_to(root / "self")


def _links(root: Path) -> None:
    (root / "passwd.py").symlink_to("/etc/passwd")
    (root / "etc").symlink_to("/etc")
    (root / "gone.py").symlink_to(root / "nowhere")


def _pipe(root: Path) -> None:
    os.mkfifo(root / "pipe.py")


def _socket(root: Path) -> None:
    here = Path.cwd()
    os.chdir(root)  # the path of a socket is short
    try:
        socket.socket(socket.AF_UNIX).bind("s.py")
    finally:
        os.chdir(here)


def _names(root: Path) -> None:
    for name in (b"caf\xe9.py", b"new\nline.py", b"\x1b[2J.py", "\u202egnp.py".encode(), b"-rf.py"):
        (root / os.fsdecode(name)).write_bytes(b"y = 1\n")


def _contents(root: Path) -> None:
    write(
        root, {"nul.py": b"x\0y\n", "utf16.py": "x = 1".encode("utf-16"), "line.py": b"x = '" + b"a" * 999_000 + b"'\n"}
    )


def _deep(root: Path) -> None:
    deep = root / "/".join(["d"] * 400)
    deep.mkdir(parents=True)
    (deep / "deep.py").write_bytes(b"y = 1\n")


@pytest.mark.parametrize("make", [_loop, _links, _pipe, _socket, _names, _contents, _deep])
def test_odd_things_in_a_folder_are_survived(outside: Path, make: Callable[[Path], None]) -> None:
    root = write(outside / "d", {"ok.py": GOOD})
    make(root)
    found = taken(DIRECTORY, str(root), outside)
    assert found is not None and found["ok.py"] == GOOD
    assert not any(b"root:" in content or b"\0" in content for content in found.values())
    assert all(path.isprintable() for path in found)


@pytest.mark.parametrize("becomes", ["gone", "link", "pipe", "folder", "huge", "binary"])
def test_a_file_that_changes_between_listing_and_reading_does_no_harm(outside: Path, becomes: str) -> None:
    root = write(outside / "d", {"ok.py": GOOD, "z.py": GOOD})
    with DIRECTORY.open(str(root), outside) as snapshot:
        chosen = [entry.path for entry in snapshot.files()]
        (root / "z.py").unlink()
        if becomes == "link":
            (root / "z.py").symlink_to("/etc/passwd")
        elif becomes == "pipe":
            os.mkfifo(root / "z.py")
        elif becomes == "folder":
            (root / "z.py").mkdir()
        elif becomes != "gone":
            (root / "z.py").write_bytes(b"x" * 5_000_000 if becomes == "huge" else b"\0")
        read = {path: c for path, c in snapshot.read(chosen) if selection.by_content(path, c) is None}
    assert read == {"ok.py": GOOD}


@pytest.mark.parametrize("around", ["a", "a/b"])
def test_a_folder_that_becomes_a_link_before_it_is_read_leads_nowhere(outside: Path, around: str) -> None:
    root = write(outside / "d", {"a/b/ok.py": GOOD, "z.py": GOOD})
    theirs = write(outside / "theirs", {"ok.py": b"private = 1\n", "b/ok.py": b"private = 1\n"})
    with DIRECTORY.open(str(root), outside) as snapshot:
        chosen = [one.path for one in snapshot.files()]
        (root / around).rename(outside / "gone")
        (root / around).symlink_to(theirs)
        assert dict(snapshot.read(chosen)) == {"z.py": GOOD}


def test_a_folder_that_becomes_a_link_while_others_are_listed_is_not_listed(outside: Path) -> None:
    root = write(outside / "d", {"a.py": GOOD, "b/ok.py": GOOD})
    theirs = write(outside / "theirs", {"private.py": b"private = 1\n"})
    with DIRECTORY.open(str(root), outside) as snapshot:
        entries = snapshot.files()
        assert next(entries).path == "a.py"
        (root / "b").rename(outside / "gone")
        (root / "b").symlink_to(theirs)
        assert [(one.path, one.refused) for one in entries] == [("b/", "unreadable")]


DEEP = ["(" * 100_000, "[" * 100_000, "{" * 100_000, '{"a":' * 100_000, "<b>" * 50_000, "#" * 100_000, "`" * 100_000]


@pytest.mark.parametrize("text", DEEP, ids=lambda text: text[:5])
@pytest.mark.parametrize("language", sorted(all_languages()))
def test_a_hundred_thousand_brackets_crash_no_parser(language: str, text: str) -> None:
    one = all_languages()[language]
    one.parses(text)
    with contextlib.suppress(RecursionError, ValueError):  # what the stage turns into a reason
        list(one.units(f"a{one.suffixes[0]}", text))


FUZZ = hypothesis_settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@FUZZ
@given(st.binary(max_size=400), st.integers(0, 600), st.sampled_from(["zip", "tar", "tar.gz", "tar.xz"]))
def test_no_change_to_an_archive_makes_its_reader_crash(tmp_path: Path, noise: bytes, at: int, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    if suffix == "zip":
        zip_of(path, [("a/ok.py", GOOD * 20), ("a/b.md", b"# B\n")])
    else:
        tar_of(path, [("a/ok.py", tarfile.REGTYPE, GOOD * 20)], f"w:{suffix[4:]}")
    content = path.read_bytes()
    path.write_bytes(content[:at] + noise + content[at + len(noise) :])
    found = taken(ARCHIVE, str(path), tmp_path)
    assert found is None or all(".." not in name and not name.startswith("/") for name in found)


@FUZZ
@given(st.text(max_size=300))
def test_cleaning_any_text_twice_changes_nothing_more(text: str) -> None:
    once = clean(text).text
    assert clean(once).text == once
    assert all(0 <= place.start < place.end <= len(text) for place in find(text))


@FUZZ
@given(st.binary(max_size=300), st.sampled_from([*recognition.PACKAGES, "LICENSE"]))
def test_no_declaration_of_a_licence_crashes_its_reader(content: bytes, name: str) -> None:
    recognition.of_declaration(name, content)
    recognition.of_head(content)
