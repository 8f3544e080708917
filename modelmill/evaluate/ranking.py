"""Scores of a search: the rank of the one right passage, as CodeSearchNet measures (https://arxiv.org/abs/1909.09436)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from modelmill.predictors.matrix_index import candidates
from modelmill.records import Example, sha256_text

if TYPE_CHECKING:
    import numpy as np


def rank(
    predictor: Any, inputs: Sequence[Any], asked: Sequence[Example], pool: Sequence[Example]
) -> dict[str, np.ndarray]:
    """One number an example: mrr (0 below the hundredth place), recall at 1 and 10, confidence.

    "right" and "answered" are words for the reader: the passage that was looked for and the one found first.
    Every query is looked for among the passages of all of `asked` and `pool`, by `predictor.predict` on its own index.
    """
    return rank_in(predictor, index_of(predictor, [*asked, *pool]), inputs, asked)


def index_of(predictor: Any, examples: Sequence[Example]) -> Any:
    """The predictor's own index over their passages.

    In an order that says nothing: where a model scores passages alike, their places must not follow those asked for.
    """
    return predictor.index(sorted(candidates(examples), key=lambda unit: sha256_text(unit.key)))


def rank_in(predictor: Any, index: Any, inputs: Sequence[Any], asked: Sequence[Example]) -> dict[str, np.ndarray]:
    """The same in an index that is there."""
    import numpy as np

    outputs = predictor.predict(inputs, index=index)
    ranks = np.array([_place(output, example) for output, example in zip(outputs, asked, strict=True)])
    return {
        "mrr": np.where(ranks > 0, 1.0 / np.maximum(ranks, 1), 0.0),
        "recall_at_1": (ranks == 1).astype(float),
        "recall_at_10": ((ranks > 0) & (ranks <= 10)).astype(float),
        "confidence": np.array([output.confidence for output in outputs]),
        "right": np.array([f"{one.target['path']}::{one.target['name']}" for one in asked], dtype=object),
        "answered": np.array([_first(output) for output in outputs], dtype=object),
    }


def _first(output: Any) -> str:
    return f"{output.results[0].path}::{output.results[0].name}" if output.results else "nothing"


def _place(output: Any, example: Example) -> int:
    """From 1; 0 when it was not found."""
    wanted = (example.target["corpus"], example.target["path"], example.target["name"])
    for place, result in enumerate(output.results, 1):
        if (result.corpus, result.path, result.name) == wanted:
            return place
    return 0
