"""An installation made ready: tables, default corpora, Dagster's home. Safe to repeat; quick when nothing is new."""

from __future__ import annotations

import subprocess
import sys

from sqlalchemy import Engine

from modelmill.errors import PrerequisiteError
from modelmill.settings import CHECKOUT, Settings
from modelmill.store import corpora, database


def prepare(settings: Settings) -> Engine:
    """Make everything that must be there before work begins, and return the database."""
    for folder in (settings.home_dir, settings.mlruns_dir, settings.data_dir):
        folder.mkdir(parents=True, exist_ok=True)
    database.migrate(settings)
    db = database.engine(settings)
    corpora.ensure_defaults(settings, db)
    return db


def dagster(settings: Settings) -> None:
    """Dagster's home and tables, made by the orchestration room as a program: this package imports no Dagster."""
    done = subprocess.run(
        [sys.executable, "-m", "orchestration.instance"],
        env=settings.child_env(),
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise PrerequisiteError(
            f"Dagster's home {settings.home_dir / 'dagster'} could not be made",
            allowed="a writable home folder and a database that answers",
            found=(done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1],
            next="mill doctor",
        )
