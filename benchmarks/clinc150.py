"""CLINC150 (Larson et al. 2019, https://arxiv.org/abs/1909.02027) with this project's recipe and predictor.

    python benchmarks/clinc150.py FOLDER --seeds 17
    python benchmarks/clinc150.py FOLDER --shots 10 --seeds 17 18 19 --set '{"epochs": 4}'

FOLDER holds data_full.json of https://github.com/clinc/oos-eval (CC BY 3.0): 15,000 / 3,000 / 4,500 queries of 150
intents, and 100 / 100 / 1,000 out of scope. As published: accuracy over those in scope, recall over those out of
scope; an answer "out of scope" to a query in scope is wrong. Everything is chosen on validation. Beside the recipe's
own calibration, the threshold is also put where the paper puts it (best accuracy on validation, out of scope as one
more label) and where at most --lost of the validation queries in scope get lost. --shots: examples a label to train on.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from modelmill.datasets.intent_labels import OUT_OF_SCOPE
from modelmill.evaluate import reliability
from modelmill.evaluate.bootstrap import interval
from modelmill.evaluate.labels import compare
from modelmill.finetune.recipe import Job, get_recipe
from modelmill.predictors import calibration, labels, word_counts
from modelmill.predictors.calibration import Calibration
from modelmill.records import Example, Split
from modelmill.settings import Settings, load
from modelmill.task import Predictor, get_task

PARTS = {Split.TRAIN: "train", Split.VALIDATION: "val", Split.TEST: "test"}
TASK = get_task("intent_classification")
PARAMS = {"batch": 32, "learning_rate": 2e-4, "head_learning_rate": 2e-3, "frozen_layers": 0, "typos": 0.0, "epochs": 8}


@dataclass(frozen=True)
class Answered:
    """Logits of a model over a part of the data. right: (n,) columns; outside: the column of out of scope."""

    logits: np.ndarray
    right: np.ndarray
    outside: int


class Loud:
    """Says how far the training is."""

    def step(self, what: str, done: int, total: int, note: str = "") -> None:
        if done % 100 == 0:
            print(f"    {what} {done}/{total} {note}", flush=True)

    def metric(self, name: str, value: float, step: int) -> None:
        """Curves are MLflow's, of real trainings."""


def read(folder: Path, shots: int, seed: int) -> dict[Split, list[Example]]:
    """The three parts; of the training part `shots` a label when that is not 0, of out of scope all."""
    raw = json.loads((folder / "data_full.json").read_text(encoding="utf-8"))
    found = {
        split: [_example(text, label, split) for name in (part, f"oos_{part}") for text, label in raw[name]]
        for split, part in PARTS.items()
    }
    if shots:
        found[Split.TRAIN] = _few(found[Split.TRAIN], shots, seed)
    return found


def _example(text: str, label: str, split: Split) -> Example:
    named = OUT_OF_SCOPE if label == "oos" else label
    return Example(
        {"text": text}, {"label": named}, split, (), named, "", "out_of_scope" if label == "oos" else "plain"
    )


def _few(train: Sequence[Example], shots: int, seed: int) -> list[Example]:
    by_label: dict[str, list[Example]] = {}
    for example in train:
        by_label.setdefault(str(example.target["label"]), []).append(example)
    rng = random.Random(seed)
    return [
        one
        for label, members in sorted(by_label.items())
        for one in (members if label == OUT_OF_SCOPE else rng.sample(members, shots))
    ]


def train(
    settings: Settings, data: dict[Split, list[Example]], params: dict[str, Any], seed: int, folder: Path
) -> None:
    """The recipe of the task, as the worker calls it."""
    examples = data[Split.TRAIN], data[Split.VALIDATION]
    job = Job(TASK.name, settings, settings.base_model, params, seed, *examples, folder, Loud())
    wall, cpu = time.monotonic(), os.times()
    metrics = get_recipe(TASK.recipe).train(job)
    spent = os.times()
    used = spent.user + spent.system - cpu.user - cpu.system
    print(f"  trained in {time.monotonic() - wall:.0f} s wall, {used:.0f} s cpu: {metrics}", flush=True)


def show(name: str, outputs: Sequence[Any], asked: Sequence[Example], seed: int) -> None:
    """One line: both scores with their intervals, calibration error over everything."""
    numbers = compare(outputs, asked)
    told: list[str] = []
    for score in ("in_scope_accuracy", "out_of_scope_recall"):
        one = interval(numbers[score][~np.isnan(numbers[score])], seed)
        told.append(f"{score} {one.value:.4f} [{one.low:.4f}, {one.high:.4f}]")
    error = reliability.expected_calibration_error(numbers["confidence"], numbers["accuracy"])
    print(f"  {name:34s} {'  '.join(told)}  ECE {error:.4f}", flush=True)


def answered(predictor: Any, asked: Sequence[Example]) -> Answered:
    """The logits of a released-model predictor."""
    names: tuple[str, ...] = predictor.model.labels
    right = np.array([names.index(str(example.target["label"])) for example in asked])
    given = [predictor.reading(text) for text in texts(asked)]
    return Answered(predictor.model.all_logits(given), right, names.index(OUT_OF_SCOPE))


def texts(asked: Sequence[Example]) -> list[str]:
    return [str(example.input["text"]) for example in asked]


def as_published(fitted: Calibration, on: Answered) -> Calibration:
    """The threshold with the best accuracy on validation, out of scope as one more label."""
    tried = [replace(fitted, threshold=float(t)) for t in np.linspace(*calibration.THRESHOLDS)]  # type: ignore[call-overload]
    return max(tried, key=lambda one: float((_chosen(one, on) == on.right).mean()))


def losing(fitted: Calibration, on: Answered, lost: float) -> Calibration:
    """The highest threshold at which at most `lost` of the validation queries in scope become wrong."""
    inside = on.right != on.outside
    none = float((_chosen(replace(fitted, threshold=-1e9), on) == on.right)[inside].mean())
    tried = [replace(fitted, threshold=float(t)) for t in np.linspace(*calibration.THRESHOLDS)]  # type: ignore[call-overload]
    kept = [one for one in tried if (_chosen(one, on) == on.right)[inside].mean() >= none - lost]
    return kept[-1] if kept else tried[0]


def _chosen(fitted: Calibration, on: Answered) -> np.ndarray:
    return calibration.probabilities(on.logits, on.outside, fitted).argmax(axis=1)


def report(predictor: Any, data: dict[Split, list[Example]], lost: float, seed: int, folder: Path) -> None:
    """The predictor as it is, and the same logits with other thresholds; the logits stay in the folder."""
    show("recipe and predictor", predict(predictor, data[Split.TEST]), data[Split.TEST], seed)
    on, test = (answered(predictor, data[split]) for split in (Split.VALIDATION, Split.TEST))
    np.savez(folder / "logits.npz", validation=on.logits, on=on.right, test=test.logits, wanted=test.right)
    thresholds(predictor.calibration, predictor.model.labels, on, test, data[Split.TEST], lost, seed)


def thresholds(
    fitted: Calibration, names: Sequence[str], on: Answered, test: Answered, asked: Sequence[Example], lost: float,
    seed: int,
) -> None:  # fmt: skip
    """One row each. on: validation. The last knows no out of scope at all, as what is published with few shots."""
    unlimited = replace(fitted, threshold=-1e9)
    bare = replace(test, logits=np.array(test.logits))
    bare.logits[:, test.outside] = -1e9
    for name, one, where in (
        ("as the recipe calibrates", fitted, test),
        ("weighed as validation has them", calibration.fit(on.logits, on.right, on.outside, None), test),
        ("threshold as published", as_published(fitted, on), test),
        (f"threshold losing {lost:.1%} in scope", losing(fitted, on, lost), test),
        ("no threshold", unlimited, test),
        ("labels in scope alone", unlimited, bare),
    ):
        chances = calibration.probabilities(where.logits, where.outside, one)
        show(name, labels.answers(TASK.output, names, chances), asked, seed)


def linear_head(settings: Settings, data: dict[Split, list[Example]], lost: float, seed: int) -> None:
    """What the recipe starts from: logistic regression on the embeddings of the model as it comes."""
    from sklearn.linear_model import LogisticRegression

    from modelmill.embed.encoder import load_encoder
    from modelmill.finetune.recipes.classifier import PROBE_C

    rows = {split: load_encoder(settings).encode(texts(part)) for split, part in data.items()}
    right = {split: [str(example.target["label"]) for example in part] for split, part in data.items()}
    head = LogisticRegression(C=PROBE_C, max_iter=1000).fit(rows[Split.TRAIN], right[Split.TRAIN])
    names = [str(name) for name in head.classes_]
    on, test = (
        Answered(
            head.decision_function(rows[split]),
            np.array([names.index(label) for label in right[split]]),
            names.index(OUT_OF_SCOPE),
        )
        for split in (Split.VALIDATION, Split.TEST)
    )
    print("  linear head on the base model's embeddings")
    thresholds(calibration.fit(on.logits, on.right, on.outside), names, on, test, data[Split.TEST], lost, seed)


def predict(predictor: Predictor, asked: Sequence[Example]) -> list[Any]:
    return predictor.predict([TASK.input(text=text) for text in texts(asked)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where data_full.json lies")
    parser.add_argument("--shots", type=int, default=0, help="training examples a label; 0: all")
    parser.add_argument("--seeds", type=int, nargs="*", default=[17])
    parser.add_argument("--set", default="{}", help="parameters to replace, as JSON")
    parser.add_argument("--lost", type=float, default=0.01, help="share in scope that a threshold may lose")
    parser.add_argument("--no-baseline", action="store_true")
    parser.add_argument("--only-baselines", action="store_true")
    parser.add_argument("--keep", type=Path, help="folder to keep the trained models in, one folder a seed")
    asked = parser.parse_args()
    settings, params = load(), {**PARAMS, **json.loads(asked.set)}
    for seed in asked.seeds:
        data = read(asked.folder, asked.shots, seed)
        print(f"seed {seed}: " + ", ".join(f"{split.value} {len(part)}" for split, part in data.items()), flush=True)
        if not asked.no_baseline:
            counted = word_counts.fit_examples(data[Split.TRAIN], data[Split.VALIDATION], TASK.output)
            show(TASK.baseline_name, predict(counted, data[Split.TEST]), data[Split.TEST], seed)
            linear_head(settings, data, asked.lost, seed)
        if asked.only_baselines:
            continue
        with tempfile.TemporaryDirectory() as temporary:
            folder = asked.keep / str(seed) if asked.keep else Path(temporary)
            folder.mkdir(parents=True, exist_ok=True)
            print(f"  {params}", flush=True)
            if not (folder / "labels.json").is_file():  # else it was trained before and kept
                train(settings, data, params, seed, folder)
            report(TASK.predictor(folder), data, asked.lost, seed, folder)


if __name__ == "__main__":
    main()
