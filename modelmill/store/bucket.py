"""The store that machines share (MILL_STORE_URL): every artifact as one object, `<first two digits>/<sha256>.tar`.

Whoever lacks an artifact fetches it; the folder in the home is then its copy. An object appears whole or not at all,
and what comes out of one is verified as any artifact is. The file systems are pyarrow's: s3://, gs://, abfss://,
file:/// (https://arrow.apache.org/docs/python/filesystems.html).
"""

from __future__ import annotations

import shutil
import tarfile
import tempfile
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from modelmill.errors import PrerequisiteError
from modelmill.settings import Settings

BLOCK = 1 << 20
TRACKED = "mlflow"  # the folder of MLflow's files (tracked_files.py)


def push(settings: Settings, sha256: str, folder: Path) -> bool:
    """Whether it was sent: False without a store, or when it is there. Raises PrerequisiteError when it cannot be."""
    if settings.store_url is None:
        return False
    with _opened(settings, "written to") as (files, root), tempfile.TemporaryFile() as packed:
        _pack(folder, packed)
        name, size = f"{root}/{_name(sha256)}", packed.tell()
        [known] = files.get_file_info([name])
        if known.size == size:
            return False
        packed.seek(0)
        if files.type_name == "local":
            files.create_dir(str(Path(name).parent), recursive=True)
        with files.open_output_stream(name) as out:
            while block := packed.read(BLOCK):
                out.write(block)
    return True


def fetch(settings: Settings, sha256: str, into: Path) -> bool:
    """Unpack the artifact into the empty folder `into`, not yet verified; False when there is none or no store.

    Raises PrerequisiteError when the store does not answer.
    """
    if settings.store_url is None:
        return False
    with _opened(settings, "read from") as (files, root), tempfile.TemporaryFile() as packed:
        name = f"{root}/{_name(sha256)}"
        [known] = files.get_file_info([name])
        if not known.is_file:
            return False
        with files.open_input_stream(name) as stream:
            while block := stream.read(BLOCK):
                packed.write(block)
        packed.seek(0)
        _unpack(packed, into)
    return True


def erase(settings: Settings, sha256s: Iterable[str], endings: Sequence[str]) -> int:
    """Delete these artifacts' objects, and of MLflow's files those whose names end so; how many.

    A bucket that keeps versions keeps theirs. Raises PrerequisiteError when the store does not answer.
    """
    if settings.store_url is None:
        return 0
    from pyarrow import fs

    with _opened(settings, "deleted from") as (files, root):
        tracked = fs.FileSelector(f"{root}/{TRACKED}", recursive=True, allow_not_found=True)
        found = [*files.get_file_info([f"{root}/{_name(one)}" for one in sha256s])]
        found += [one for one in files.get_file_info(tracked) if one.path.endswith(tuple(endings))]
        gone = [one.path for one in found if one.is_file]
        for path in gone:
            files.delete_file(path)
    return len(gone)


def look(settings: Settings) -> None:
    """Raise PrerequisiteError when the store does not answer, does not let us look, or has no such bucket."""
    if settings.store_url is None:
        return
    with _opened(settings, "looked at") as (files, root):
        bucket = root.partition("/")[0]
        [known] = files.get_file_info([bucket or root])
        if bucket and not known.is_file and known.type.name == "NotFound":
            raise FileNotFoundError(f"no bucket {bucket}")


def _name(sha256: str) -> str:
    return f"{sha256[:2]}/{sha256}.tar"


def _pack(folder: Path, out: Any) -> None:
    """The same bytes from the same files: no owner, no time."""
    with tarfile.open(fileobj=out, mode="w:", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                entry = tarfile.TarInfo(path.relative_to(folder).as_posix())
                entry.size, entry.mode = path.stat().st_size, 0o444
                with path.open("rb") as file:
                    archive.addfile(entry, file)


def _unpack(packed: Any, into: Path) -> None:
    """Plain files below `into`, and nothing else: who may write to the store must not write here. Raises ReadError.

    By hand: tarfile's own filters came with Python 3.11.4, and Debian 12 has 3.11.2.
    """
    with tarfile.open(fileobj=packed, mode="r:") as archive:
        for member in archive:
            target = into / member.name
            if not member.isreg() or member.name.startswith("/") or ".." in target.parts:
                raise tarfile.ReadError(f"{ascii(member.name)[:200]} in it is no plain file below the artifact")
            target.parent.mkdir(parents=True, exist_ok=True)
            content = archive.extractfile(member)
            with target.open("xb") as out:
                shutil.copyfileobj(content, out, BLOCK)  # pyright: ignore[reportArgumentType]  (a plain file has some)


def shown(settings: Settings) -> str:
    """The store's address without what may be secret in it; "" without one."""
    if settings.store_url is None:
        return ""
    parts = urlsplit(settings.store_url.get_secret_value())
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


@contextmanager
def _opened(settings: Settings, done: str) -> Generator[tuple[Any, str]]:
    """The file system and the folder in it that the address names; errors name the store."""
    from pyarrow import fs

    assert settings.store_url is not None
    try:
        files, root = fs.FileSystem.from_uri(settings.store_url.get_secret_value())
        yield files, root.rstrip("/")
    except (OSError, ValueError, tarfile.TarError) as error:
        raise PrerequisiteError(
            f"the store {shown(settings)} could not be {done}",
            allowed="a bucket that answers and lets this installation read and write, as s3://bucket/folder",
            found=f"{type(error).__name__}: {str(error)[:300]}",
            next="mend it or its credentials, or unset MILL_STORE_URL; then the same again",
        ) from error
