"""An installation from one file: `mill restore FILE`. Everything is read and compared before it is put in place.

The archive is not trusted: plain files under the names of a backup only (no link, no `..`, nothing twice), each with
the size and sha256 of the manifest. The files come first, each by rename, then the database in one transaction. What
the database's part does is PostgreSQL's business: whoever wrote the backup may run statements in it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tarfile
import time
import unicodedata
import uuid
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelmill import backup, supervise
from modelmill.errors import DataError, UserError
from modelmill.extract.archive import BROKEN, bad_name
from modelmill.records import sha256_file
from modelmill.settings import Settings
from modelmill.store import database, dump

CHOSEN = "settings-of-the-backup.env"
# Where the database says where a file lies: table, column, and whether as an address (file://...).
PLACES = (
    ("mill", "dataset", "path", False),
    ("mlflow", "experiments", "artifact_location", True),
    ("mlflow", "runs", "artifact_uri", True),
    ("mlflow", "model_versions", "source", True),
    ("mlflow", "model_versions", "storage_location", True),
    ("mlflow", "logged_models", "artifact_location", True),
)


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put in place. made_at: when the backup was made."""

    files: int
    bytes: int
    made_at: str
    seconds: float


def read(settings: Settings, file: Path, replace: bool = False) -> Restored:
    """Restore the backup into this installation.

    replace: also where there is something already; what the backup has takes its place.
    Raises UserError: running, not empty, no backup; DataError: an altered backup, nothing was changed.
    """
    start = time.monotonic()
    _refuse_running(settings)
    settings.home_dir.mkdir(parents=True, exist_ok=True)
    if not replace:
        _refuse_full(settings)
    with _unpacked(settings, file) as (folder, manifest):
        targets = {name: _target(settings, name) for name in manifest["files"]}
        placed = {name: target for name, target in targets.items() if target is not None}
        if not replace:
            _refuse_others(placed, manifest["files"])
        for name, target in placed.items():
            _place(folder / name, target, 0o444 if name.startswith("artifacts/") else 0o644)
        _keep_settings(settings, folder)
        shutil.rmtree(settings.home_dir / "aliases", ignore_errors=True)  # what MLflow was told here before
        dump.read(settings, folder / backup.DATABASE, _moves(settings, manifest["folders"]))
    database.migrate(settings)
    sizes = sum(entry["size"] for entry in manifest["files"].values())
    return Restored(len(manifest["files"]), sizes, str(manifest["made_at"]), time.monotonic() - start)


def _refuse_running(settings: Settings) -> None:
    if supervise.kept(settings):
        raise UserError(
            "nothing is restored while the programs run",
            allowed="an installation at rest",
            found=f"the programs of {settings.home_dir} run",
            next="mill down, then the same again",
        )


def _refuse_full(settings: Settings) -> None:
    there = settings.artifacts_dir
    found = [str(there)] if there.is_dir() and any(there.iterdir()) else []
    if dump.holds_something(settings):
        found.append("tables in the database")
    if found:
        raise UserError(
            f"the installation {settings.home_dir} is not empty",
            allowed="an empty home and an empty database",
            found=", ".join(found),
            next="set MILL_HOME to an empty folder, or say --replace: what is there now is then lost",
        )


def _refuse_others(placed: Mapping[str, Path], entries: Mapping[str, Mapping[str, Any]]) -> None:
    for name, target in placed.items():
        if target.exists() and sha256_file(target) != entries[name]["sha256"]:
            raise UserError(
                f"{target} would be overwritten",
                allowed="no such file, or the same as in the backup",
                found="another one",
                next="move it away, or say --replace",
            )


@contextmanager
def _unpacked(settings: Settings, file: Path) -> Generator[tuple[Path, dict[str, Any]]]:
    """The archive's files in a folder of their own, all of them as the manifest says."""
    folder = settings.home_dir / f".restore-{uuid.uuid4().hex}"
    folder.mkdir()
    try:
        found = _unpack(file, folder)
        manifest = _manifest(file, folder)
        expected = {name: (entry["sha256"], entry["size"]) for name, entry in manifest["files"].items()}
        found.pop(backup.MANIFEST)
        for name in sorted(found.keys() | expected.keys()):
            if found.get(name) != expected.get(name):
                raise _altered(file, name, expected.get(name), found.get(name))
        yield folder, manifest
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unpack(file: Path, folder: Path) -> dict[str, tuple[str, int]]:
    """Write every member below `folder`; name -> sha256 and size as they were read."""
    found: dict[str, tuple[str, int]] = {}
    folded: set[str] = set()
    try:
        with tarfile.open(file, mode="r:") as archive:
            for member in archive:
                same = unicodedata.normalize("NFKC", member.name).casefold()
                why = _refusal(member) or ("a name that is there already" if same in folded else "")
                if why:
                    raise _no_backup(file, f"{ascii(member.name)[:200]}: {why}")
                folded.add(same)
                found[member.name] = _write(archive, member, folder / member.name)
    except BROKEN as error:
        raise _no_backup(file, f"{type(error).__name__}: {error}") from error
    return found


def _refusal(member: tarfile.TarInfo) -> str:
    if member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE):
        return "no plain file"
    if bad_name(member.name):
        return "a name that leads elsewhere"
    known = (backup.MANIFEST, backup.DATABASE, backup.SETTINGS, backup.LOCK)
    part, inside, _ = member.name.partition("/")
    return "" if member.name in known or (inside and part in PARTS) else "no part of a backup"


PARTS: frozenset[str] = frozenset(("artifacts", "bentoml", "mlruns", "datasets", "receipts", "dvc"))


def _write(archive: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> tuple[str, int]:
    stream = archive.extractfile(member)
    digest, size = hashlib.sha256(), 0
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("xb") as out:
        while stream is not None and (block := stream.read(backup.BLOCK)):
            digest.update(block)
            size += len(block)
            out.write(block)
        out.flush()
        os.fsync(out.fileno())
    return digest.hexdigest(), size


def _manifest(file: Path, folder: Path) -> dict[str, Any]:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    try:
        manifest: dict[str, Any] = json.loads((folder / backup.MANIFEST).read_bytes())
        version, schema = manifest["version"], manifest["schema"]
        whole = backup.DATABASE in dict(manifest["files"]) and not PARTS.symmetric_difference(manifest["folders"])
        whole = whole and all(Path(place).is_absolute() for place in manifest["folders"].values())
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _no_backup(file, f"no manifest in it ({type(error).__name__})") from error
    if not whole:
        raise _no_backup(file, "a manifest that names no database or not every folder")
    config = Config()
    config.set_main_option("script_location", str(Path(database.__file__).parent / "migrations"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if version != backup.VERSION or schema not in known:
        raise UserError(
            f"the backup {file} is of another modelmill",
            allowed=f"version {backup.VERSION}, tables up to {max(known)}",
            found=f"version {version}, tables {schema}, made by modelmill {manifest.get('modelmill')}",
            next="restore it with that modelmill, or a newer one",
        )
    return manifest


def _target(settings: Settings, name: str) -> Path | None:
    """Where a file of the archive belongs; None for what is no file of an installation."""
    if name == backup.LOCK:
        return settings.root / backup.LOCK
    part, _, inside = name.partition("/")
    return backup.folders(settings)[part] / inside if inside else None


def _place(source: Path, target: Path, mode: int) -> None:
    """By rename; from another disk by a copy beside it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name[:100]}.{uuid.uuid4().hex}")
    shutil.move(source, beside)
    beside.chmod(mode)
    beside.replace(target)


def _keep_settings(settings: Settings, folder: Path) -> None:
    """For the operator to choose from: addresses and ports are those of another place."""
    chosen: dict[str, str] = json.loads((folder / backup.SETTINGS).read_bytes())
    lines = [f"MILL_{name.upper()}={value}\n" for name, value in sorted(chosen.items())]
    (settings.home_dir / CHOSEN).write_text("".join(lines), encoding="utf-8")


def _moves(settings: Settings, before: Mapping[str, str]) -> list[str]:
    """Statements that turn the places of the old installation into those of this one, where a column is there."""
    now = backup.folders(settings)
    made: list[str] = []
    for schema, table, column, address in PLACES:
        for part in ("artifacts", "mlruns", "datasets"):
            old, new = Path(before[part]), now[part].absolute()
            pair = [path.as_uri() if address else str(path) for path in (old, new)]
            if pair[0] != pair[1]:
                made.append(_move(schema, table, column, *pair))
    return made


def _move(schema: str, table: str, column: str, old: str, new: str) -> str:
    from psycopg.sql import SQL, Identifier, Literal

    change = SQL("UPDATE {} SET {c} = {} || substr({c}, {}) WHERE starts_with({c}, {})").format(
        Identifier(schema, table), Literal(new), Literal(len(old) + 1), Literal(old), c=Identifier(column)
    )
    there = SQL(
        "SELECT FROM information_schema.columns WHERE table_schema = {} AND table_name = {} AND column_name = {}"
    ).format(Literal(schema), Literal(table), Literal(column))
    block = SQL("BEGIN IF EXISTS ({}) THEN {}; END IF; END").format(there, change).as_string(None)
    return SQL("DO {}").format(Literal(block)).as_string(None)


def _altered(file: Path, name: str, expected: object, found: object) -> DataError:
    return DataError(
        f"{name} in {file} is not what the backup's manifest says",
        allowed=f"sha256 and size {expected}" if expected else "no such file",
        found=f"sha256 and size {found}" if found else "missing",
        next="use another backup; nothing was changed here",
    )


def _no_backup(file: Path, found: str) -> UserError:
    return UserError(
        f"{file} is not a backup that can be restored",
        allowed="a whole file that `mill backup` wrote",
        found=found,
        next="use another backup; nothing was changed here",
    )
