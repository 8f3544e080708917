"""An installation as one file: `mill backup FILE`. A tar of database, artifacts, MLflow's files and DVC's cache.

Not in it is what lies in the store that machines share (MILL_STORE_URL): MLflow's files that are written there, and
artifacts that this home has no copy of. It is said where it is so.

The database first: what a row names was published before the row, so it is among the files that follow. The last member
is the manifest with size and sha256 of every other one. Secrets stay out: the settings that are one, and home/secrets.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import stat
import tarfile
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import IO, Any

from sqlalchemy import text

from modelmill.errors import PrerequisiteError, UserError
from modelmill.settings import Settings
from modelmill.store import dump
from modelmill.store.database import engine

VERSION = 1
MANIFEST, DATABASE, SETTINGS, LOCK = "manifest.json", "database.dump", "settings.json", "dvc.lock"
SKIPPED = (".tmp", "tmp", "README.md")  # drafts, and what the checkout has
BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Written:
    """What is in the backup. left_out: what is no regular file, as links."""

    file: Path
    files: int
    bytes: int
    left_out: tuple[str, ...]
    seconds: float


def folders(settings: Settings) -> dict[str, Path]:
    """Where each part of an archive lies in an installation."""
    return {
        "artifacts": settings.artifacts_dir,
        "bentoml": settings.home_dir / "bentoml",
        "mlruns": settings.mlruns_dir,
        "datasets": settings.data_dir / "datasets",
        "receipts": settings.data_dir / "receipts",
        "dvc": settings.root / ".dvc" / "cache",
    }


def write(settings: Settings, file: Path) -> Written:
    """Write the backup, whole or not at all, readable by its owner only. Others may go on working meanwhile.

    Raises UserError when the file exists, PrerequisiteError when it cannot be written.
    """
    start = time.monotonic()
    if file.exists():
        raise UserError(
            f"the backup {file} was not written",
            allowed="a file that does not exist yet",
            found="it exists",
            next="choose another name, or move that one away",
        )
    part = file.with_name(f".{file.name}.{uuid.uuid4().hex}")
    try:
        with os.fdopen(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as out:
            entries, left_out = _fill(settings, out)
            out.flush()
            os.fsync(out.fileno())
        part.rename(file)
    except OSError as error:
        raise _not_written(file, error) from error
    finally:
        part.unlink(missing_ok=True)
    size = sum(entry["size"] for entry in entries.values())
    return Written(file, len(entries), size, tuple(left_out), time.monotonic() - start)


def _fill(settings: Settings, out: IO[bytes]) -> tuple[dict[str, Mapping[str, Any]], list[str]]:
    entries: dict[str, Mapping[str, Any]] = {}
    left_out: list[str] = []
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        with tempfile.TemporaryDirectory(prefix="mill-backup-") as folder:
            dumped = Path(folder) / DATABASE
            dump.write(settings, dumped)
            entries[DATABASE] = _add(archive, DATABASE, dumped)
        for name, path in _files(settings):
            if stat.S_ISREG(path.lstat().st_mode):
                entries[name] = _add(archive, name, path)
            else:
                left_out.append(name)
        entries[SETTINGS] = _add_bytes(archive, SETTINGS, _json(plain_settings(settings)))
        _add_bytes(archive, MANIFEST, _json({**_about(settings), "files": entries, "left_out": left_out}))
    return entries, left_out


def _files(settings: Settings) -> Iterator[tuple[str, Path]]:
    """Every file with its name in the archive, folder by folder."""
    lock = settings.root / LOCK
    if lock.is_file():
        yield LOCK, lock
    for part, folder in folders(settings).items():
        for path in sorted(folder.rglob("*")):
            inside = path.relative_to(folder)
            if inside.parts[0] not in SKIPPED and (path.is_symlink() or not path.is_dir()):
                yield f"{part}/{inside.as_posix()}", path


def plain_settings(settings: Settings) -> dict[str, Any]:
    """The settings that were chosen and are no secret, by name; not where this installation lies."""
    return {
        name: str(getattr(settings, name))
        for name, field in type(settings).model_fields.items()
        if "SecretStr" not in str(field.annotation)
        and name not in ("root", "home")
        and getattr(settings, name) != field.default
    }


def _about(settings: Settings) -> dict[str, Any]:
    with engine(settings).connect() as conn:
        revision = conn.execute(text("SELECT version_num FROM mill.alembic_version")).scalar_one()
    return {
        "version": VERSION,
        "modelmill": metadata.version("modelmill"),
        "schema": revision,
        "made_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "folders": {name: str(folder.absolute()) for name, folder in folders(settings).items()},
    }


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=1, sort_keys=True).encode() + b"\n"


class _Hashed:
    """A stream whose bytes are hashed as they go by."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream, self.digest = stream, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        content = self.stream.read(size)
        self.digest.update(content)
        return content


def _add(archive: tarfile.TarFile, name: str, path: Path) -> Mapping[str, Any]:
    with path.open("rb") as stream:
        return _add_stream(archive, name, stream, os.fstat(stream.fileno()).st_size)


def _add_bytes(archive: tarfile.TarFile, name: str, content: bytes) -> Mapping[str, Any]:
    return _add_stream(archive, name, io.BytesIO(content), len(content))


def _add_stream(archive: tarfile.TarFile, name: str, stream: IO[bytes], size: int) -> Mapping[str, Any]:
    """Nothing of the file but its name and bytes: whose it was and when it was made says nothing elsewhere."""
    member, hashed = tarfile.TarInfo(name), _Hashed(stream)
    member.size, member.mode = size, 0o600
    archive.addfile(member, hashed)  # pyright: ignore[reportArgumentType]  (it only reads)
    return {"sha256": hashed.digest.hexdigest(), "size": size}


def _not_written(file: Path, error: OSError) -> PrerequisiteError:
    return PrerequisiteError(
        f"the backup {file} could not be written",
        allowed="a folder that may be written, with space for all of it",
        found=f"{type(error).__name__}: {error}",
        next="free space there or choose another disk, then the same again",
    )
