"""What has a reason to be made again, and why. `mill run`, the nightly schedule and the sensor ask here, so they agree.

Each stage says itself whether it would do something, by the hash of its input; no heavy library is loaded.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine

from modelmill.errors import MillError
from modelmill.records import Candidate, Corpus
from modelmill.settings import Profile, Settings
from modelmill.store import candidates, publications, releases
from modelmill.store import corpora as corpus_store
from modelmill.task import Task, get_task


@dataclass(frozen=True, slots=True)
class Reason:
    """`stage` of `of` (a corpus or a task) has something to do. state: changes whenever the reason is another one."""

    stage: str
    of: str
    why: str
    state: str = ""

    def __str__(self) -> str:
        return f"{self.stage} {self.of}: {self.why}"


def reasons(
    settings: Settings,
    db: Engine,
    corpora: Sequence[str] = (),
    tasks: Sequence[str] = (),
    profile: Profile | None = None,
    seed: int | None = None,
    force: bool = False,
) -> tuple[Reason, ...]:
    """The first stage of every corpus and task that has something to do; what follows it is done with it.

    Tasks are judged by the corpora as last taken in: take those in first, then ask again. Raises UserError for an
    unknown name.
    """
    found: list[Reason] = []
    for name in corpora:
        found += corpus_reasons(settings, db, corpus_store.get(db, settings.tenant, name), force)
    for name in tasks:
        dial = (profile or settings.profile, settings.seed if seed is None else seed)
        found += task_reasons(settings, db, get_task(name), *dial, force)
    return tuple(found)


def corpus_reasons(settings: Settings, db: Engine, corpus: Corpus, force: bool = False) -> list[Reason]:
    """Whether the corpus is to be taken in; its source is looked at."""
    from modelmill.embed.stage import current_encoder, input_hash
    from modelmill.extract.stage import current_revision, is_current
    from modelmill.normalize import stage as normalize

    if force:
        return [Reason("extract", corpus.name, "forced")]
    if corpus.revision is None:
        return [Reason("extract", corpus.name, "never taken in", str(corpus.id))]
    documents = publications.current(db, "documents", corpus.key)
    taken = documents.id if documents else 0  # in the state: what was there before, and is there again, is a new reason
    try:
        revision = current_revision(settings, db, corpus)
    except MillError as error:  # its own run says it in full, and the other corpora are taken in
        return [Reason("extract", corpus.name, f"{error.failed}: {error.found}", f"{taken}:unread")]
    if not is_current(settings, db, corpus, revision):
        return [Reason("extract", corpus.name, _changed("revision", corpus.revision, revision), f"{taken}:{revision}")]
    if not normalize.is_current(db, corpus):
        why = "documents or the code that reads them changed"
        return [Reason("normalize", corpus.name, why, f"{taken}:units:{revision}")]
    model = current_encoder(settings, db).name
    wanted = input_hash(db, corpus, model)
    last = publications.current(db, "vectors", corpus.key)
    if last is None or last.input_hash != wanted:
        return [Reason("embed", corpus.name, f"units or the model changed ({model})", wanted)]
    return []


def task_reasons(
    settings: Settings, db: Engine, task: Task, profile: Profile, seed: int, force: bool = False
) -> list[Reason]:
    """Whether the task is to be made again, judged by the units as they are now; one that waits is not."""
    found = _stage_due(settings, db, task, profile, seed, force)
    return [] if found and waiting(settings, db, task) else found


def waiting(settings: Settings, db: Engine, task: Task) -> MillError | None:
    """What the task has to have before anything can be learnt, while it has it not."""
    from modelmill.datasets.stage import nothing_to_learn

    return nothing_to_learn(settings, db, task)


def _stage_due(settings: Settings, db: Engine, task: Task, profile: Profile, seed: int, force: bool) -> list[Reason]:
    from modelmill.datasets import stage as datasets
    from modelmill.finetune import stage as finetune
    from modelmill.store import datasets as dataset_store

    if force:
        return [Reason("datasets", task.name, "forced")]
    if publications.current(db, f"{task.name}/dataset") is None:
        return [Reason("datasets", task.name, "never made")]
    if not datasets.is_current(settings, db, task, profile, seed):
        return [Reason("datasets", task.name, "units, consent, its code or the dial changed")]
    wanted = finetune.inputs(settings, task, dataset_store.load(db, task), profile, seed)
    trained = publications.current(db, f"{task.name}{candidates.ASSET}")
    if trained is None or trained.input_hash != wanted:
        why = "never trained" if trained is None else "data, base model, recipe, engine or dial changed"
        return [Reason("finetune", task.name, why)]
    return _unreleased(settings, db, task, candidates.get(settings, db, trained.sha256))


def _unreleased(settings: Settings, db: Engine, task: Task, candidate: Candidate) -> list[Reason]:
    """What was released once, also if taken back, and what the gate refused beside this champion, stays as it is."""
    from modelmill.evaluate import reports
    from modelmill.evaluate.stage import inputs

    if releases.of_candidate(db, task.name, candidate.sha256):
        return []
    champion = candidates.standing(settings, db, task.name).champion
    measured = publications.current(db, f"{task.name}/report")
    report = reports.for_candidate(db, candidate.sha256, champion.sha256 if champion else "")
    if report is None or measured is None or measured.input_hash != inputs(settings, task, candidate, champion):
        return [Reason("evaluate", task.name, "not measured beside the present champion", candidate.sha256)]
    return [Reason("deploy", task.name, "passed the gate, not released yet", candidate.sha256)] if report.passed else []


def _changed(what: str, before: str, now: str) -> str:
    return f"{what} {now[:24]} (was {before[:24]})" if before != now else "its place or the code that reads it changed"


def said(why: Iterable[Reason]) -> str:
    """In one line, for a tag or a log."""
    return "; ".join(str(reason) for reason in why)
