"""What a stage left behind, as a small file that DVC tracks: content hashes and counts, the same from the same content.

`data/receipts/<stage>[-<task>].json` is written from what was published, so it does not matter whether a person,
Dagster or DVC ran the stage, nor whether it had anything to do.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from modelmill.errors import PrerequisiteError
from modelmill.records import name_within
from modelmill.settings import Settings
from modelmill.store import database, publications

# Stage -> the asset that it publishes; those of tasks are `<task>/<asset>`.
OF_CORPORA = {"extract": "documents", "normalize": "units", "embed": "vectors"}
OF_TASKS = {"datasets": "dataset", "finetune": "candidate", "evaluate": "report", "deploy": "release"}
PLOTS = {"finetune": "loss", "evaluate": "reliability"}  # by stage, how the file that `dvc plots` draws begins
SCORED = "evaluate"  # its receipt holds the scores too: `dvc metrics show` and `dvc metrics diff` read them


def write(settings: Settings, stage: str, task: str = "") -> Path:
    """Write the stage's receipt from what is published now; returns the file."""
    db = database.engine(settings)
    if stage in OF_CORPORA:
        everyones = publications.all_current(db, OF_CORPORA[stage]).items()
        found = {name: one for key, one in everyones if (name := name_within(settings.tenant, key))}
    else:
        last = publications.current(db, f"{task}/{OF_TASKS[stage]}")
        found = {task: last} if last else {}
    body = {name: entry(one.sha256, one.rows) for name, one in found.items()}
    if stage == SCORED:
        body = {name: {**body[name], **one.detail} for name, one in found.items()}
    if stage in PLOTS and found:
        _write_plot(settings, db, stage, task, found[task].sha256)
    return put(settings, stage, task, body)


def plot(settings: Settings, stage: str, task: str) -> Path:
    """The CSV that `dvc plots` draws: of `finetune` the loss by step, of `evaluate` how sure and how often right."""
    return settings.data_dir / "receipts" / f"{PLOTS[stage]}-{task}.csv"


def _write_plot(settings: Settings, db: Engine, stage: str, task: str, sha256: str) -> None:
    from modelmill.evaluate import reports
    from modelmill.store import candidates
    from modelmill.task import get_task

    rows: list[str] = []
    if stage == SCORED:
        newest = reports.latest(db, get_task(task))
        bins = reports.details(db, newest.id)["curves"].get("candidate", []) if newest else []
        rows = ["confidence,right,n", *(f"{one['confidence']:.4f},{one['right']:.4f},{one['n']}" for one in bins)]
    else:
        from modelmill import tracking

        made = candidates.get(settings, db, sha256)
        known = tracking.curves(settings, made.mlflow_run_id) if made.mlflow_run_id else {}
        rows = ["step,loss", *(f"{step},{value:.6g}" for step, value in known.get("loss", []))]
    _replace(plot(settings, stage, task), "\n".join(rows) + "\n")


def entry(sha256: str, rows: int) -> dict[str, Any]:
    """What a receipt says of one corpus or task."""
    return {"sha256": sha256, "rows": rows}


def put(settings: Settings, stage: str, task: str, body: Mapping[str, Any]) -> Path:
    """Write the receipt whole or not at all; one that says the same already is left as it is."""
    file = settings.data_dir / "receipts" / f"{stage}{'-' if task else ''}{task}.json"
    _replace(file, json.dumps(body, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    return file


def _replace(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.is_file() or file.read_text(encoding="utf-8") != text:
            temp = file.with_suffix(f".{os.getpid()}.tmp")
            temp.write_text(text, encoding="utf-8")
            temp.replace(file)
    except OSError as error:
        raise PrerequisiteError(
            f"the receipt {file} could not be written",
            allowed="a writable folder data/receipts with space",
            found=f"{type(error).__name__}: {error.strerror or error}",
            next="free space or mend the permissions, then run the same again",
        ) from error
