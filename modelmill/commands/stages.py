"""The stages as words: extract, normalize, embed, datasets, finetune, evaluate, deploy. The same words as in dvc.yaml.

Each calls its stage's function, draws its progress, says what came out and writes its receipt.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import typer

from modelmill.commands import session
from modelmill.commands.drawing import drawn

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from modelmill.errors import MillError
    from modelmill.progress import Progress
    from modelmill.records import Corpus
    from modelmill.settings import Settings
    from modelmill.task import Task

CORPUS = typer.Option(None, "--corpus", help="Only this corpus; all when left out.")
TASK = typer.Option(None, "--task", help="Only this task; all when left out.")
PROFILE = typer.Option(None, "--profile", help="tiny, small or full; MILL_PROFILE or params.yaml when left out.")
SEED = typer.Option(None, "--seed", help="Seed of every random choice; MILL_SEED or params.yaml when left out.")
TRIALS = typer.Option(None, "--trials", help="Trainings with other parameters; the best is made.")
FORCE = typer.Option(False, "--force", help="Also when nothing changed.")


def register(app: typer.Typer) -> None:
    """Add the words."""
    for word in (extract, normalize, embed, datasets, finetune, evaluate, deploy):
        app.command()(word)


def extract(corpus: str | None = CORPUS) -> None:
    """Corpora -> documents."""
    from modelmill.extract import stage

    _over_corpora("extract", corpus, lambda settings, db, one, tell: stage.extract(settings, db, one, tell))


def normalize(corpus: str | None = CORPUS) -> None:
    """Documents -> units. Parsed, cleaned of secrets and personal data, duplicates found; then checked."""
    from modelmill import guard
    from modelmill.normalize import stage

    def units(settings: Settings, db: Engine, one: Corpus, tell: Progress) -> Any:
        done = stage.normalize(settings, db, one, tell)
        guard.hold(guard.UNITS, settings, db, one)
        return done

    _over_corpora("normalize", corpus, units)


def embed(corpus: str | None = CORPUS) -> None:
    """Units -> vectors. What is stored is skipped."""
    from modelmill.embed import stage

    _over_corpora("embed", corpus, lambda settings, db, one, tell: stage.embed(settings, db, one, tell))


def datasets(
    task: str | None = TASK, profile: str | None = PROFILE, seed: int | None = SEED, force: bool = FORCE
) -> None:
    """Units -> frozen examples, split without leaks; then checked."""
    from modelmill import guard
    from modelmill.datasets import stage

    def build(settings: Settings, db: Engine, one: Task, tell: Progress) -> Any:
        built = stage.build(settings, db, one, settings.profile, settings.seed, tell, force=force)
        guard.hold(guard.DATASET, settings, db, one)
        return built

    _over_tasks("datasets", task, build, profile, seed)


def finetune(
    task: str | None = TASK,
    profile: str | None = PROFILE,
    seed: int | None = SEED,
    trials: int | None = TRIALS,
    force: bool = FORCE,
) -> None:
    """Dataset -> candidate. Trained in a process of its own."""
    from modelmill.finetune import stage
    from modelmill.store import datasets as stored

    def train(settings: Settings, db: Engine, one: Task, tell: Progress) -> Any:
        dataset = stored.load(db, one)
        return stage.finetune(settings, db, one, dataset, settings.profile, settings.seed, tell, force=force)

    _over_tasks("finetune", task, train, profile, seed, trials)


def evaluate(task: str | None = TASK, profile: str | None = PROFILE, seed: int | None = SEED) -> None:
    """Candidate -> report. Beside baseline and champion, with intervals."""
    from modelmill.evaluate import stage
    from modelmill.store import candidates

    def measure(settings: Settings, db: Engine, one: Task, tell: Progress) -> Any:
        return stage.evaluate(settings, db, one, candidates.newest(settings, db, one.name), tell)

    _over_tasks("evaluate", task, measure, profile, seed)


def deploy(task: str | None = TASK, profile: str | None = PROFILE, seed: int | None = SEED) -> None:
    """Report -> release, if the gate agrees. A running `mill up` serves it at once."""
    from modelmill import supervise
    from modelmill.deploy import stage

    def release(settings: Settings, db: Engine, one: Task, tell: Progress) -> Any:
        deployed = stage.deploy(settings, db, one, tell, by=session.actor())
        deployed.made(one.name)
        supervise.reconcile(settings, db)
        return deployed

    _over_tasks("deploy", task, release, profile, seed)


def _over_corpora(stage: str, name: str | None, work: Callable[[Settings, Engine, Corpus, Progress], Any]) -> None:
    """Do it for each: one that is bad does not keep the others from their turn, and what they gave is told first."""
    from modelmill import setup
    from modelmill.errors import DataError, UserError
    from modelmill.store import corpora

    settings = session.configured()
    db = setup.prepare(settings)
    chosen = [corpora.get(db, settings.tenant, name)] if name else corpora.all_corpora(db, settings.tenant)
    results: list[Any] = []
    failed: list[MillError] = []
    with drawn() as tell:
        for corpus in chosen:
            try:
                results.append(work(settings, db, corpus, tell))
            except (UserError, DataError) as error:
                failed.append(error)
    if results:
        _tell(settings, stage, "", results)
    if failed:
        raise _together(stage, failed)


def _together(stage: str, failed: list[MillError]) -> MillError:
    """The one failure, or one that names them all."""
    from modelmill.errors import UserError

    first, *more = failed
    if not more:
        return first
    return UserError(
        f"{len(failed)} corpora did not get through {stage}",
        allowed="corpora of which each can be taken in",
        found="; ".join(f"{one.failed}: {one.found}" for one in failed),
        next=first.next,
    )


def _over_tasks(
    stage: str,
    name: str | None,
    work: Callable[[Settings, Engine, Task, Progress], Any],
    profile: str | None,
    seed: int | None,
    trials: int | None = None,
) -> None:
    """Do it for each; of all of them, those that have nothing to learn from are told and passed over.

    One whose candidate is refused does not keep the others from their turn.
    """
    from modelmill import plan, setup
    from modelmill.errors import RefusedError
    from modelmill.task import all_tasks, get_task

    settings = session.configured(profile, seed, trials)
    chosen = [get_task(name)] if name else list(all_tasks().values())
    db = setup.prepare(settings)
    refused: list[RefusedError] = []
    for task in chosen:
        if not name and (missing := plan.waiting(settings, db, task)):
            typer.echo(f"waits: {missing}", err=True)
            continue
        try:
            with drawn() as tell:
                result = work(settings, db, task, tell)
        except RefusedError as error:
            refused.append(error)
        else:
            _tell(settings, stage, task.name, [result])
    for error in refused[1:]:
        typer.echo(f"error: {error}", err=True)
    if refused:
        raise refused[0]


def _tell(settings: Settings, stage: str, task: str, results: list[Any]) -> None:
    """Say what came out; DVC reads it from the receipt."""
    from modelmill import receipts
    from modelmill.commands.telling import sentence

    receipts.write(settings, stage, task)
    for result in results:
        typer.echo(f"{stage}: {sentence(result)}")
