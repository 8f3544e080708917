"""A frozen set's hash into dvc.lock, by the DVC program of its own environment (https://dvc.org/doc/command-reference/commit).

DVC and Dagster want different releases of one parser library, so DVC is a program here and never imported.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from modelmill import receipts
from modelmill.errors import PrerequisiteError
from modelmill.records import Dataset
from modelmill.settings import Settings

TRIES, PAUSE = 5, 2.0  # another dvc command holds its lock for some seconds
TIMEOUT = 300


@dataclass(frozen=True, slots=True)
class Pinned:
    """Whether dvc.lock holds the set's hash now; why not, otherwise."""

    pinned: bool
    why_not: str = ""


def pin(settings: Settings, dataset: Dataset) -> Pinned:
    """Record what lies in data/datasets/<task> as the outcome of its DVC stage. Raises PrerequisiteError.

    Nothing is done below DVC itself (it records what its stages made), nor where the root is no DVC project.
    """
    if os.environ.get("DVC_STAGE"):
        return Pinned(False, "DVC runs this stage and records it itself")
    if not (settings.root / ".dvc").is_dir():
        return Pinned(False, f"{settings.root} is no DVC project (no .dvc folder)")
    receipts.write(settings, "normalize")
    receipts.put(settings, "datasets", dataset.task, receipt(dataset))
    _commit(settings, program(settings), f"datasets@{dataset.task}")
    return Pinned(True)


def receipt(dataset: Dataset) -> dict[str, object]:
    """What `receipts.write` will write of the set once it is published."""
    return {dataset.task: receipts.entry(dataset.sha256, sum(dataset.counts.values()))}


def lacking(settings: Settings) -> PrerequisiteError | None:
    """What `pin` would fail for, told before the work that leads to it."""
    if os.environ.get("DVC_STAGE") or not (settings.root / ".dvc").is_dir():
        return None
    try:
        program(settings)
    except PrerequisiteError as error:
        return error
    return None


def program(settings: Settings) -> Path:
    """The dvc program. Raises PrerequisiteError saying how to get it."""
    own = settings.root / ".venv-dvc" / "bin" / "dvc"
    found = settings.dvc or (own if own.is_file() else shutil.which("dvc"))
    if found is None or not os.access(found, os.X_OK):
        raise PrerequisiteError(
            "the dataset cannot be pinned: there is no DVC",
            allowed=f"{own}, MILL_DVC, or dvc on the PATH",
            found=str(found) if found else "none of them",
            next="make setup  (or: python3.11 -m venv .venv-dvc && .venv-dvc/bin/pip install 'dvc>=3.67')",
        )
    return Path(found)


def _commit(settings: Settings, dvc: Path, stage: str) -> None:
    for left in reversed(range(TRIES)):
        done = subprocess.run(
            [str(dvc), "commit", "--force", stage],  # --quiet would not say either why it failed
            cwd=settings.root,
            env=settings.child_env(),
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        if done.returncode == 0:
            return
        if left and "lock" in done.stderr:
            time.sleep(PAUSE)
            continue
        raise PrerequisiteError(
            f"DVC did not pin {stage}",
            allowed="`dvc commit` ends with 0",
            found=f"exit code {done.returncode}: {done.stderr.strip()[-500:]}",
            next=f"{dvc} status {stage}",
        )
