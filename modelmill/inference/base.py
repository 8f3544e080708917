"""The base model's IR: made once an installation, kept as an artifact by content, found by what it was made from.

`engines/<key>.json` in the home folder names the artifact. Whoever comes first makes it, in a process of its own that
takes torch with it when it ends; whoever comes meanwhile waits (flock), and finds it.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from modelmill import errors
from modelmill.inference import ir
from modelmill.inference.conversion import VERSION
from modelmill.inference.ir import Kind
from modelmill.records import sha256_text
from modelmill.settings import CHECKOUT, Settings
from modelmill.store import artifacts


@dataclass(frozen=True, slots=True)
class Known:
    """The artifact that this installation made, and what its engine.json says."""

    artifact: str
    kind: Kind
    told: str


def peek(settings: Settings, identity: str) -> Known | None:
    """What was made of the model called `identity`, unverified; None when nothing was."""
    try:
        return Known(**json.loads(_record(settings, identity).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def ensure(settings: Settings, identity: str, model: str) -> Path:
    """The artifact with the IR of `model`, a folder or hub name; made if it is not there, which takes a minute.

    `identity` changes with the model's weights. Raises PrerequisiteError.
    """
    found = _whole(settings, identity)
    if found is not None:
        return found
    with _alone(_record(settings, identity).with_suffix(".lock")):
        return _whole(settings, identity) or _make(settings, identity, model)


def _whole(settings: Settings, identity: str) -> Path | None:
    known = peek(settings, identity)
    try:
        return artifacts.open_artifact(settings, known.artifact) if known else None
    except (errors.DataError, errors.PrerequisiteError):  # lost or altered: it is made again
        return None


def _make(settings: Settings, identity: str, model: str) -> Path:
    staging = settings.home_dir / "staging"
    staging.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="engine-", dir=staging) as folder:
        _convert(settings, model, Path(folder))
        made = ir.about(Path(folder))
        assert made is not None
        sha256, path = artifacts.publish_dir(settings, Path(folder), kind="engine")
    record = _record(settings, identity)
    temp = record.with_suffix(f".{os.getpid()}.tmp")
    temp.write_text(json.dumps(asdict(Known(sha256, made.kind, made.told))), encoding="utf-8")
    temp.replace(record)
    return path


def _convert(settings: Settings, model: str, folder: Path) -> None:
    """In a process of its own. What it cannot load is our error; what it cannot convert stands in engine.json."""
    argv = [sys.executable, "-m", "modelmill.tether", sys.executable, "-m", "modelmill.inference.worker"]
    env = settings.child_env() | {"MILL_THREADS": str(settings.threads)}
    done = subprocess.run(
        [*argv, model, str(folder)], env=env, cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    if done.returncode == 0:
        return
    try:
        raise errors.PrerequisiteError(**json.loads(done.stdout.splitlines()[-1]))
    except (IndexError, ValueError, TypeError):
        said = done.stderr.strip().splitlines()
        raise errors.PrerequisiteError(
            f"the model {model!r} could not be prepared for OpenVINO",
            allowed="a process that loads it and writes its IR, in some 2 GB of memory",
            found=f"exit code {done.returncode}: {said[-1] if said else 'no word'}",
            next="free memory and disk space, then the same again; or set MILL_ENGINE=torch",
        ) from None


def _record(settings: Settings, identity: str) -> Path:
    return settings.home_dir / "engines" / f"{sha256_text(f'{identity} {VERSION}')[:32]}.json"


@contextmanager
def _alone(lock: Path) -> Generator[None]:
    """One process at a time; the lock goes with the process that holds it, however it ends."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
