"""A repository gives what is in it and nothing else, whatever it says of where its parts lie."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from intake_project import git, write

from modelmill.errors import MillError
from modelmill.extract import git as git_source
from modelmill.extract.git import SOURCE
from modelmill.extract.source import detect

PRIVATE, OWN = b"private = 1\n", b"own = 1\n"


def repository(root: Path, content: bytes = OWN) -> Path:
    write(root, {"a.py": content})
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "-m", "one")
    return root


def taken(folder: Path) -> dict[str, bytes]:
    """Everything the source gives. Raises MillError."""
    with SOURCE.open(str(folder), folder / "home") as snapshot:
        return dict(snapshot.read([one.path for one in snapshot.files() if not one.refused]))


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    """Somebody else's repository on the same machine."""
    return repository(tmp_path / "theirs", PRIVATE)


def _gitfile(root: Path, theirs: Path) -> None:
    (root / ".git").write_text(f"gitdir: {theirs}/.git\n")


def _linked(root: Path, theirs: Path) -> None:
    (root / ".git").symlink_to(theirs / ".git")


def _head_of(root: Path, theirs: Path) -> None:
    git(root, "init", "--quiet", "--initial-branch=main")
    (root / ".git" / "refs" / "heads" / "main").write_text(git(theirs, "rev-parse", "HEAD") + "\n")


def _alternates(root: Path, theirs: Path) -> None:
    _head_of(root, theirs)
    (root / ".git" / "objects" / "info").mkdir(exist_ok=True)
    (root / ".git" / "objects" / "info" / "alternates").write_text(f"{theirs}/.git/objects\n")


def _linked_objects(root: Path, theirs: Path) -> None:
    _head_of(root, theirs)
    for folder in (theirs / ".git" / "objects").iterdir():
        here = root / ".git" / "objects" / folder.name
        if not here.exists():
            here.symlink_to(folder)


def _common(root: Path, theirs: Path) -> None:
    (root / ".git").mkdir()
    write(root, {".git/HEAD": "ref: refs/heads/main\n", ".git/commondir": f"{theirs}/.git\n"})


def _false_worktree(root: Path, theirs: Path) -> None:
    """What a worktree's folder looks like, without the repository knowing of it."""
    write(root, {"g/commondir": f"{theirs}/.git\n", "g/gitdir": f"{root}/.git\n", "g/HEAD": "ref: refs/heads/main\n"})
    (root / ".git").write_text(f"gitdir: {root}/g\n")


def _list(root: Path, said: str | bytes) -> None:
    """Where else objects are, as git would have it said."""
    write(root, {".git/objects/info/alternates": said})


def _by_another_store(root: Path, theirs: Path) -> None:
    _head_of(root, theirs)
    git(write(root / "inner", {"b.py": OWN}), "init", "--quiet")
    _list(root / "inner", f"{theirs}/.git/objects\n")
    _list(root, f"{root}/inner/.git/objects\n")


def _in_quotes(root: Path, theirs: Path) -> None:
    _head_of(root, theirs)
    _list(root, '"' + "".join(f"\\{byte:03o}" for byte in f"{theirs}/.git/objects".encode()) + '"\n')


def _far_down(root: Path, theirs: Path) -> None:
    _head_of(root, theirs)
    _list(root, "# a line about nothing\n" * 500 + f"{theirs}/.git/objects\n")


def _dots_behind_a_link(root: Path, theirs: Path) -> None:
    """Git takes the dots off first: it does not follow the link."""
    _head_of(root, theirs)
    (root / "d" / "d" / "d").mkdir(parents=True)
    (root / "link").symlink_to(root / "d" / "d" / "d")
    _list(root, "../../link/../../theirs/.git/objects\n")


def _with_a_blank(root: Path, theirs: Path) -> None:
    _gitfile(root, repository(root / "inner"))
    (root / ".git").write_text("gitdir: inner/.git \n")
    (root / "inner" / ".git ").symlink_to(theirs / ".git")


def _common_with_a_blank(root: Path, theirs: Path) -> None:
    git(root, "init", "--quiet", "--initial-branch=main")
    (root / ".git" / "c").mkdir()
    (root / ".git" / "c ").symlink_to(theirs / ".git")
    (root / ".git" / "commondir").write_text("c \n")


def _long_way(root: Path, theirs: Path) -> None:
    git(root, "init", "--quiet", "--initial-branch=main")
    (root / ".git" / "commondir").write_text("./" * 2048 + "../../theirs/.git\n")


LEADS = (
    _gitfile, _linked, _alternates, _linked_objects, _common, _false_worktree, _by_another_store, _in_quotes,
    _far_down, _dots_behind_a_link, _with_a_blank, _common_with_a_blank, _long_way,
)  # fmt: skip


@pytest.mark.parametrize("lead", LEADS)
def test_another_repository_is_not_read_through_a_folder(
    tmp_path: Path, theirs: Path, lead: Callable[[Path, Path], None]
) -> None:
    root = write(tmp_path / "mine", {"a.py": OWN})
    lead(root, theirs)
    with pytest.raises(MillError) as error:
        taken(root)
    assert any(word in error.value.found for word in ("leads", "link", "quotes", "a path in it that is none"))


NO_PATHS = {"nul": b"a\0b\n", "long": b"a" * 5000 + b"\n", "longer than a list is": b"#\n" * 60_000}
HOLDERS = (".git", ".git/commondir", ".git/objects/info/alternates")


@pytest.mark.parametrize("said", NO_PATHS)
@pytest.mark.parametrize("holder", HOLDERS)
def test_what_is_no_path_is_refused_with_a_reason(tmp_path: Path, holder: str, said: str) -> None:
    root = write(tmp_path / "r", {"a.py": OWN}) if holder == ".git" else repository(tmp_path / "r")
    write(root, {holder: b"gitdir: " + NO_PATHS[said] if holder == ".git" else NO_PATHS[said]})
    with pytest.raises(MillError) as error:
        taken(root)
    assert "a path in it that is none" in error.value.found


def test_objects_are_taken_from_another_store_in_the_same_folder(tmp_path: Path) -> None:
    root = repository(tmp_path / "r")
    blob = git(root, "rev-parse", "HEAD:a.py")
    git(write(root / "inner", {"b.py": OWN}), "init", "--quiet")
    own, other = (one / ".git" / "objects" / blob[:2] / blob[2:] for one in (root, root / "inner"))
    other.parent.mkdir()
    own.rename(other)
    _list(root, "# beside\n../../inner/.git/objects\n")
    assert taken(root) == {"a.py": OWN}


def test_no_list_of_packs_and_no_graph_of_commits_is_believed(tmp_path: Path) -> None:
    root = repository(tmp_path / "r")
    git(root, "repack", "-a", "-d", "--quiet")
    git(root, "multi-pack-index", "write")
    git(root, "commit-graph", "write", "--reachable")
    for name in ("pack/multi-pack-index", "info/commit-graph"):
        place = root / ".git" / "objects" / name
        place.chmod(0o644)
        place.write_bytes(place.read_bytes()[:8] + bytes(byte ^ 0x5A for byte in place.read_bytes()[8:]))
    assert taken(root) == {"a.py": OWN}


@pytest.mark.parametrize("ref", ["fix#12", "@scope/part@1.0.0", "size=2", "a,b", "50%"])
def test_a_name_that_git_allows_is_found(tmp_path: Path, ref: str) -> None:
    root = repository(tmp_path / "r")
    git(root, "branch", ref)
    with SOURCE.open(f"{root}#{ref}", tmp_path) as snapshot:
        assert snapshot.revision == git(root, "rev-parse", "HEAD")


def test_a_folder_may_have_the_sign_of_a_ref_in_its_name(tmp_path: Path) -> None:
    assert taken(repository(tmp_path / "r#1")) == {"a.py": OWN}
    assert detect(str(tmp_path / "r#1")) is SOURCE


def test_the_repository_above_is_not_read_instead_of_a_broken_one(theirs: Path) -> None:
    inner = write(theirs / "inner", {"b.py": OWN, ".git/config": ""})
    with pytest.raises(MillError):
        taken(inner)


def test_a_worktree_and_a_submodule_are_read(tmp_path: Path) -> None:
    root = repository(tmp_path / "main")
    git(root, "worktree", "add", "--quiet", str(tmp_path / "beside"))
    assert taken(tmp_path / "beside") == {"a.py": OWN}
    outer = repository(tmp_path / "outer", PRIVATE)
    git(outer, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(root), "sub")
    assert taken(outer / "sub") == {"a.py": OWN}


def _object(root: Path, kind: str, body: bytes) -> str:
    whole = f"{kind} {len(body)}\0".encode() + body
    name = hashlib.sha1(whole).hexdigest()
    file = root / ".git" / "objects" / name[:2] / name[2:]
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(zlib.compress(whole))
    return name


def _commit(root: Path, tree: str) -> None:
    who = "t <t@example.com> 1 +0000"
    commit = _object(root, "commit", f"tree {tree}\nauthor {who}\ncommitter {who}\n\nx\n".encode())
    git(root, "update-ref", "refs/heads/main", commit)


def _entry(mode: str, name: bytes, sha: str) -> bytes:
    return mode.encode() + b" " + name + b"\0" + bytes.fromhex(sha)


def test_names_that_lead_elsewhere_or_are_no_text_are_left_out_with_that_reason(tmp_path: Path) -> None:
    root = repository(tmp_path / "r")
    blob = git(root, "rev-parse", "HEAD:a.py")
    bad = (b"..", b"caf\xe9.py", b"new\nline.py", b"a\\b.py", "\u202egnp.py".encode())
    inner = _object(root, "tree", _entry("100644", b"x.py", blob))
    lines = [_entry("40000", b"..", inner), *(_entry("100644", name, blob) for name in bad[1:])]
    _commit(root, _object(root, "tree", b"".join([*lines, _entry("100644", b"a.py", blob)])))
    with SOURCE.open(str(root), tmp_path) as snapshot:
        listed = list(snapshot.files())
        assert [one.path for one in listed if not one.refused] == ["a.py"]
        assert [one.refused for one in listed].count("bad name") == len(bad)
        assert all(one.path.isascii() and one.path.isprintable() for one in listed)
        assert dict(snapshot.read([one.path for one in listed])) == {"a.py": OWN}


def test_a_tree_of_trees_of_trees_is_listed_only_so_far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = repository(tmp_path / "r")
    tree = _object(root, "tree", _entry("100644", b"a.py", git(root, "rev-parse", "HEAD:a.py")))
    for _ in range(9):  # a thousand million files in eleven objects
        tree = _object(root, "tree", b"".join(_entry("40000", f"d{n}".encode(), tree) for n in range(10)))
    _commit(root, tree)
    monkeypatch.setattr(git_source, "MAX_LISTED", 2000)
    with pytest.raises(MillError, match="cannot be read") as error:
        taken(root)
    assert error.value.found == "more"


def test_a_blob_that_is_too_large_is_never_asked_for(tmp_path: Path) -> None:
    root = repository(tmp_path / "r")
    write(root, {"LICENSE": b"x" * 1_000_001, ".millignore": b"x" * 1_000_001})
    git(root, "add", ".")
    git(root, "commit", "--quiet", "-m", "two")
    with SOURCE.open(str(root), tmp_path) as snapshot:
        assert {one.path for one in snapshot.files()} == {"a.py", "LICENSE", ".millignore"}
        assert dict(snapshot.read(["LICENSE", ".millignore", "a.py"])) == {"a.py": OWN}


@pytest.mark.parametrize("address", ["https://example.com/a.git?access_token=x", "https://u:w@example.com/a.git"])
def test_an_address_with_a_secret_in_it_is_refused_without_saying_it(tmp_path: Path, address: str) -> None:
    with pytest.raises(MillError) as error, SOURCE.open(address, tmp_path):
        pass
    assert "access_token" not in str(error.value) and ":w@" not in str(error.value)
