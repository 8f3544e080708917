"""What OpenVINO made of a model, kept in a folder: to make it takes .4 CPU-s of MiniLM, to read it again .1.

Worth it for a process that embeds a few texts, or asks one question, and ends. One is kept, of the model that was
compiled last, under the hash of all that it depends on: the model's bytes, OpenVINO's version, the processor and the
options. It begins with the hash of the rest, so what was cut off or altered is made again. The model works in the
mapped file: pages of one's own are dear, and of MiniLM there would be 12,000 more.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from modelmill.records import canonical_json

PROCESSOR = Path("/proc/cpuinfo")
SUFFIX = ".blob"
TOLD_AGAIN = ("NUM_STREAMS", "INFERENCE_NUM_THREADS")  # when it is read: no number depends on them
DIGEST = hashlib.sha256().digest_size


def compiled(runtime: Any, xml: Path, options: Mapping[str, Any], kept: Path | None = None, said: str = "") -> Any:
    """The model compiled for the CPU, to be held as long as it is asked.

    kept: the folder for what was made of it; None: it is made, and not kept. said: the hash of the artifact in which it
    lies, if the caller has verified that; else its files are read. Raises whatever OpenVINO does for a model that it
    cannot compile.
    """
    core = runtime.Core()
    if kept is None:
        return core.compile_model(str(xml), "CPU", options)
    file = kept / (_key(runtime, said or _hashes(xml), options) + SUFFIX)
    there = _read(file)
    if there is not None:
        with suppress(RuntimeError):  # of a kind that this build does not read after all
            read = core.import_model(runtime.Tensor(there, shared_memory=True), "CPU", options)
            read.memory = there  # in which it works, and which OpenVINO does not hold
            return read
    made = core.compile_model(str(xml), "CPU", options)
    with suppress(OSError, RuntimeError):  # a full disk, or a build that exports none, costs the next one half a second
        _keep(file, made.export_model().getvalue())
    return made


def processor_flags() -> frozenset[str]:
    """The instructions that the processor has; empty where nobody can tell."""
    try:
        lines = PROCESSOR.read_text(encoding="utf-8").splitlines()
    except OSError:
        return frozenset()
    said = next((line for line in lines if line.startswith(("flags", "Features"))), "")
    return frozenset(said.partition(":")[2].split())


def _hashes(xml: Path) -> list[str]:
    return [hashlib.sha256(file.read_bytes()).hexdigest() for file in (xml, xml.with_suffix(".bin"))]


def _key(runtime: Any, model: str | list[str], options: Mapping[str, Any]) -> str:
    deciding = {name: value for name, value in options.items() if name not in TOLD_AGAIN}
    depends_on = [model, runtime.get_version(), sorted(processor_flags()), deciding]
    return hashlib.sha256(canonical_json(depends_on).encode()).hexdigest()


def _read(file: Path) -> Any:
    """(n,) uint8, mapped; None where the file is not what was kept. It is only ever replaced, never written to."""
    import numpy as np

    try:
        with file.open("rb") as opened:
            said = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_COPY)
    except (OSError, ValueError):  # an empty one cannot be mapped
        return None
    whole = hashlib.sha256(memoryview(said)[DIGEST:]).digest() == said[:DIGEST]
    return np.frombuffer(said, np.uint8, offset=DIGEST) if whole else None


def _keep(file: Path, made: bytes) -> None:
    """Whole or not at all, and in place of all that was there: the one before, and what killed processes left."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=file.parent)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(hashlib.sha256(made).digest() + made)
        Path(draft).replace(file)
    except OSError:
        Path(draft).unlink(missing_ok=True)
        raise
    for other in set(file.parent.iterdir()) - {file}:  # another process whose draft goes makes its model again
        other.unlink(missing_ok=True)
