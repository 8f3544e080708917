"""The image that all languages begin with where no registry answers: Debian by debootstrap, imported into the engine.

The mirrors are those of this machine's own apt, so that it works wherever apt does.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from modelmill.container_engine import PREFIX
from modelmill.errors import PrerequisiteError
from sandbox import engine

SUITE = "bookworm"
IMAGE = f"{PREFIX}base:{SUITE}"
MIRROR = "http://deb.debian.org/debian"
# Not needed to run a program; 82 MB are left.
USELESS = ("var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/locale", "usr/share/man", "usr/share/info")

Tell = Callable[[str], None]


def make(api: Any, tell: Tell) -> str:
    """The image's name; made if the engine has none. Raises PrerequisiteError: no debootstrap, no root, no mirror."""
    with engine.answering():
        if api.images(name=IMAGE):
            return IMAGE
    _require()
    with tempfile.TemporaryDirectory(prefix="mill-base-") as folder:
        root = Path(folder) / "root"
        tell(f"base: Debian {SUITE} by debootstrap from {_mirror()}")
        _bootstrap(root)
        _strip(root)
        _import(api, root)
    return IMAGE


def _require() -> None:
    if shutil.which("debootstrap") is None or os.geteuid() != 0:
        raise PrerequisiteError(
            "the base image of the sandbox cannot be made",
            allowed="a registry that answers; or debootstrap, as root",
            found="no registry, " + ("no debootstrap" if os.geteuid() == 0 else f"user {os.geteuid()}"),
            next="apt-get install debootstrap, then mill sandbox build as root",
        )


def _bootstrap(root: Path) -> None:
    argv = ["debootstrap", "--variant=minbase", "--include=ca-certificates", SUITE, str(root), _mirror()]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise PrerequisiteError(
            "debootstrap failed",
            allowed=f"a Debian mirror with {SUITE}",
            found=(done.stdout + done.stderr).strip()[-300:],
            next=f"see that apt-get update works on this machine; asked was {_mirror()}",
        )


def _strip(root: Path) -> None:
    lines = dict.fromkeys([f"deb {_mirror()} {SUITE} main", *_targets()])
    (root / "etc/apt/sources.list").write_text("\n".join(lines) + "\n")
    for name in USELESS:
        for found in (root / name).glob("*"):
            shutil.rmtree(found) if found.is_dir() else found.unlink()


def _import(api: Any, root: Path) -> None:
    name, tag = IMAGE.split(":")
    with subprocess.Popen(["tar", "--create", "--directory", str(root), "."], stdout=subprocess.PIPE) as tar:
        assert tar.stdout
        with engine.answering():
            api.import_image_from_stream(tar.stdout, repository=name, tag=tag)
    if tar.returncode != 0:
        raise PrerequisiteError(
            "the base image was not imported",
            allowed="tar ending with 0",
            found=f"exit code {tar.returncode}",
            next="free some disk, then mill sandbox build",
        )


def _targets() -> list[str]:
    """`deb` lines of this machine's own apt for the suite and its updates; empty where there is no apt."""
    if shutil.which("apt-get") is None:
        return []
    wish = ["apt-get", "indextargets", "--format", "deb $(REPO_URI) $(CODENAME) $(COMPONENT)", "Created-By: Packages"]
    done = subprocess.run(wish, capture_output=True, text=True, check=False)
    suites = {SUITE, f"{SUITE}-updates", f"{SUITE}-security"}
    found = [line.split() for line in done.stdout.splitlines()]
    return [" ".join(line) for line in found if len(line) == 4 and line[2] in suites and line[3] == "main"]


def _mirror() -> str:
    return next((line.split()[1] for line in _targets() if line.split()[2] == SUITE), MIRROR)
