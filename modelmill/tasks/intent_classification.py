"""Tell what a visitor or developer wants: a use case, an industry, a developer action, or nothing that is offered.

Method: MiniLM with mean pooling and a linear head, fine-tuned with label smoothing (a sentence encoder as in
https://arxiv.org/abs/1908.10084, the task as in CLINC150, https://arxiv.org/abs/1909.02027). Out of scope is one class
learned from examples plus one constant logit, which acts as a threshold on the largest logit
(https://arxiv.org/abs/1911.11132); that logit and a temperature (https://arxiv.org/abs/1706.04599) are fitted on the
validation split alone, so that the confidence is a probability.

Data licence: Apache-2.0 (data/catalog and data/eval/intent_classification, written for this project). Training sees
the catalog's entries and out_of_scope_train.jsonl; validation.jsonl and test.jsonl were written by hand, apart from it.

One real example record (test.jsonl, line 2):
{"input": {"text": "my ankle blew up after football, am I better off with a surgeon or a physio"},
 "target": {"label": "use_case:appointment-triage"}, "kind": "plain", "split": "test"}
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

from modelmill.datasets.intents import FILES, MAX_CHARS
from modelmill.records import Dataset, Example
from modelmill.task import Gate, Predictor, Score, Task, Teaching

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Mapping

    import numpy as np

    from modelmill.records import Unit
    from modelmill.settings import Profile


class Input(BaseModel):
    """What somebody typed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_CHARS)]


class Alternative(BaseModel):
    """A label with its probability."""

    label: str
    confidence: float


class Output(BaseModel):
    """The most probable label. confidence: its probability, calibrated on the validation split.

    kind: `label` is one that a team brought itself. industry: the one that the label is or belongs to, with the
    probability that the query is about it or any of its use cases, never less than that of the use case; `use_case` is
    empty where only an industry is named, both are for actions and out of scope.
    """

    label: str
    kind: Literal["use_case", "industry", "action", "out_of_scope", "label"]
    confidence: float
    alternatives: list[Alternative]
    industry: Alternative | None = None
    use_case: Alternative | None = None


def examples(units: Sequence[Unit], rng: random.Random, profile: Profile) -> Iterable[Example]:
    """Catalog entries for training; hand-written queries for validation and test."""
    from modelmill.datasets.intents import labelled
    from modelmill.settings import load

    return labelled(units, rng, profile, load().data_dir)


def predictor(path: Path) -> Predictor:
    """The released model in the folder `path`."""
    from modelmill.predictors.intent import load

    return load(path, Output)


def baseline(dataset: Dataset) -> Predictor:
    """Word and letter counts with logistic regression: same training data, same fit on validation."""
    from modelmill.predictors.word_counts import fit

    return fit(dataset, Output)


def measure(predictor: Predictor, asked: Sequence[Example], pool: Sequence[Example]) -> Mapping[str, np.ndarray]:
    """Right or wrong for each example, changed answers to changed queries; NaN where a score does not apply."""
    from modelmill.evaluate import rewording
    from modelmill.evaluate.labels import compare

    def predict(texts: Sequence[str]) -> list[Output]:
        return predictor.predict([Input(text=text[:MAX_CHARS]) for text in texts])

    texts = [str(example.input["text"]) for example in asked]
    outputs = predict(texts)
    return {**compare(outputs, asked), **rewording.flips(predict, texts, outputs)}


PARAMS = {
    "batch": 32, "learning_rate": 2e-4, "head_learning_rate": 2e-3, "frozen_layers": 2, "typos": 0.1, "framed": 0.6,
    "bare": True,
}  # fmt: skip

TASK = Task(
    name="intent_classification",
    title="Intent classification",
    question="Which use case, industry or developer action is this query about, or is it out of scope?",
    input=Input,
    output=Output,
    kinds=("entry", "labelled"),
    teaching=Teaching(
        {"entry": "exampleQueries", "labelled": "label"},
        "rows of a CSV, TSV, JSON or JSONL file with the columns text and label, or entries with id and exampleQueries",
    ),
    examples=examples,
    recipe="classifier",
    params={"tiny": {**PARAMS, "epochs": 1}, "small": {**PARAMS, "epochs": 3}, "full": {**PARAMS, "epochs": 6}},
    predictor=predictor,
    baseline=baseline,
    baseline_name="TF-IDF and logistic regression",
    measure=measure,
    scores=(
        Score("accuracy", "share of queries, out of scope counted as a class"),
        Score("in_scope_accuracy", "share of in-scope queries"),
        Score("out_of_scope_recall", "share of out-of-scope queries"),
        Score("balanced_accuracy", "mean over labels of the share of their queries"),
        Score("industry_accuracy", "share of queries about an industry or one of its use cases", may_lose=0.03),
        Score("brier", "squared error of the confidence, 0-1", higher_is_better=False),
        Score(
            "flips_when_typed",
            "share of answers that a typing error, case or punctuation changes",
            higher_is_better=False,
        ),
        Score("flips_when_worded", "share of answers that politeness or a synonym changes", higher_is_better=False),
    ),
    certain="accuracy",
    sample={"text": "which machine on my line will break down next?"},
    files=tuple(FILES),
    given_splits=True,
    gate=Gate(min_gain=0.0, max_latency_ms=300.0),
)
