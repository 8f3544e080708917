"""Recipes on a transformer of two layers: what they learn, what they write, that the same job gives the same bytes."""

from __future__ import annotations

import hashlib
import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modelmill.errors import DataError, UserError
from modelmill.finetune import loop
from modelmill.finetune.checkpoints import Checkpoints
from modelmill.finetune.recipe import Job, get_recipe
from modelmill.finetune.typos import mistype
from modelmill.records import Example, Split
from modelmill.settings import Settings
from modelmill.store.artifacts import IR, SUFFIXES
from modelmill.task import get_task

WORDS = {"action:count": "count numbers sum add total", "action:paint": "colour brush paint wall draw"}
CLASSIFIER = {"epochs": 12, "batch": 8, "learning_rate": 3e-3, "head_learning_rate": 1e-2, "frozen_layers": -1}
CONTRASTIVE = {"pairs": 24, "epochs": 2, "batch": 8, "learning_rate": 1e-3, "frozen_layers": 0}


class Heard:
    """Collects what a recipe says."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, int, int]] = []
        self.losses: list[float] = []

    def step(self, what: str, done: int, total: int, note: str = "") -> None:
        self.steps.append((what, done, total))

    def metric(self, name: str, value: float, step: int) -> None:
        self.losses.append(value)


def texts(split: Split, seed: int) -> list[Example]:
    """Two labels with words of their own, and letters that mean nothing."""
    rng, made = random.Random(seed), []
    for _ in range(24):
        for label, words in WORDS.items():
            made.append(Example({"text": " ".join(rng.sample(words.split(), 2))}, {"label": label}, split))
        noise = "".join(rng.choice("qxzjkv") for _ in range(9))
        made.append(Example({"text": noise}, {"label": "out_of_scope"}, split, kind="out_of_scope"))
    return made


def pairs(split: Split, seed: int) -> list[Example]:
    rng, made = random.Random(seed), []
    for number in range(30):
        word = "".join(rng.choice("abcdefgh") for _ in range(6))
        target = {"corpus": "c", "path": "a.py", "name": f"n{number}", "kind": "function", "language": "python",
                  "lines": [1, 2], "passage": f"def {word}"}  # fmt: skip
        made.append(Example({"query": f"what is {word}"}, target, split))
    return made


@pytest.fixture
def converted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models are made for OpenVINO, and run by it."""
    monkeypatch.setenv("MILL_ENGINE", "openvino")


def job(base: Path, staging: Path, params: dict[str, Any], make: Any) -> Job:
    staging.mkdir()
    settings = Settings(threads=1)  # type: ignore[call-arg]
    task = "semantic_search" if make is pairs else "intent_classification"
    return Job(task, settings, str(base), params, 7, make(Split.TRAIN, 1), make(Split.VALIDATION, 2), staging, Heard())


def digests(folder: Path) -> dict[str, str]:
    files = [file for file in folder.rglob("*") if file.is_file()]
    return {str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


@pytest.mark.parametrize("engine", ["torch", "openvino", "onnxruntime"])
def test_a_classifier_learns_its_labels_and_what_is_out_of_scope(
    tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    monkeypatch.setenv("MILL_ENGINE", engine)
    made = job(tiny_base, tmp_path / "model", CLASSIFIER, texts)
    metrics = get_recipe("classifier").train(made)
    task = get_task("intent_classification")
    numbers = task.measure(task.predictor(tmp_path / "model"), texts(Split.TEST, 3), [])
    assert metrics["validation_accuracy"] > 0.9
    assert numbers["accuracy"].mean() > 0.9
    assert np.nanmean(numbers["out_of_scope_recall"]) > 0.8
    assert made.say.losses[-1] < made.say.losses[0]  # type: ignore[attr-defined]
    assert ("training", 108, 108) in made.say.steps  # type: ignore[attr-defined]
    assert (task.predictor(tmp_path / "model").engine == "torch") == (engine == "torch")  # type: ignore[attr-defined]


@pytest.mark.parametrize("engine", ["torch", "openvino", "onnxruntime"])
def test_a_search_model_learns_from_pairs_and_embeds(
    tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    monkeypatch.setenv("MILL_ENGINE", engine)
    made = job(tiny_base, tmp_path / "model", CONTRASTIVE, pairs)
    metrics = get_recipe("contrastive").train(made)
    predictor: Any = get_task("semantic_search").predictor(tmp_path / "model")
    assert metrics["steps"] == 6
    assert (predictor.engine == "torch") == (engine == "torch") == predictor.name.endswith("p2")
    assert 0 < metrics["validation_mrr"] <= 1
    assert predictor.dim == 32
    assert np.linalg.norm(predictor.encode(["abc", "a longer text"]), axis=1) == pytest.approx([1.0, 1.0], abs=1e-5)
    fitted = json.loads((tmp_path / "model/confidence.json").read_text())
    assert (fitted["n"], fitted["among"]) == (30, 36), "six of thirty training pairs were not trained on"
    assert predictor.words is not None and predictor.words.n == 30


@pytest.mark.parametrize(
    ("recipe", "params", "make"), [("classifier", CLASSIFIER, texts), ("contrastive", CONTRASTIVE, pairs)]
)
def test_the_same_job_gives_the_same_bytes_and_only_data(
    converted: None, tiny_base: Path, tmp_path: Path, recipe: str, params: dict[str, Any], make: Any
) -> None:
    short = {**params, "epochs": 1}
    for name in ("one", "two"):
        metrics = get_recipe(recipe).train(job(tiny_base, tmp_path / name, short, make))
        assert 0 < metrics[get_recipe(recipe).SCORE] <= 1, "what trials are compared by"
    assert digests(tmp_path / "one") == digests(tmp_path / "two")
    data = {name for name in digests(tmp_path / "one") if Path(name).suffix in SUFFIXES}
    assert digests(tmp_path / "one").keys() - data == set(IR)


@pytest.mark.parametrize("frozen", [1, 9])
def test_frozen_layers_stay_as_they_were_and_the_last_one_learns(tiny_base: Path, tmp_path: Path, frozen: int) -> None:
    from safetensors.numpy import load_file

    get_recipe("contrastive").train(job(tiny_base, tmp_path / "model", {**CONTRASTIVE, "frozen_layers": frozen}, pairs))
    before, after = load_file(tiny_base / "model.safetensors"), load_file(tmp_path / "model/model.safetensors")
    changed = {name for name in before if not np.array_equal(before[name], after[name])}
    assert [name for name in changed if "layer.1." in name]
    assert not [name for name in changed if "embeddings" in name or "layer.0." in name]


def test_one_label_cannot_be_learned(tiny_base: Path, tmp_path: Path) -> None:
    made = job(tiny_base, tmp_path / "model", CLASSIFIER, texts)
    alone = replace(made, train=[e for e in made.train if e.target["label"] == "action:count"])
    with pytest.raises(DataError, match="cannot teach"):
        get_recipe("classifier").train(alone)


def test_a_training_that_goes_astray_is_an_error_and_leaves_no_model(tiny_base: Path, tmp_path: Path) -> None:
    wild = {**CLASSIFIER, "learning_rate": 1e38, "head_learning_rate": 1e38}
    with pytest.raises(DataError, match="astray"):
        get_recipe("classifier").train(job(tiny_base, tmp_path / "model", wild, texts))
    assert not (tmp_path / "model/head.safetensors").exists()


def test_an_unknown_recipe_lists_the_known() -> None:
    with pytest.raises(UserError, match="no recipe 'alchemy'") as caught:
        get_recipe("alchemy")
    assert caught.value.allowed == "classifier, contrastive"


def test_batches_hold_every_item_once_with_like_lengths_together() -> None:
    items = list(range(100))
    made = loop.batches(items, 8, random.Random(1), lambda item: item)
    assert sorted(item for batch in made for item in batch) == items
    assert sorted(len(batch) for batch in made) == [4, *[8] * 12]
    assert max(max(batch) - min(batch) for batch in made) < 10


def test_typing_errors_are_few_seeded_and_spare_short_words() -> None:
    text = "which machine on my line will break down next"
    wrong = mistype(text, random.Random(1), 1.0)
    assert wrong == mistype(text, random.Random(1), 1.0) != text
    assert [len(word) > 3 for word in text.split()] == [
        a != b for a, b in zip(text.split(), wrong.split(), strict=True)
    ]
    assert mistype(text, random.Random(1), 0.0) == text


def test_batches_by_group_hold_one_group_as_far_as_it_fills_them() -> None:
    items = [(group, number) for group in "abc" for number in range(20)]
    made = loop.batches_by_group(items, 10, random.Random(1), lambda item: item[0])
    assert sorted(item for batch in made for item in batch) == items
    assert [len({group for group, _ in batch}) for batch in made] == [1] * 6
    assert made == loop.batches_by_group(items, 10, random.Random(1), lambda item: item[0])


class StoppedError(Exception):
    """The training ends here, as if it were killed."""


class StopsAt(Heard):
    """Ends the training in the middle of a step."""

    def __init__(self, last: int) -> None:
        super().__init__()
        self.last = last

    def step(self, what: str, done: int, total: int, note: str = "") -> None:
        super().step(what, done, total, note)
        if (what, done) == ("training", self.last):
            raise StoppedError


@pytest.mark.parametrize(
    ("recipe", "params", "make"),
    [
        ("classifier", CLASSIFIER, texts),
        ("classifier", {**CLASSIFIER, "averaged": 0.9}, texts),  # it was stopped among the steps that are averaged
        ("contrastive", CONTRASTIVE, pairs),
    ],
)
def test_a_training_that_was_stopped_goes_on_from_its_checkpoint_to_the_same_bytes(
    tiny_base: Path, tmp_path: Path, recipe: str, params: dict[str, Any], make: Any
) -> None:
    kept = tmp_path / "checkpoints"
    short = {**params, "epochs": 2}
    whole = job(tiny_base, tmp_path / "whole", short, make)
    expected = get_recipe(recipe).train(whole)
    stopped = job(tiny_base, tmp_path / "stopped", short, make)
    with pytest.raises(StoppedError):
        get_recipe(recipe).train(replace(stopped, say=StopsAt(4), checkpoints=Checkpoints(kept, every=0)))
    [file] = kept.iterdir()
    assert file.name.startswith("00000003-")
    (kept / file.name.replace("00000003", "00000009")).write_bytes(file.read_bytes()[:-1] + b"!")  # altered: not taken
    resumed = job(tiny_base, tmp_path / "resumed", short, make)
    metrics = get_recipe(recipe).train(replace(resumed, checkpoints=Checkpoints(kept, every=3600)))
    assert digests(tmp_path / "resumed") == digests(tmp_path / "whole")
    assert metrics == expected
    assert resumed.say.losses == whole.say.losses  # type: ignore[attr-defined]
    assert resumed.say.steps[-1] == whole.say.steps[-1]  # type: ignore[attr-defined]
    assert len([what for what, _, _ in resumed.say.steps if what == "training"]) == metrics["steps"] - 3  # type: ignore[attr-defined]


def test_batches_of_neighbours_hold_everything_once_and_what_is_alike_together() -> None:
    rows = np.array([[1.0, 0, 0], [0, 1.0, 0], [0, 0, 1.0], [0.96, 0.28, 0], [0, 0.96, 0.28], [0.28, 0, 0.96]])
    made = loop.batches_by_neighbours(list("abcdef"), 2, random.Random(1), rows)
    assert sorted(sorted(batch) for batch in made) == [["a", "d"], ["b", "e"], ["c", "f"]]
    odd = loop.batches_by_neighbours(list("abcde"), 2, random.Random(1), rows[:5])
    assert sorted(item for batch in odd for item in batch) == list("abcde")
    assert sorted(map(len, odd)) == [1, 2, 2]


def test_a_search_model_learns_from_batches_of_neighbours(tiny_base: Path, tmp_path: Path) -> None:
    params = {**CONTRASTIVE, "batches": "neighbours", "epochs": 1}
    made = get_recipe("contrastive").train(job(tiny_base, tmp_path / "model", params, pairs))
    assert made["steps"] == 3
