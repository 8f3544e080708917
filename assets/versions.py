"""The version of the code behind an asset, so that Dagster shows what was made by older code."""

import hashlib
from pathlib import Path

import modelmill

HERE = Path(modelmill.__file__).parent


def code_version(stage: str, task: str = "") -> str:
    """Twelve hex digits of the folder modelmill/<stage> and, if given, of the task's file."""
    files = sorted((HERE / stage).rglob("*.py"))
    if task:
        files.append(HERE / "tasks" / f"{task}.py")
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()[:12]
