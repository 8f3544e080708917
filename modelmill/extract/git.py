"""A git repository at one commit: read by `ls-tree` and `cat-file`, never checked out, nothing of it run.

A folder with `.git` is read in place. An `https://` address is fetched (one commit deep, no tags, no submodules) into a
bare copy of ours. `#name` after either picks a branch, tag or commit; without it, what HEAD points to.
git is called by argument list with its own and the user's configuration off, hooks off and every transport but the one
needed off; the address is resolved once, must be public, and is the one connected to. Not for ssh: clone it yourself.
"""

from __future__ import annotations

import fcntl
import hashlib
import ipaddress
import os
import re
import resource
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import SplitResult, urlsplit

from modelmill.errors import PrerequisiteError, UserError
from modelmill.extract.archive import bad_name
from modelmill.extract.directory import is_repository
from modelmill.extract.folders import Folders, rules_in
from modelmill.extract.git_folder import own_folder
from modelmill.extract.ignoring import MILLIGNORE
from modelmill.extract.source import MAX_FILE_BYTES, Entry, existing
from modelmill.extract.watching import watched
from modelmill.records import sha256_text

TRANSPORT = "https"
CERTIFICATES = "GIT_SSL_CAINFO"  # where git looks for the authorities that it trusts
SECONDS = 600  # for a fetch
STALLED = 60  # seconds without an answer when reading on this machine: git waits at a pipe that a setting leads to
MAX_PACK_BYTES = 2 * 1024**3
WANTED = "refs/mill/wanted"  # what was fetched last
MAX_LISTED = 500_000  # files; the largest repositories in use have 400,000
MAX_SHOWN = 200
SHA1 = 40  # letters of a name; of one by SHA-256 there are 64
COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
REF = re.compile(r"[\w@][\w./+@#=,%-]{0,200}")  # letters of any script; `@scope/part@1.0.0`, `fix#12`

OFF = {
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "core.symlinks": "false",
    "core.alternateRefsCommand": "true",
    "core.commitGraph": "false",  # says of a commit what is in it, unproved
    "core.multiPackIndex": "false",  # names packs by paths, which may lead anywhere
    "credential.helper": "",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "fetch.recurseSubmodules": "false",
    "submodule.recurse": "false",
    "http.followRedirects": "false",
    "http.lowSpeedLimit": "1000",
    "http.lowSpeedTime": "60",
    "transfer.fsckObjects": "true",
    "safe.directory": "*",  # whose folder it is does not matter: nothing in it is run
}


@dataclass(frozen=True, slots=True)
class Address:
    """Where a repository is: a folder, or an https URL; ref: what is wanted of it."""

    place: str
    ref: str
    remote: bool


def address_of(uri: str) -> Address:
    """Split the URI. Raises UserError for a ref or an address that git must not get to see."""
    place, ref = _parted(uri)
    if ref and (not REF.fullmatch(ref) or ".." in ref):
        raise _refused(uri, "a branch, tag or commit of letters, digits and ._/+-@#=,%", f"the ref {ref!r}")
    remote = "://" in place and not place.startswith("file://")
    if remote:
        parts = _parts(place)
        if parts.username or parts.password or parts.query:
            raise _refused(
                _plain(parts),
                "an address with nothing before the host or after the path",
                "a user or password, or a query",
            )
    return Address(place if remote else place.removeprefix("file://"), ref or "HEAD", remote)


def _parts(place: str) -> SplitResult:
    try:
        parts = urlsplit(place)
        _ = parts.port  # raises, too
    except ValueError as error:
        raise _refused(place.rpartition("@")[2], "https://host/owner/name.git", str(error)) from error
    return parts


def _parted(uri: str) -> tuple[str, str]:
    """Place and ref; the name of a folder may have a `#` in it, too."""
    folder = existing(uri.removeprefix("file://"))
    place, _, ref = (uri, "", "") if folder is not None and is_repository(folder) else uri.partition("#")
    return place, ref


@dataclass(frozen=True, slots=True)
class Listed:
    """A line of `ls-tree`. bad: whether the path is none that can be stored; it is then written in ASCII."""

    path: str
    mode: str
    blob: str
    size: int
    bad: bool


def _plain(parts: SplitResult) -> str:
    """An address without what may be secret in it."""
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


class GitSnapshot:
    """A repository at a commit. folder: where git keeps it (`.git`, or one that is bare)."""

    def __init__(self, folder: Path, revision: str) -> None:
        self.folder, self.revision = folder, revision
        self._blobs: dict[str, str] | None = None

    def files(self) -> Iterator[Entry]:
        listed = list(self._listed())
        good = [one.path for one in listed if not one.bad]
        # What is committed is not ignored by git, so only our own file counts.
        rules = rules_in((path for path in good if path.rpartition("/")[2] == MILLIGNORE), self.read)
        folders = Folders(good, rules)
        for one in listed:
            refused = "bad name" if one.bad else {"120000": "link", "160000": "submodule"}.get(one.mode, "")
            if refused:
                yield Entry(one.path, one.size, refused)
            else:
                found = folders.of(one.path)
                yield Entry(one.path, one.size, found.reason, found.detail, wanted=found.wanted)

    def read(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        if self._blobs is None:
            list(self._listed())
        blobs: Mapping[str, str] = self._blobs or {}
        command = _command(_at(self.folder), "cat-file", "--batch")
        with (
            subprocess.Popen(
                command, env=_env(""), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            ) as process,
            watched(process, STALLED) as answered,
        ):
            for path in paths:
                if path in blobs:
                    answered()
                    content = _blob(process, blobs[path])
                    answered(waiting=False)
                    yield path, content

    def _listed(self) -> Iterator[Listed]:
        """Every file of the tree, and what is none; only blobs of a size and a name that are taken can be read."""
        self._blobs = {}
        for line in _tree(self.folder, self.revision):
            head, _, raw = line.partition(b"\t")
            mode, _, blob, size = head.decode("ascii").split()
            path = raw.decode("utf-8", "surrogateescape")
            bad = bool(bad_name(path))
            one = Listed(
                ascii(path)[1:-1][:MAX_SHOWN] if bad else path, mode, blob, int(size) if size.isdigit() else 0, bad
            )
            if not bad and mode.startswith("100") and one.size <= MAX_FILE_BYTES:
                self._blobs[path] = blob
            yield one


def _tree(folder: Path, revision: str) -> Iterator[bytes]:
    """The lines of `ls-tree`, one by one: a tree of ten trees of ten trees ... is small, and lists without end."""
    command = _command(_at(folder), "ls-tree", "-r", "-z", "-l", "--full-tree", revision)
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(
            command, env=_env(""), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors
        ) as process,
    ):
        assert process.stdout is not None  # it is a pipe
        try:
            with watched(process, STALLED) as answered:
                for number, line in enumerate(_until_nul(process.stdout), 1):
                    if number > MAX_LISTED:
                        raise _refused(str(folder), f"a commit of at most {MAX_LISTED} files", "more")
                    answered(waiting=False)
                    yield line
                    answered()
                process.wait()
        finally:
            process.kill()  # nobody reads on
        if process.returncode:
            errors.seek(0)
            raise _incomplete(f"the tree of {revision}", errors.read(1000))


def _until_nul(stream: IO[bytes]) -> Iterator[bytes]:
    rest = b""
    while block := stream.read(65_536):
        *lines, rest = (rest + block).split(b"\0")
        yield from lines


def _blob(process: subprocess.Popen[bytes], name: str) -> bytes:
    assert process.stdin is not None and process.stdout is not None  # both are pipes
    process.stdin.write(name.encode("ascii") + b"\n")
    process.stdin.flush()
    head = process.stdout.readline().split()
    if len(head) != 3 or head[1] != b"blob":
        raise _incomplete(f"the object {name}", b" ".join(head))
    content = process.stdout.read(int(head[2]))
    process.stdout.read(1)
    digest = hashlib.sha1 if len(name) == SHA1 else hashlib.sha256
    if digest(b"blob %d\0" % len(content) + content).hexdigest() != name:  # `cat-file` itself does not look
        raise _incomplete(f"the object {name}", b"it is not what its name says")
    return content


def _incomplete(what: str, said: bytes) -> PrerequisiteError:
    return PrerequisiteError(
        f"git could not read {what}",
        allowed="a complete repository",
        found=said.decode("utf-8", "replace").strip()[:200] or "no answer",
        next="git fsck in that repository",
    )


class Git:
    """`/a/repository`, `file:///a/repository`, `https://host/owner/name.git`, each with `#ref` or without."""

    name = "git"

    def matches(self, uri: str) -> bool:
        place = _parted(uri)[0]
        if "://" in place and not place.startswith("file://"):
            return place.startswith("https://")
        path = existing(place.removeprefix("file://"))
        return path is not None and path.is_dir() and is_repository(path)

    @contextmanager
    def open(self, uri: str, home: Path, revision: str | None = None) -> Generator[GitSnapshot]:
        if shutil.which("git") is None:
            raise PrerequisiteError(
                f"{uri!r} cannot be read", allowed="the program git", found="none on PATH", next="install git"
            )
        address = address_of(uri)
        if address.remote:
            folder = home / f"git-{sha256_text(address.place)[:24]}"
            with _alone(folder):
                _fetch(address, uri, folder, revision)
                commit = _commit(folder, revision or WANTED, uri)
        else:
            folder = own_folder(Path(address.place).expanduser(), uri)
            commit = _commit(folder, revision or address.ref, uri)
        yield GitSnapshot(folder, commit)


def _commit(folder: Path, name: str, uri: str) -> str:
    try:
        output = _git(_at(folder), "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    except subprocess.CalledProcessError as error:
        said = (error.stderr or b"").decode("utf-8", "replace").strip()
        found = f"no commit {name!r}" + (f": {said[:MAX_SHOWN]}" if said else "")
        raise _refused(uri, "a repository with at least one commit, and a ref it has", found) from error
    except subprocess.TimeoutExpired as error:
        raise _refused(uri, "a repository that answers", f"nothing for {STALLED} s; git config -l in it?") from error
    return output.decode("ascii").strip()


def _fetch(address: Address, uri: str, folder: Path, revision: str | None) -> None:
    """Bring the wanted commit into our bare copy; the network is asked only when it is not there yet."""
    if revision and folder.exists() and _has(folder, revision):
        return
    pin = f"http.curloptResolve={_public_address(uri, address.place)}"
    try:
        if not folder.exists():
            _git("init", "--quiet", "--bare", "--template=", str(folder))
        what = revision or address.ref
        spec = f"+{what}:{WANTED}"
        options = ("--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head")
        _git(_at(folder), "-c", pin, "fetch", *options, "--", address.place, spec, protocols=TRANSPORT)
    except subprocess.CalledProcessError as error:
        said = (error.stderr or b"").decode("utf-8", "replace").strip().splitlines()
        raise _not_fetched(uri, said[-1] if said else "no answer") from error
    except subprocess.TimeoutExpired as error:
        raise _refused(uri, f"a repository that is fetched in {SECONDS} s", "it took longer") from error


@contextmanager
def _alone(folder: Path) -> Generator[None]:
    """One process at a time: two branches of one address share the copy, and the name of what was fetched last."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _not_fetched(uri: str, said: str) -> UserError:
    if "certificate" in said:
        return UserError(
            f"the git repository {uri!r} cannot be read",
            allowed="a server whose certificate comes from an authority that is trusted here",
            found=said,
            next=f"{CERTIFICATES}=/path/to/its/authority.pem before the same command, and before `mill up`",
        )
    return _refused(uri, "a public repository that can be read without a name, and a ref it has", said)


def _has(folder: Path, revision: str) -> bool:
    if not COMMIT.fullmatch(revision):
        return False
    try:
        _git(_at(folder), "cat-file", "-e", f"{revision}^{{commit}}")
    except subprocess.CalledProcessError:
        return False
    return True


def _public_address(uri: str, url: str) -> str:
    """`host:port:address` for curl. Every address the name has must be public, or a name could lead inside."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 443
    try:
        found = [str(item[4][0]) for item in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except OSError as error:
        raise _refused(uri, "a host that can be found", f"{host}: {error}") from error
    for one in found:
        address = ipaddress.ip_address(one)
        mapped = getattr(address, "ipv4_mapped", None) or address
        if not mapped.is_global or mapped.is_multicast:
            raise _refused(
                uri, "a host with public addresses only; clone an inner one and add the folder", f"{host} is {one}"
            )
    return f"{host}:{port}:{found[0]}"


def _at(folder: Path) -> str:
    """This very repository: where one is broken git would go on to one above it."""
    return f"--git-dir={folder}"


def _git(*arguments: str, protocols: str = "") -> bytes:
    done = subprocess.run(
        _command(*arguments),
        env=_env(protocols),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=SECONDS if protocols else STALLED,
        check=True,
        preexec_fn=_limit if protocols else None,
    )
    return done.stdout


def _command(*arguments: str) -> list[str]:
    return ["git", *(part for name, value in OFF.items() for part in ("-c", f"{name}={value}")), *arguments]


def _env(protocols: str) -> dict[str, str]:
    """Nothing of the caller's but where programs and certificates are. protocols: transports that may be used."""
    kept = {name: os.environ[name] for name in ("PATH", CERTIFICATES) if name in os.environ}
    if CERTIFICATES not in kept and "SSL_CERT_FILE" in os.environ:  # git itself does not look at it
        kept[CERTIFICATES] = os.environ["SSL_CERT_FILE"]
    off = {
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "true",
    }
    more = {
        "GIT_LFS_SKIP_SMUDGE": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_REPLACE_OBJECTS": "1",
    }
    return {**kept, **off, **more, "GIT_ALLOW_PROTOCOL": protocols, "LC_ALL": "C", "HOME": "/nonexistent"}


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_PACK_BYTES, MAX_PACK_BYTES))


def _refused(uri: str, allowed: str, found: str) -> UserError:
    return UserError(
        f"the git repository {uri!r} cannot be read",
        allowed=allowed,
        found=found,
        next="correct the address, or clone it yourself and `mill corpus add NAME FOLDER`",
    )


SOURCE = Git()
