"""Dataset -> Candidate: train in a worker process, record in MLflow, publish the model by content. Nothing twice.

With trials (Settings.trials) the parameters are searched for first; what was chosen is then trained like any other.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, func
from sqlalchemy.dialects.postgresql import insert

from modelmill import tracking
from modelmill.embed.encoder import identity
from modelmill.errors import DataError, PrerequisiteError, UserError
from modelmill.finetune import checkpoints, trials
from modelmill.finetune.executors import local
from modelmill.finetune.recipe import get_recipe
from modelmill.inference import conversion, engine
from modelmill.progress import Progress, Step, silent
from modelmill.records import Candidate, Dataset, canonical_json, sha256_text
from modelmill.settings import Profile, Settings
from modelmill.store import artifacts, candidates, datasets, publications, tables
from modelmill.task import Task

CARD = "README.md"
TRAINING = "training.json"
# A killed training loses at most this much; writing weights and moments of MiniLM takes about half a second.
CHECKPOINT_SECONDS = 60.0


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
    dataset = datasets.here(settings, dataset)
    lease = publications.take(db, asset)
    origin = {"task": task.name, "dataset_sha256": dataset.sha256, "profile": profile, "seed": seed}
    origin |= {"trials": settings.trials} if settings.trials > 1 else {}
    kept = checkpoints.folder(settings, dataset.sha256, input_hash)
    params, found = _params(settings, task, dataset, origin, kept, progress)
    with _staging(settings) as folder, _run(settings, task, dataset, origin, params, tags=found) as run:
        metrics = _train(settings, task, dataset, params, seed, folder, kept, _hear(run, progress))
        _record(run, metrics)
        _describe(Path(folder), task, dataset, {**origin, "base": settings.base_model, "params": dict(params)})
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


def _staging(settings: Settings) -> tempfile.TemporaryDirectory[str]:
    folder = settings.home_dir / "staging"
    folder.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryDirectory(prefix="train-", dir=folder)


def _params(
    settings: Settings, task: Task, dataset: Dataset, origin: Mapping[str, Any], kept: Path, progress: Progress
) -> tuple[trials.Params, dict[str, str]]:
    """What to train with, the task's own parameters or the best of the trials; and tags that say where it was found."""
    own, recipe = dict(task.params[origin["profile"]]), get_recipe(task.recipe)
    if settings.trials < 2:
        return own, {}
    with _run(settings, task, dataset, origin, own, f" search of {settings.trials}") as search:

        def train(place: int, params: trials.Params) -> float:
            which = f"trial {place + 1} of {settings.trials}"
            trial_kept = kept / f"trial-{sha256_text(canonical_json(params))[:16]}"
            nested = _run(settings, task, dataset, origin, params, f" {which}", {tracking.PARENT: search.id})
            with _staging(settings) as folder, nested as run:
                heard = _hear(run, _named(which, progress))
                metrics = _train(settings, task, dataset, params, origin["seed"], folder, trial_kept, heard)
                _record(run, metrics)
            shutil.rmtree(trial_kept, ignore_errors=True)
            search.metric(recipe.SCORE, metrics[recipe.SCORE], place)
            return metrics[recipe.SCORE]

        chosen = trials.search(own, recipe.RANGES, settings.trials, origin["seed"], kept, train)
        search.metric(f"best_{recipe.SCORE}", chosen.score)
    return chosen.params, {"search_run": search.id}


def _record(run: tracking.Run, metrics: Mapping[str, float]) -> None:
    """What a training ended with; `loss` is the name of its curve."""
    for name, value in metrics.items():
        run.metric(name if name != "loss" else "final_loss", value)


def _named(which: str, progress: Progress) -> Progress:
    return lambda step: progress(replace(step, what=f"{which}: {step.what}"))


@contextmanager
def _run(
    settings: Settings,
    task: Task,
    dataset: Dataset,
    origin: Mapping[str, Any],
    params: trials.Params,
    more: str = "",
    tags: Mapping[str, str] | None = None,
) -> Generator[tracking.Run]:
    """An MLflow run that says what is trained on what. more: the end of its name; tags: further ones."""
    told = {**params, "base_model": settings.base_model, "recipe": task.recipe, **origin}
    name = f"{task.name} {origin['profile']} {dataset.sha256[:8]} seed {origin['seed']}{more}"
    with tracking.run(settings, task.name, name, tags={**origin, **(tags or {})}, params=told) as run:
        run.dataset(dataset)
        yield run


def _train(
    settings: Settings,
    task: Task,
    dataset: Dataset,
    params: trials.Params,
    seed: int,
    folder: str,
    kept: Path,
    heard: Callable[[Mapping[str, Any]], None],
) -> dict[str, float]:
    spec = {
        "task": task.name,
        "recipe": task.recipe,
        "dataset": str(dataset.path),
        "dataset_sha256": dataset.sha256,
        "staging": folder,
        "base": settings.base_model,
        "params": dict(params),
        "seed": seed,
        "checkpoints": str(kept),
        "checkpoint_seconds": CHECKPOINT_SECONDS,
    }
    started = time.monotonic()
    metrics = local.execute(settings, spec, heard)
    return {**metrics, "seconds": round(time.monotonic() - started, 1)}


def _hear(run: tracking.Run, progress: Progress) -> Callable[[Mapping[str, Any]], None]:
    """Points of curves go to MLflow, steps to whoever looks on."""

    def heard(event: Mapping[str, Any]) -> None:
        if event["event"] == "metric":
            run.metric(event["name"], event["value"], event["step"])
        else:
            progress(Step(event["what"], event["done"], event["total"], event["seconds"], event["note"]))

    return heard


def _describe(folder: Path, task: Task, dataset: Dataset, made_from: Mapping[str, Any]) -> None:
    """What the model was made from, as part of what it is: for machines and, as a model card, for people."""
    (folder / TRAINING).write_text(json.dumps(made_from, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    sources = "".join(
        f"* {one['corpus']} at {str(one['revision'])[:40]}, licence {one['licence']}\n"
        for one in dataset.manifest.get("sources", ())
    )
    card = (
        f"# {task.title}\n\n{task.question}\n\nFine-tuned from {made_from['base']} by the recipe `{task.recipe}` of "
        f"modelmill on the dataset {dataset.sha256} ({dict(dataset.counts)}), profile {made_from['profile']}, "
        f"seed {made_from['seed']}. Its scores are in its report, not here.\n\nSources:\n\n{sources}"
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
