"""Unit -> Example -> frozen Dataset: made by the task, split, sealed against leaks, kept by content, pinned by DVC."""

from __future__ import annotations

import hashlib
import inspect
import random
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine

import modelmill
from modelmill.datasets import freeze, leak, split
from modelmill.datasets.pin import Pinned, lacking, pin
from modelmill.embed.texts import PASSAGE_VERSION
from modelmill.errors import PrerequisiteError, UserError
from modelmill.progress import Progress, Step, silent
from modelmill.records import Dataset, Example, Split, Unit, canonical_json, sha256_text
from modelmill.settings import Profile, Settings
from modelmill.store import bucket, consents, corpora, datasets, publications, units
from modelmill.store.datasets import Source
from modelmill.store.publications import Lease, Publication
from modelmill.task import Task


@dataclass(frozen=True, slots=True)
class Built:
    """The task's dataset, and whether this call made it."""

    dataset: Dataset
    fresh: bool


def build(
    settings: Settings,
    db: Engine,
    task: Task,
    profile: Profile,
    seed: int,
    progress: Progress = silent,
    force: bool = False,
) -> Built:
    """Freeze the task's examples from the units that may be trained on now; nothing when none of it changed.

    Raises UserError (no unit, no consent, too few groups), PrerequisiteError (an input file or DVC is missing),
    FencedError.
    """
    last = publications.current(db, f"{task.name}/dataset")
    wanted = input_hash(settings, db, task, profile, seed)
    if last is not None and _current(db, last, wanted) and not force:
        dataset = datasets.here(settings, datasets.get(db, last.sha256))
        freeze.place(dataset, folder(settings, task.name))
        return Built(dataset, fresh=False)
    lease = publications.take(db, f"{task.name}/dataset")
    found = trainable(settings, db, task)
    if not any(map(task.teaching.has, found)):
        raise _nothing(settings, db, task)
    if missing := lacking(settings):  # before anything is written that no row would lead to
        raise missing
    examples, removed = made_of(settings, task, profile, seed, found, progress)
    sources = _sources(examples, found)
    made_from = _made_from(settings, db, task, sources)
    about = {"profile": profile, "seed": seed, "removed": removed, **made_from}
    dataset = freeze.freeze(settings, task.name, examples, about)
    _publish(settings, db, lease, dataset, sources, wanted)
    return Built(dataset, fresh=True)


def is_current(settings: Settings, db: Engine, task: Task, profile: Profile, seed: int) -> bool:
    """Whether `build` would do nothing. Takes a tenth of a second."""
    last = publications.current(db, f"{task.name}/dataset")
    return last is not None and _current(db, last, input_hash(settings, db, task, profile, seed))


def input_hash(settings: Settings, db: Engine, task: Task, profile: Profile, seed: int) -> str:
    """Of everything a dataset follows from: units with consent now, the task's files and code, profile, seed."""
    made_of = units.fingerprint(db, task.kinds, task.languages, settings.tenant, settings.training_policy)
    given = {name: _file_sha256(settings, name) for name in task.files}
    return sha256_text(canonical_json([settings.tenant, made_of, given, _code(task), profile, seed]))


def trainable(settings: Settings, db: Engine, task: Task) -> list[Unit]:
    """The units that the task's examples may be made of, in a fixed order."""
    return units.query(
        db, task.kinds, task.languages, consented_only=True, tenant=settings.tenant, policy=settings.training_policy
    )


def folder(settings: Settings, task: str) -> Path:
    """Where a person and DVC find the task's frozen set."""
    return settings.data_dir / "datasets" / task


def _current(db: Engine, last: Publication, wanted: str) -> bool:
    """A tainted set is made again even of the same units: whoever brought them back may use them."""
    return last.input_hash == wanted and not datasets.tainted(db, last.sha256)


def _code(task: Task) -> str:
    """Of the source that makes datasets: this folder and the task's own file."""
    own = sys.modules[task.examples.__module__]
    files = sorted(Path(__file__).parent.glob("*.py"))
    texts = [file.read_text(encoding="utf-8") for file in files]
    return sha256_text(canonical_json([*texts, inspect.getsource(own), PASSAGE_VERSION]))


def _file_sha256(settings: Settings, name: str) -> str:
    try:
        return hashlib.sha256((settings.data_dir / name).read_bytes()).hexdigest()
    except OSError as error:
        raise PrerequisiteError(
            f"the input {name} cannot be read",
            allowed=f"a file {settings.data_dir / name}",
            found=str(error.strerror),
            next="git checkout -- data",
        ) from error


def nothing_to_learn(settings: Settings, db: Engine, task: Task) -> UserError | None:
    """Why no dataset can be made now, whatever else changed; None where the units for one are there."""
    of = (db, task.kinds, task.languages, settings.tenant, task.teaching.fields)
    return None if units.may_teach(*of, settings.training_policy) else _nothing(settings, db, task)


def _nothing(settings: Settings, db: Engine, task: Task) -> UserError:
    """No dataset is made of units that teach nothing: whether they are missing or may not be used."""
    there = units.by_source(db, task.kinds, task.languages, settings.tenant, task.teaching.fields)
    if there:
        said = [
            f"{one.corpus} ({one.number}, {one.licence}, consent {'yes' if one.consent else 'no'})" for one in there
        ]
        return UserError(
            f"{task.name} may not learn from any of its {sum(one.number for one in there)} units",
            allowed=f"corpora with consent to train and a licence of the policy ({settings.train_on})",
            found=", ".join(said),
            next="mill corpus consent NAME --give, or mill corpus add NAME URI --license SPDX --consent-to-train",
        )
    kinds = ", ".join(task.kinds) or "all"
    number = units.count(db, task.kinds, task.languages, tenant=settings.tenant)
    return UserError(
        f"{task.name} has nothing to learn from",
        allowed=task.teaching.said or f"units of the kinds {kinds}",
        found=f"{number or 'no'} units of the kinds {kinds}" + (", none of which is that" if number else ""),
        next="mill run  (first, where no corpus has it: mill corpus add NAME URI --license SPDX --consent-to-train)",
    )


def made_of(
    settings: Settings, task: Task, profile: Profile, seed: int, found: Sequence[Unit], progress: Progress = silent
) -> tuple[list[Example], dict[str, Mapping[str, int]]]:
    """The task's examples, each once, in its split, without leaks; and what was removed for which reason."""
    start = time.monotonic()

    def tell(done: int, note: str) -> None:
        progress(Step(f"datasets {task.name}", done, None, time.monotonic() - start, note))

    tell(0, f"making examples of {len(found)} units")
    made = list(task.examples(found, random.Random(f"{seed}:{task.name}"), profile))
    once = list({example.sha256: example for example in reversed(made)}.values())[::-1]
    divided = split.Divided(once, {}) if task.given_splits else split.split(once, seed, task.shares)
    tell(len(divided.examples), "looking for copies across splits")
    sealed = leak.seal(divided.examples)
    tell(len(sealed.examples), "freezing")
    again = Counter(one.split.value for one in made) - Counter(one.split.value for one in once)
    kept = _tested(sealed.examples, task.most_tested)
    beyond = {Split.TEST.value: len(sealed.examples) - len(kept)}
    removed = {"repeated": dict(sorted(again.items())), "copies": divided.removed, "leaks": sealed.removed}
    return kept, {**removed, "beyond": beyond} if task.most_tested else removed


def _tested(examples: Sequence[Example], most: int) -> list[Example]:
    """All but the test examples after the first `most` by hash; 0: all."""
    asked = sorted(one.sha256 for one in examples if one.split is Split.TEST)
    left_out = set(asked[most:]) if most else set[str]()
    return [one for one in examples if one.split is not Split.TEST or one.sha256 not in left_out]


def _sources(examples: Iterable[Example], found: Iterable[Unit]) -> list[Source]:
    """The units that the examples name, each with the split it matters most in: what was trained on first."""
    by_key = {unit.key: unit for unit in found}
    order = list(Split)
    best: dict[str, Split] = {}
    for example in examples:
        for key in example.units:
            best[key] = min(best.get(key, example.split), example.split, key=order.index)
    return [Source(by_key[key], best[key]) for key in sorted(best)]


def _made_from(settings: Settings, db: Engine, task: Task, sources: Sequence[Source]) -> dict[str, Any]:
    """The versions, files and corpora that the manifest names."""
    named = [_corpus(one, sources) for one in corpora.all_corpora(db, settings.tenant)]
    return {
        "made_with": {"modelmill": modelmill.__version__, "passage": PASSAGE_VERSION},
        "inputs": {name: _file_sha256(settings, name) for name in task.files},
        "sources": [one for one in named if one["units"]],
    }


def _corpus(corpus: corpora.Corpus, sources: Sequence[Source]) -> dict[str, Any]:
    own = [[one.unit.key, one.unit.sha256] for one in sources if one.unit.corpus == corpus.name]
    return {
        "corpus": corpus.key,
        "revision": corpus.revision,
        "licence": corpus.licence,
        "units": len(own),
        "sha256": sha256_text(canonical_json(own)),
    }


def _publish(
    settings: Settings, db: Engine, lease: Lease, dataset: Dataset, sources: Sequence[Source], wanted: str
) -> None:
    """Rows, working copy and pin while the asset is held, so that an outdated run changes none of them."""
    with db.begin() as conn:
        publications.check(conn, lease)
        _refuse_withdrawn(settings, conn, dataset, sources)
        freeze.place(dataset, folder(settings, dataset.task))
        pinned = pin(settings, dataset)
        datasets.record(conn, dataset, sources, settings.tenant)
        publications.publish(
            conn,
            lease,
            input_hash=wanted,
            sha256=dataset.sha256,
            rows=sum(dataset.counts.values()),
            detail=_detail(dataset, pinned),
        )


def _refuse_withdrawn(settings: Settings, conn: Connection, dataset: Dataset, sources: Sequence[Source]) -> None:
    """No set is published of what was withdrawn or erased while it was made, or came under a licence that forbids it;
    its files go, if no row leads to them.
    """
    names = {one.unit.corpus for one in sources}
    gone = set(consents.withdrawn(conn, settings.tenant, names))
    forbidden = units.not_trainable(conn, settings.tenant, names, settings.training_policy)
    gone |= {one.unit.corpus for one in sources if one.unit.key in forbidden}
    if not gone:
        return
    if not datasets.recorded(conn, dataset.sha256):
        bucket.erase(settings, [dataset.sha256], [])
        shutil.rmtree(dataset.path)
    raise UserError(
        f"the dataset of {dataset.task} was not published",
        allowed="units of corpora that may be trained on until it is",
        found=f"{', '.join(sorted(gone))}: consent withdrawn, another licence, or the corpus removed, meanwhile",
        next=f"mill datasets --task {dataset.task}",
    )


def _detail(dataset: Dataset, pinned: Pinned) -> dict[str, Any]:
    return {"counts": dict(dataset.counts), "pinned": pinned.pinned, "not_pinned_because": pinned.why_not}
