"""How much words weigh beside vectors: fitted to validation queries, by how likely their right passages come out first.

A passage's chance among the nearest is a softmax of `a * cosine + b * BM25` (conditional logit, McFadden 1974; the
top-one loss of ListNet, https://www.microsoft.com/en-us/research/publication/learning-to-rank-from-pairwise-approach-to-listwise-approach/);
words weigh b / a. All places of all queries count, so it tells more than the rank of the right one does: the weight
with the best rank on 600 queries can lose on others (docs/experiments.md). What is expected before any query was seen,
and what few queries do not overrule: a is the scale of the training's loss, b nothing. A query that is code gets a
weight of its own, fitted to halves of functions: names that they share say more there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from modelmill.predictors.code import all_torn, is_code
from modelmill.predictors.lexicon import NEAREST, Lexicon, learn
from modelmill.predictors.matrix_index import candidates
from modelmill.records import Example
from modelmill.task import Index

if TYPE_CHECKING:
    import numpy as np

CODE_QUERIES, AMONG_CODE = 300, 500  # as in a test
# a is expected to be SCALE, as sentence-transformers' loss has it, and a point of BM25 to weigh nothing: as prior, a
# normal distribution with as much as that, and as SCALE * POINT, for its standard deviation.
SCALE, POINT = 20.0, 0.01
LEAST = 0.05  # of SCALE: cosines that tell less do not count as a vector model's


def fitted(encoder: Any, index: Index, asked: Sequence[Example], taught: Sequence[Example]) -> Lexicon:
    """Words counted in the pairs of `taught`; the weight that fits `asked`, looked for in `index`.

    encoder: whose vectors the index has. Without a query to fit it to, words weigh nothing.
    """
    lexicon = learn(
        [str(example.target["passage"]) for example in taught], [str(example.input["query"]) for example in taught]
    )
    if not asked:
        return lexicon
    return replace(lexicon, weight=_weight(lexicon, encoder, index, asked), n=len(asked))


def fitted_to_code(lexicon: Lexicon, encoder: Any, asked: Sequence[Example], others: Sequence[Example]) -> Lexicon:
    """The same with the weight that fits first halves of `asked`, looked for among second halves of both.

    encoder: makes indexes too. Where nothing can be torn, code weighs as words do.
    """
    queries = [pair for pair in all_torn(asked) if is_code(str(pair.input["query"]))][:CODE_QUERIES]
    if not queries:
        return lexicon
    index = encoder.index(candidates([*all_torn([*asked, *others])][:AMONG_CODE]))
    return replace(lexicon, code_weight=_weight(lexicon, encoder, index, queries), code_n=len(queries))


def _weight(lexicon: Lexicon, encoder: Any, index: Index, asked: Sequence[Example]) -> float:
    import numpy as np

    queries = [str(example.input["query"]) for example in asked]
    cosine, points = np.full((len(asked), NEAREST), -np.inf), np.zeros((len(asked), NEAREST))
    right = np.zeros((len(asked), NEAREST), dtype=bool)
    for row, hits in enumerate(index.nearest(encoder.encode(queries), NEAREST, {})):
        units = [hit.unit for hit in hits]
        cosine[row, : len(hits)] = [hit.score for hit in hits]
        points[row, : len(hits)] = lexicon.points(queries[row], units, index.passage)
        wanted = candidates([asked[row]])[0].key
        right[row, : len(hits)] = [unit.key == wanted for unit in units]
    found = right.any(axis=1)
    return likeliest(cosine[found], points[found], right[found]) if found.any() else 0.0


def likeliest(cosine: np.ndarray, points: np.ndarray, right: np.ndarray) -> float:
    """What a point is worth in cosine, 0 and more, where the right one of each row is likeliest.

    cosine, points, right: (n, k) of the k nearest; -inf where there are fewer.
    """
    import numpy as np
    from scipy.optimize import minimize
    from scipy.special import logsumexp

    there = np.isfinite(cosine)
    features = SCALE * np.stack([np.where(there, cosine, 0.0), POINT * points], axis=-1)
    expected = np.array([1.0, 0.0])

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        """And its slope."""
        scores = np.where(there, features @ weights, -np.inf)
        scores -= logsumexp(scores, axis=1, keepdims=True)
        off = weights - expected
        slope = np.einsum("nk,nkf->f", np.exp(scores) - right, features) + off
        return float(off @ off / 2 - scores[right].sum()), slope

    of_cosine, of_words = minimize(loss, expected, jac=True, method="L-BFGS-B", bounds=((LEAST, None), (0.0, None))).x
    return float(POINT * of_words / of_cosine)
