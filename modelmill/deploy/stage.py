"""Candidate -> release. The gate is looked up again here: an orchestrator's blocking check holds only in its own run.

What is slow (embedding every unit with the new model, building the Bento) is done before, and does nothing twice; the
promotion itself is one transaction, fenced, exactly once.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import Engine

from modelmill.deploy import bento, gate
from modelmill.errors import PrerequisiteError, RefusedError, UserError
from modelmill.evaluate import reports
from modelmill.inference import ir
from modelmill.progress import Progress, Step, silent
from modelmill.records import Candidate, Corpus, Release, canonical_json, sha256_text
from modelmill.settings import Settings
from modelmill.store import artifacts, candidates, corpora, publications, releases, vectors
from modelmill.store.publications import Lease
from modelmill.store.releases import Promotion
from modelmill.task import Predictor, Task


@dataclass(frozen=True, slots=True)
class Deployed:
    """release: what answers for the candidate, None when it was not let through; reason says why. fresh: made now."""

    release: Release | None
    reason: str
    fresh: bool

    def made(self, task: str) -> Release:
        """The release. Raises RefusedError when the gate let the candidate of `task` not through."""
        if self.release is None:
            raise RefusedError(
                f"the newest candidate of {task} was not released",
                allowed="one that the gate lets through",
                found=self.reason,
                next=f"change its data or parameters, then `mill run --task {task}`; what answers now stays",
            )
        return self.release


def deploy(
    settings: Settings,
    db: Engine,
    task: Task,
    progress: Progress = silent,
    by: str = "",
    idempotency_key: str | None = None,
) -> Deployed:
    """Release the newest candidate, if its newest report lets it through. The same again changes nothing.

    Raises PrerequisiteError when nothing was trained or evaluated, DataError for an altered artifact, FencedError.
    """
    newest = _newest(settings, db, task)
    known = releases.of_candidate(db, task.name, newest.sha256)
    if known is not None:
        return Deployed(_mended(settings, db, task, known), f"{known.name} is this candidate's, {known.status}", False)
    champion = releases.champion(db, task.name)
    against = champion.candidate_sha256 if champion else ""
    verdict = reports.for_candidate(db, newest.sha256, against)
    reasons = list(gate.refusals(db, task, newest, verdict))
    if verdict is None or reasons:
        return Deployed(None, "; ".join(reasons), False)
    path = artifacts.open_artifact(settings, newest.sha256)
    lease = publications.take(db, f"{task.name}/release")
    if task.indexes:
        _index(db, task.predictor(path), lease, progress)
    progress(Step(f"deploy {task.name}", 0, None, 0.0, "building the Bento"))
    wish = Promotion(
        task=task.name,
        candidate_sha256=newest.sha256,
        dataset_sha256=newest.dataset_sha256,
        report_id=verdict.id,
        bento_tag=bento.build(settings, task, newest.sha256),
        idempotency_key=idempotency_key or f"deploy:{newest.sha256}",
        by=by or publications.owner_name(),
        tenant=settings.tenant,
        against=against,
    )
    deployed = _promote(settings, db, wish, lease)
    if task.indexes:
        _publish_vectors(settings, db)
        _prune(settings, db)
    return deployed


def rollback(settings: Settings, db: Engine, task: Task, by: str = "", idempotency_key: str | None = None) -> Release:
    """The release kept warm answers again; what is taken back does not return by itself. Raises UserError."""
    who = by or publications.owner_name()
    with db.begin() as conn:
        done = releases.rollback(conn, task.name, who, idempotency_key, settings.tenant)
    _project(settings, db, done.release)
    return done.release


def rebuild(settings: Settings, db: Engine, task: Task, by: str = "") -> list[Release]:
    """The task's live releases with Bentos of the code of now: after an upgrade, for machines that lack the old ones.

    Raises UserError when nothing is released, DataError for an altered model.
    """
    live = [one for one in releases.live(db) if one.task == task.name]
    if not live:
        raise UserError(
            f"{task.name} has no release to rebuild",
            allowed="a task with a champion",
            found="none yet",
            next=f"mill run --task {task.name}",
        )
    return [_tagged(settings, db, task, one, by) for one in live]


def _tagged(settings: Settings, db: Engine, task: Task, one: Release, by: str) -> Release:
    artifacts.open_artifact(settings, one.candidate_sha256)
    return releases.retag(db, one, bento.build(settings, task, one.candidate_sha256), by, settings.tenant)


def _promote(settings: Settings, db: Engine, wish: Promotion, lease: Lease) -> Deployed:
    made = ir.about(artifacts.location(settings, wish.candidate_sha256))
    with db.begin() as conn:
        done = releases.promote(conn, wish)
        if done.fresh:
            publications.publish(
                conn,
                lease,
                input_hash=sha256_text(canonical_json([wish.candidate_sha256, wish.report_id])),
                sha256=wish.candidate_sha256,
                rows=1,
                detail={
                    "release": done.release.name,
                    "number": done.release.number,
                    "bento": wish.bento_tag,
                    "engine": made.told if made else "torch",
                },
            )
    _project(settings, db, done.release)
    return Deployed(done.release, wish.reason if done.fresh else "released by somebody else meanwhile", done.fresh)


def _index(db: Engine, predictor: Predictor, lease: Lease, progress: Progress) -> None:
    """Vectors of every tenant's units by the new model, before anybody asks it."""
    from modelmill.embed.stage import prepare

    prepare(db, predictor, _corpora(db), lease, progress)  # pyright: ignore


def _publish_vectors(settings: Settings, db: Engine) -> None:
    """Of every corpus those of the new champion are now the ones to look in; all are there, so nothing is loaded."""
    from modelmill.embed.stage import embed

    for corpus in _corpora(db):
        embed(settings, db, corpus)


def _prune(settings: Settings, db: Engine) -> None:
    """Vectors of models that answer no more go: each night would leave a library's worth of them behind."""
    from modelmill.embed.encoder import artifact_source, weights

    live = {weights(artifact_source(settings, one.candidate_sha256).name) for one in releases.live(db)}
    with db.begin() as conn:
        vectors.prune(conn, [name for name in vectors.models(conn) if weights(name) in live])


def _corpora(db: Engine) -> list[Corpus]:
    """Those that were taken in, of all tenants: the release answers all of them."""
    taken_in = publications.all_current(db, "units")
    return [one for one in corpora.everyones(db) if one.key in taken_in]


def _mended(settings: Settings, db: Engine, task: Task, known: Release) -> Release:
    """Of a release that is live: its Bento built again if it is gone, the aliases set if a killed run had not."""
    if known.status == "retired":
        return known
    if known.bento_tag is None or not bento.stored(settings, known.bento_tag):
        known = _tagged(settings, db, task, known, publications.owner_name())
    if known.status == "champion":
        _project(settings, db, known)
    return known


def _project(settings: Settings, db: Engine, champion: Release) -> None:
    """MLflow's aliases follow our tables; a mark on the disk saves the seconds of asking MLflow whether they do."""
    from modelmill import tracking

    mark = settings.home_dir / "aliases" / champion.task
    if mark.is_file() and mark.read_text(encoding="utf-8") == champion.name:
        return
    tracking.project_aliases(settings, db, champion.task)
    with suppress(OSError):  # the release is made: without the mark the next one asks MLflow again
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.write_text(champion.name, encoding="utf-8")


def _newest(settings: Settings, db: Engine, task: Task) -> Candidate:
    """The candidate that was published last: data may have gone back to an older one. It must have been evaluated."""
    published = publications.current(db, f"{task.name}{candidates.ASSET}")
    newest = candidates.get(settings, db, published.sha256) if published else candidates.newest(settings, db, task.name)
    if newest is None or reports.for_candidate(db, newest.sha256) is None:
        raise _nothing_to_release(task, newest)
    return newest


def _nothing_to_release(task: Task, newest: Candidate | None) -> PrerequisiteError:
    return PrerequisiteError(
        f"there is nothing of {task.name} to release",
        allowed="a candidate that was evaluated",
        found=f"candidate {newest.sha256[:12]}, not evaluated" if newest else "no candidate",
        next=f"mill evaluate --task {task.name}" if newest else f"mill finetune --task {task.name}",
    )
