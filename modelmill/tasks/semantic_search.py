"""Find code and content by what it does: a sentence embedding model fine-tuned on a team's own documentation.

Method: contrastive fine-tuning of MiniLM with in-batch negatives, as Sentence-BERT (https://arxiv.org/abs/1908.10084)
and the multiple-negatives ranking loss (https://arxiv.org/abs/1705.00652, section 4); pairs as in CodeSearchNet
(https://arxiv.org/abs/1909.09436): first paragraph of the docstring -> code without it. Measured on held-out packages:
the rank of the right code among the test set's code and undocumented distractors.

Data licence: that of each corpus, which its units carry; by default the running interpreter's standard library
(PSF-2.0, https://docs.python.org/3/license.html), modelmill itself and its catalog (Apache-2.0).

One real example record (standard library, Lib/textwrap.py):
{"input": {"query": "Remove any common leading whitespace from every line in text."},
 "target": {"corpus": "stdlib", "path": "textwrap.py", "name": "dedent", "kind": "function", "language": "python",
            "lines": [411, 460], "passage": "dedent\\ndef dedent(text):\\n    # Look for the longest ..."}}
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from modelmill.records import Dataset, Example, Split
from modelmill.task import Gate, Predictor, Score, Task

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Mapping

    import numpy as np

    from modelmill.records import Unit
    from modelmill.settings import Profile


class Input(BaseModel):
    """What to look for, how many results (k), and where."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    query: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
    k: int = Field(default=10, ge=1, le=100)
    corpus: str | None = Field(default=None, max_length=200)
    language: str | None = Field(default=None, max_length=50)
    kind: str | None = Field(default=None, max_length=50)


class Result(BaseModel):
    """One unit. lines: first and last, from 1. score: cosine similarity, -1 to 1, and what words add to it."""

    corpus: str
    path: str
    name: str
    kind: str
    lines: tuple[int, int]
    score: float
    snippet: str


class Alternative(BaseModel):
    """A result below the first, in short."""

    name: str
    path: str
    score: float


class Output(BaseModel):
    """Results, best first. confidence: the probability that the first one is right, fitted on the validation split."""

    results: list[Result]
    confidence: float
    alternatives: list[Alternative]


def examples(units: Sequence[Unit], rng: random.Random, profile: Profile) -> Iterable[Example]:
    """Query -> code pairs, and undocumented code as distractors."""
    from modelmill.datasets.pairs import pairs

    return pairs(units, rng, profile)


def predictor(path: Path) -> Predictor:
    """The released model in the folder `path`."""
    from modelmill.predictors.search import load

    return load(path, Output)


def baseline(dataset: Dataset) -> Predictor:
    """The model that training starts from, with words beside it as a released one has them."""
    from modelmill.predictors.search import base_with_words
    from modelmill.store.datasets import read_examples

    return base_with_words(Output, read_examples(dataset, Split.TRAIN), read_examples(dataset, Split.VALIDATION))


def bm25(dataset: Dataset) -> Predictor:
    """Word search, which decides nothing here but belongs beside every embedding."""
    from modelmill.predictors.bm25 import WordSearch

    return WordSearch(Output)


def measure(predictor: Predictor, asked: Sequence[Example], pool: Sequence[Example]) -> Mapping[str, np.ndarray]:
    """Rank of what is right among `asked` and `pool`, through `predictor.predict` on an index in memory."""
    from modelmill.evaluate.searching import scores

    return scores(predictor, Input, asked, pool)


# Batches of one package: its other functions are the passages hardest to tell from the right one.
PARAMS = {"learning_rate": 1e-4, "frozen_layers": 2, "batches": "group"}

TASK = Task(
    name="semantic_search",
    title="Semantic search",
    question="Where in our code and content is what I describe?",
    input=Input,
    output=Output,
    kinds=("function", "method", "class", "entry"),
    examples=examples,
    recipe="contrastive",
    params={
        "tiny": {**PARAMS, "pairs": 256, "epochs": 1, "batch": 32},
        "small": {**PARAMS, "pairs": 3200, "epochs": 1, "batch": 32},
        "full": {**PARAMS, "pairs": 40_000, "epochs": 2, "batch": 64},
    },
    predictor=predictor,
    baseline=baseline,
    baseline_name="all-MiniLM-L6-v2 as it comes, with BM25",
    references={"bm25": bm25},
    measure=measure,
    scores=(
        Score("mrr", "mean reciprocal rank, 0-1"),
        Score("recall_at_1", "share of queries"),
        Score("recall_at_10", "share of queries"),
        Score("dense_mrr", "mean reciprocal rank by vectors alone, 0-1"),
        Score("code_mrr", "mean reciprocal rank, code to code, 0-1", may_lose=0.03),
        Score("entry_mrr", "mean reciprocal rank, words to content, 0-1"),
    ),
    certain="recall_at_1",
    sample={"query": "read a JSON document from a string", "k": 3},
    indexes=True,
    shares={Split.TEST: 0.2, Split.VALIDATION: 0.1},
    most_tested=1000,
    gate=Gate(min_gain=0.0, max_latency_ms=500.0),
)
