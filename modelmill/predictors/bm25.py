"""Word search with BM25 (Robertson and Zaragoza 2009, https://doi.org/10.1561/1500000019), k1 = 1.2, b = .75.

Shown beside the search models, as the reference that asks for no training. Words are split as `passage` splits names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from modelmill.predictors.lexicon import K1, B, terms
from modelmill.predictors.search import UNFITTED, answer
from modelmill.records import Unit
from modelmill.task import Hit


@dataclass(frozen=True)
class WordIndex:
    """units, weights: scipy sparse (units, words) of BM25 weights, vocabulary: word -> column."""

    units: Sequence[Unit]
    weights: Any
    vocabulary: Mapping[str, int]

    def search(self, text: str, k: int) -> list[Hit]:
        """The k best units; the score is BM25's, not a cosine."""
        import numpy as np

        columns = [self.vocabulary[term] for term in terms(text) if term in self.vocabulary]
        scores = np.asarray(self.weights[:, columns].sum(axis=1)).ravel()
        order = np.argsort(-scores, kind="stable")[:k]
        return [Hit(self.units[int(i)], float(scores[int(i)])) for i in order]


@dataclass(frozen=True)
class WordSearch:
    """Predicts by words alone."""

    output: Callable[..., Any]

    def index(self, units: Sequence[Unit]) -> WordIndex:
        """Weights of every word in every unit's text."""
        import numpy as np
        from sklearn.feature_extraction.text import CountVectorizer

        counter: Any = CountVectorizer(analyzer=terms)  # pyright: ignore[reportArgumentType]
        counts = counter.fit_transform([unit.text for unit in units]).tocsr().astype(np.float64)
        lengths = np.asarray(counts.sum(axis=1)).ravel()
        held = counts.getnnz(axis=0)
        rarity = np.log(1 + (len(units) - held + 0.5) / (held + 0.5))
        norm = K1 * (1 - B + B * lengths / lengths.mean())
        rows, columns = counts.nonzero()
        counts.data = rarity[columns] * counts.data * (K1 + 1) / (counts.data + norm[rows])
        return WordIndex(units, counts, counter.vocabulary_)

    def predict(self, inputs: Sequence[Any], index: Any = None) -> list[Any]:
        """The best results for each query, in order; the index must be this predictor's own."""
        if not isinstance(index, WordIndex):
            raise TypeError(f"BM25 searches its own index, not {type(index).__name__}")
        return [answer(self.output, index.search(asked.query, asked.k), UNFITTED) for asked in inputs]
