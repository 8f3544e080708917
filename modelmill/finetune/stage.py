"""Dataset -> Candidate: train in a worker process, record in MLflow, publish the model by content. Nothing twice.

With trials (Settings.trials) the parameters are searched for first; what was chosen is then trained like any other.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, func
from sqlalchemy.dialects.postgresql import insert

from modelmill import tracking
from modelmill.embed.encoder import identity
from modelmill.errors import DataError, PrerequisiteError, UserError
from modelmill.finetune import checkpoints, training, trials
from modelmill.finetune.recipe import get_recipe
from modelmill.finetune.training import Training
from modelmill.finetune.trials import Params
from modelmill.inference import conversion, engine
from modelmill.progress import Progress, silent
from modelmill.records import Candidate, Dataset, canonical_json, sha256_text
from modelmill.settings import Profile, Settings
from modelmill.store import artifacts, candidates, datasets, publications, tables
from modelmill.task import Task

CARD = "README.md"
TRAINING = "training.json"


@dataclass(frozen=True, slots=True)
class Trained:
    """fresh: this call trained it; otherwise it was there already, from the same input."""

    candidate: Candidate
    fresh: bool


def finetune(
    settings: Settings,
    db: Engine,
    task: Task,
    dataset: Dataset,
    profile: Profile,
    seed: int,
    progress: Progress = silent,
    force: bool = False,
) -> Trained:
    """Train `task` on `dataset`. Raises UserError for a tainted dataset, else what the worker raises."""
    asset, input_hash = f"{task.name}{candidates.ASSET}", inputs(settings, task, dataset, profile, seed)
    known = None if force else _known(settings, db, asset, input_hash)
    if known is not None:
        return Trained(known, fresh=False)
    _refuse_tainted(db, dataset)
    of = Training(settings, task, datasets.here(settings, dataset), profile, seed)
    lease = publications.take(db, asset)
    kept = checkpoints.folder(settings, dataset.sha256, input_hash)
    params, found = _params(of, kept, progress)
    with training.staging(settings) as folder, training.run(of, params, tags=found) as run:
        metrics = training.train(of, params, folder, kept, run, progress)
        _describe(Path(folder), of, params)
        sha256, path = artifacts.publish_dir(settings, Path(folder), kind="model")
        run.tag("candidate_sha256", sha256)
        made = Candidate(sha256, task.name, dataset.sha256, path, profile, seed, dict(params), run.id)
        with db.begin() as conn:
            conn.execute(_row(made, {"metrics": metrics, "files": artifacts.read_manifest(path)["files"]}))
            publications.publish(
                conn, lease, input_hash=input_hash, sha256=sha256, rows=dataset.counts.get("train", 0), detail=metrics
            )
    checkpoints.discard(settings, kept)
    return Trained(made, fresh=True)


def inputs(settings: Settings, task: Task, dataset: Dataset, profile: Profile, seed: int) -> str:
    """Hash of all that makes the model what it is; threads and time are not among it."""
    recipe = [task.recipe, get_recipe(task.recipe).VERSION, dict(task.params[profile])]
    runs_on = [engine.wanted(settings), conversion.VERSION]
    searched = [settings.trials, trials.described(get_recipe(task.recipe).RANGES)] if settings.trials > 1 else []
    made_of = [dataset.sha256, recipe, identity(settings.base_model), runs_on, profile, seed, *searched]
    return sha256_text(canonical_json(made_of))


def _known(settings: Settings, db: Engine, asset: str, input_hash: str) -> Candidate | None:
    """The candidate of the same input, if its files are whole too."""
    last = publications.current(db, asset)
    if last is None or last.input_hash != input_hash:
        return None
    try:
        artifacts.open_artifact(settings, last.sha256)
        return candidates.get(settings, db, last.sha256)
    except (DataError, PrerequisiteError):  # lost or altered: it is made again
        return None


def _refuse_tainted(db: Engine, dataset: Dataset) -> None:
    if why := datasets.tainted(db, dataset.sha256):
        raise UserError(
            f"nothing is trained on the dataset {dataset.sha256[:12]}",
            allowed="a dataset all of whose sources may still be used",
            found=f"tainted: {why}",
            next=f"mill datasets --task {dataset.task}",
        )


def _params(of: Training, kept: Path, progress: Progress) -> tuple[Params, dict[str, str]]:
    """What to train with, the task's own parameters or the best of the trials; and tags that say where it was found."""
    own, recipe, number = dict(of.task.params[of.profile]), get_recipe(of.task.recipe), of.settings.trials
    if number < 2:
        return own, {}
    with training.run(of, own, f" search of {number}") as search:

        def train(place: int, params: Params) -> float:
            which = f"trial {place + 1} of {number}"
            trial_kept = kept / f"trial-{sha256_text(canonical_json(params))[:16]}"
            nested = training.run(of, params, f" {which}", {tracking.PARENT: search.id})
            with training.staging(of.settings) as folder, nested as run:
                metrics = training.train(of, params, folder, trial_kept, run, _named(which, progress))
            shutil.rmtree(trial_kept, ignore_errors=True)
            search.metric(recipe.SCORE, metrics[recipe.SCORE], place)
            return metrics[recipe.SCORE]

        chosen = trials.search(own, recipe.RANGES, number, of.seed, kept, train)
        search.metric(f"best_{recipe.SCORE}", chosen.score)
    return chosen.params, {"search_run": search.id}


def _named(which: str, progress: Progress) -> Progress:
    return lambda step: progress(replace(step, what=f"{which}: {step.what}"))


def _describe(folder: Path, of: Training, params: Params) -> None:
    """What the model was made from, as part of what it is: for machines and, as a model card, for people."""
    base = of.settings.base_model
    made_from = {**of.origin, "base": base, "params": dict(params)}
    (folder / TRAINING).write_text(json.dumps(made_from, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    sources = "".join(
        f"* {one['corpus']} at {str(one['revision'])[:40]}, licence {one['licence']}\n"
        for one in of.dataset.manifest.get("sources", ())
    )
    card = (
        f"# {of.task.title}\n\n{of.task.question}\n\nFine-tuned from {base} by the recipe `{of.task.recipe}` of "
        f"modelmill on the dataset {of.dataset.sha256} ({dict(of.dataset.counts)}), profile {of.profile}, "
        f"seed {of.seed}. Its scores are in its report, not here.\n\nSources:\n\n{sources}"
    )
    (folder / CARD).write_text(card, encoding="utf-8")


def _row(made: Candidate, manifest: Mapping[str, Any]) -> Any:
    """The same bytes trained again: newest again, with the newer run."""
    values = {
        "sha256": made.sha256, "task": made.task, "dataset_sha256": made.dataset_sha256, "profile": made.profile,
        "seed": made.seed, "params": dict(made.params), "manifest": manifest, "mlflow_run_id": made.mlflow_run_id,
    }  # fmt: skip
    statement = insert(tables.candidate).values(values)
    again = {"mlflow_run_id": made.mlflow_run_id, "manifest": manifest, "created_at": func.now()}
    return statement.on_conflict_do_update(index_elements=["sha256"], set_=again)
