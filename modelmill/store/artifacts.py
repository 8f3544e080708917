"""Artifacts: directories stored by content, published whole or not at all, verified whenever they are opened.

An artifact holds data only (safetensors, JSON, text, Parquet, an IR under `openvino/`): nothing in it is code.
Its manifest, `artifact.json`, lists every file with size and sha256; the sha256 of the manifest's canonical spelling
is the artifact's name. A staging folder may have a `manifest.json` of its own: that is one of its files.
Written as temp, fsync, rename, fsync of the folder, so that a killed writer leaves no half of one. Where machines share
a store (bucket.py), what is published is sent there too, and what is not here is fetched from there.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import stat
import struct
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from modelmill.errors import DataError, PrerequisiteError, UserError
from modelmill.inference import ir, ir_check, onnx_check, onnx_model
from modelmill.records import canonical_json, sha256_text
from modelmill.settings import Settings
from modelmill.store import bucket

MANIFEST = "artifact.json"
SUFFIXES = (".safetensors", ".json", ".txt", ".parquet", ".md")
IR = tuple(f"{ir.FOLDER}/{name}" for name in ir.IR)  # the only places where these suffixes are let in
ONNX = f"{ir.FOLDER}/{onnx_model.FILE}"
BLOCK = 1 << 20
TEMP_MAX_AGE = 24 * 3600  # seconds; older temp folders belong to writers that were killed
NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

Manifest = dict[str, Any]


def publish_dir(settings: Settings, staging: Path, kind: str) -> tuple[str, Path]:
    """Copy `staging` into the store; returns its sha256 and where it lies. The same content again is the same artifact.

    Raises UserError for a file that is not data, PrerequisiteError when it cannot be written.
    """
    store = settings.artifacts_dir
    temp = store / ".tmp" / uuid.uuid4().hex
    try:
        _collect_old(store / ".tmp")
        temp.mkdir(parents=True)
        manifest = {"kind": kind, "files": _copy_all(staging, temp)}
        sha256 = sha256_text(canonical_json(manifest))
        _write(temp / MANIFEST, canonical_json(manifest).encode())
        target = _place(temp, location(settings, sha256), sha256)
        bucket.push(settings, sha256, target)
    except OSError as error:
        raise _not_written(store, error) from error
    finally:
        shutil.rmtree(temp, ignore_errors=True)
    return sha256, target


def open_artifact(settings: Settings, sha256: str) -> Path:
    """The verified artifact's folder. Raises PrerequisiteError when it is not there, DataError when it was altered."""
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise UserError(
            f"{sha256!r} names no artifact", allowed="64 hexadecimal digits", found=repr(sha256), next="mill releases"
        )
    path = location(settings, sha256)
    if not path.is_dir() and not _fetched(settings, sha256, path):
        there = bucket.shown(settings)
        raise PrerequisiteError(
            f"the artifact {sha256[:12]} is not in the store",
            allowed=f"a folder {path}" + (f", or an object in {there}" if there else ""),
            found="nothing there",
            next="restore the store from a backup, or make it again: mill run --force",
        )
    verify(path, sha256)
    return path


def verify(path: Path, sha256: str) -> None:
    """Read every byte of the artifact. Raises DataError naming the first file that is not what its manifest says."""
    manifest = read_manifest(path)
    # Its bytes, not what they say: a space more says the same, and so would a link to a file that others may write.
    found = "a link" if (path / MANIFEST).is_symlink() else _digest(path / MANIFEST)
    if found != sha256:
        raise _altered(path, MANIFEST, f"sha256 {sha256}", found)
    present = {str(file.relative_to(path)) for file in path.rglob("*") if not file.is_dir()} - {MANIFEST}
    for extra in sorted(present - set(manifest["files"])):
        raise _altered(path, extra, "no such file", "a file that the manifest does not list")
    for name, entry in manifest["files"].items():
        found = _digest(path / name) if name in present and not (path / name).is_symlink() else "missing"
        if found != entry["sha256"]:
            raise _altered(path, name, f"sha256 {entry['sha256']}", found)


def read_manifest(path: Path) -> Manifest:
    """{"kind", "files": {name: {"sha256", "size"}}}. Raises DataError when it is not there or not a manifest."""
    try:
        manifest: Manifest = json.loads((path / MANIFEST).read_bytes())
        if isinstance(manifest["files"], dict) and isinstance(manifest["kind"], str):
            return manifest
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _altered(path, MANIFEST, "a manifest", f"{type(error).__name__}: {error}") from error
    raise _altered(path, MANIFEST, "a manifest", "something else")


def size_bytes(path: Path) -> int:
    """Bytes of all files that the manifest lists."""
    return sum(entry["size"] for entry in read_manifest(path)["files"].values())


def location(settings: Settings, sha256: str) -> Path:
    """Where the artifact lies or would lie; nothing is looked at."""
    return settings.artifacts_dir / sha256[:2] / sha256


def opened(settings: Settings, path: Path) -> str:
    """The hash of the artifact whose folder that is, "" of one that is none."""
    return path.name if path == location(settings, path.name) else ""


def _fetched(settings: Settings, sha256: str, path: Path) -> bool:
    """Whether it came from the shared store and lies at `path` now. Raises DataError when what came is another."""
    temp = settings.artifacts_dir / ".tmp" / uuid.uuid4().hex
    try:
        temp.mkdir(parents=True)
        if not bucket.fetch(settings, sha256, temp):
            return False
        verify(temp, sha256)
        _keep(temp)
        _place(temp, path, sha256)
    except OSError as error:
        raise _not_written(settings.artifacts_dir, error) from error
    finally:
        shutil.rmtree(temp, ignore_errors=True)
    return True


def _keep(folder: Path) -> None:
    """As if it had been written here: read-only files, all on the disk."""
    for path in (*folder.rglob("*"), folder):
        if path.is_dir():
            _sync_folder(path)
        else:
            with path.open("rb") as file:
                os.fsync(file.fileno())
            path.chmod(0o444)


def _copy_all(staging: Path, temp: Path) -> Mapping[str, Mapping[str, Any]]:
    """Copy every file, folder by folder, and fsync; returns the manifest's part about files."""
    files: dict[str, Mapping[str, Any]] = {}
    for source in sorted(staging.rglob("*")):
        if source.is_dir() and not source.is_symlink():
            continue
        name = source.relative_to(staging).as_posix()
        _refuse_code(source, name)
        target = temp / name
        target.parent.mkdir(parents=True, exist_ok=True)
        files[name] = _copy(source, target)
    if not files:
        raise UserError(
            "an artifact cannot be empty", allowed="at least one file", found=str(staging), next="mill doctor"
        )
    for folder in {target.parent for target in temp.rglob("*")} | {temp}:
        _sync_folder(folder)
    return files


def _refuse_code(source: Path, name: str) -> None:
    """Only regular data files; a .safetensors file must begin like one, a model's config must not name code to load."""
    if found := _fault(source, name):
        raise UserError(
            f"{name} cannot be part of an artifact",
            allowed="regular files " + ", ".join((*SUFFIXES, *IR, ONNX)),
            found=found,
            next="save the model as safetensors and JSON only",
        )


def _fault(source: Path, name: str) -> str:
    """What speaks against the file; empty: nothing."""
    if not stat.S_ISREG(source.lstat().st_mode):
        return "a link or device"
    if name in IR:
        return ir_check.fault(*(source.parent / one for one in ir.IR))
    if name == ONNX:
        return onnx_check.fault(source)
    if source.suffix not in SUFFIXES or name == MANIFEST:
        return f"a file {source.suffix or 'without suffix'}"
    if source.suffix == ".safetensors" and not _is_safetensors(source):
        return "a file that only has the name of safetensors"
    if source.name == "config.json" and b'"auto_map"' in source.read_bytes():
        return "a model configuration that names code to load (auto_map)"
    return ""


def _is_safetensors(source: Path) -> bool:
    """Eight bytes with the header's length, then a JSON object: https://github.com/huggingface/safetensors#format."""
    with source.open("rb") as file:
        start = file.read(9)
    return len(start) == 9 and start[8:] == b"{" and struct.unpack("<Q", start[:8])[0] < source.stat().st_size


def _copy(source: Path, target: Path) -> Mapping[str, Any]:
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as reader, target.open("wb") as writer:
        while block := reader.read(BLOCK):
            digest.update(block)
            size += len(block)
            writer.write(block)
        _sync(writer)
    target.chmod(0o444)
    return {"sha256": digest.hexdigest(), "size": size}


def _write(target: Path, content: bytes) -> None:
    with target.open("wb") as writer:
        writer.write(content)
        _sync(writer)
    target.chmod(0o444)
    _sync_folder(target.parent)


def _place(temp: Path, target: Path, sha256: str) -> Path:
    """Rename into place. A whole one that is there already stays; a damaged one is replaced."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_dir() and not _whole(target, sha256):
        with suppress(FileNotFoundError):  # somebody else is replacing it
            target.rename(temp.with_suffix(".damaged"))
        shutil.rmtree(temp.with_suffix(".damaged"), ignore_errors=True)
    if not target.is_dir():
        try:
            temp.rename(target)
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):  # these two: somebody else was first with the same
                raise
        _sync_folder(target.parent)
    return target


def _whole(path: Path, sha256: str) -> bool:
    try:
        verify(path, sha256)
    except DataError:
        return False
    return True


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as reader:
        while block := reader.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _collect_old(folder: Path) -> None:
    for entry in folder.iterdir() if folder.is_dir() else ():
        with suppress(FileNotFoundError):  # its writer has just finished
            if time.time() - entry.stat().st_mtime > TEMP_MAX_AGE:
                shutil.rmtree(entry, ignore_errors=True)


def _altered(path: Path, name: str, allowed: str, found: str) -> DataError:
    return DataError(
        f"{path / name} is not what the artifact's manifest says",
        allowed=allowed,
        found=found,
        next="restore it from a backup, or make it again: mill run --force",
    )


def _not_written(store: Path, error: OSError) -> PrerequisiteError:
    free = shutil.disk_usage(store).free // 2**20 if store.is_dir() else 0
    reason = "no space left" if error.errno in NO_SPACE else type(error).__name__
    return PrerequisiteError(
        f"an artifact could not be written to {store}",
        allowed="a writable folder with space for the model",
        found=f"{reason}: {error.strerror or error} ({free} MiB free)",
        next="free space there, or set MILL_HOME to another disk; then run the same again",
    )
