"""Search on held-out packages of the standard library and of this environment, beside BM25 and the model as it comes.

    python benchmarks/search_quality.py --seeds 17 18 19
    python benchmarks/search_quality.py --seeds 17 --set '{"epochs": 2}' --keep FOLDER

Takes in the standard library and 81 installed packages (those that constraints.txt pins, of 100 to 600 kB of Python) by
the project's own sources, in a home of its own (--home); the second time only what changed. Of their units it makes the
task's frozen set: packages and duplicate clusters go whole to one split, docstrings are cut out of the code, 1,000
queries are each looked for among 999 other passages. Then it trains the task's small profile once a seed.

Sides: bm25; base (MiniLM as it comes, vectors alone); base + words; trained (vectors alone); trained + words, which is
what a release serves. Weights of words are chosen on validation. 95 % intervals by paired bootstrap over the queries.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from experiment import measure, train
from sqlalchemy import Engine

from modelmill import setup
from modelmill.datasets import freeze, stage
from modelmill.evaluate import bootstrap, compare
from modelmill.extract import stage as extraction
from modelmill.extract.python_packages import SOURCE, installed, plain
from modelmill.normalize import stage as normalization
from modelmill.records import Dataset, Interval, Split, Unit
from modelmill.settings import CHECKOUT, Settings, load
from modelmill.store import corpora, datasets, units
from modelmill.task import Task, get_task

SIZES = range(100_000, 600_000)  # bytes of Python: large enough to hold queries, small enough that many are held out
CORPORA = ("environment", "stdlib")


def pinned_packages(home: Path) -> list[str]:
    """Names of installed packages that constraints.txt pins, of a size within SIZES."""
    lines = (CHECKOUT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {plain(re.split(r"[=<>\\[ ]", line)[0]) for line in lines if "==" in line and not line.startswith("#")}
    return [name for name in installed() if name in pinned and _size(name, home) in SIZES]


def _size(name: str, home: Path) -> int:
    with SOURCE.open(f"python:packages:{name}", home) as snapshot:
        return sum(entry.size for entry in snapshot.files() if entry.path.endswith(".py"))


def take_in(settings: Settings) -> list[Unit]:
    """Units of both corpora that may be trained on."""
    db = setup.prepare(settings)
    if not _known(db, settings):
        names = pinned_packages(settings.home_dir)
        corpora.add(settings, db, "environment", f"python:packages:{','.join(names)}", consent=True, by="benchmark")
    for name in CORPORA:
        corpus = corpora.get(db, settings.tenant, name)
        extraction.extract(settings, db, corpus)
        print(f"{name}: {normalization.normalize(settings, db, corpus).units} units", flush=True)
    policy = settings.training_policy
    return units.query(
        db,
        get_task("semantic_search").kinds,
        corpora=CORPORA,
        consented_only=True,
        tenant=settings.tenant,
        policy=policy,
    )


def _known(db: Engine, settings: Settings) -> bool:
    return any(one.name == "environment" for one in corpora.all_corpora(db, settings.tenant))


def frozen(settings: Settings, task: Task, found: Sequence[Unit]) -> Dataset:
    """The task's frozen set, in the home's artifacts."""
    examples, removed = stage.made_of(settings, task, "small", settings.seed, found)
    made = freeze.freeze(settings, task.name, examples, {"removed": removed, "seed": settings.seed})
    tested = [one for one in examples if one.split is Split.TEST]
    held_out = Counter(one.target["corpus"] for one in {one.group: one for one in tested}.values())
    asked = Counter(one.target["corpus"] for one in tested)
    print(
        f"frozen set {made.sha256[:12]}: {dict(made.counts)}; queries {dict(asked)}; held-out packages {dict(held_out)}"
    )
    return made


def ratio(one: np.ndarray, other: np.ndarray, seed: int) -> Interval:
    """Mean of `one` by that of `other`, queries resampled together."""
    rng = np.random.default_rng(seed)
    places = rng.integers(0, len(one), (bootstrap.RESAMPLES, len(one)))
    drawn = one[places].mean(axis=1) / other[places].mean(axis=1)
    low, high = np.percentile(drawn, (2.5, 97.5))
    return Interval(float(one.mean() / other.mean()), float(low), float(high))


def shown(one: Interval, sign: str = "") -> str:
    return f"{one.value:{sign}.3f} [{one.low:{sign}.3f}, {one.high:{sign}.3f}]"


def told(name: str, mrr: np.ndarray, base: np.ndarray, seed: int) -> None:
    """One line: the score, and what it is of the base model's vectors."""
    gain = shown(bootstrap.interval(mrr - base, seed), "+")
    mean = shown(bootstrap.interval(mrr, seed))
    print(f"  {name:18s} MRR {mean}  minus base {gain}  of base {shown(ratio(mrr, base, seed))}", flush=True)


def beside(sides: Mapping[str, compare.Side], names: Sequence[str]) -> None:
    """Further scores of the sides, without interval."""
    for name in names:
        row = "  ".join(f"{side} {np.nanmean(numbers[name]):.3f}" for side, numbers in sides.items())
        print(f"    {name:16s} {row}", flush=True)


def report(
    settings: Settings, task: Task, dataset: Dataset, seeds: Sequence[int], params: str, keep: Path | None
) -> None:
    """Baselines once, then a trained model a seed."""
    bm25 = measure(task, task.references["bm25"](dataset), dataset, Split.TEST)
    base = measure(task, task.baseline(dataset), dataset, Split.TEST)
    told("bm25", bm25["mrr"], base["dense_mrr"], settings.seed)
    told("base", base["dense_mrr"], base["dense_mrr"], settings.seed)
    told("base + words", base["mrr"], base["dense_mrr"], settings.seed)
    chosen = {**task.params["small"], **json.loads(params)}
    for seed in seeds:
        with tempfile.TemporaryDirectory() as temporary:
            folder = keep / str(seed) if keep else Path(temporary)
            folder.mkdir(parents=True, exist_ok=True)
            print(f"seed {seed} {chosen}\n  {train(settings, task, dataset, chosen, seed, folder)}", flush=True)
            own = measure(task, task.predictor(folder), dataset, Split.TEST)
        told("trained", own["dense_mrr"], base["dense_mrr"], settings.seed)
        told("trained + words", own["mrr"], base["dense_mrr"], settings.seed)
        print(f"    trained + words, of base + words {shown(ratio(own['mrr'], base['mrr'], settings.seed))}")
        print(f"    trained + words, of trained      {shown(ratio(own['mrr'], own['dense_mrr'], settings.seed))}")
        sides = {"bm25": bm25, "base + words": base, "trained + words": own}
        beside(sides, ("recall_at_1", "recall_at_10", "code_mrr"))
        for trait, values in compare.cuts(task, datasets.read_examples(dataset, Split.TEST), sides).items():
            for value, row in values.items():
                print(f"    {trait} {value}: " + "  ".join(f"{side} {number:.3g}" for side, number in row.items()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, default=CHECKOUT / ".mill/search_quality", help="database and artifacts")
    parser.add_argument("--seeds", type=int, nargs="*", default=[17, 18, 19], help="none: the baselines alone")
    parser.add_argument("--set", default="{}", help="parameters of the training to replace, as JSON")
    parser.add_argument("--keep", type=Path, help="folder to keep the trained models in, one folder a seed")
    asked = parser.parse_args()
    os.environ["MILL_HOME"] = str(asked.home.absolute())
    settings, task = load(), get_task("semantic_search")
    dataset = frozen(settings, task, take_in(settings))
    report(settings, task, dataset, asked.seeds, asked.set, asked.keep)


if __name__ == "__main__":
    main()
