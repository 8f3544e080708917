"""How much words weigh beside vectors: the least weight that validation queries cannot tell from their best one.

0 is tried first, so words weigh something only where they gain for certain: the best weight itself can lose on other
queries (docs/experiments.md). A query that is code gets a weight of its own, chosen by halves of functions: names that
they share say more there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from modelmill.predictors.code import all_torn, is_code
from modelmill.predictors.lexicon import NEAREST, Lexicon, learn
from modelmill.predictors.matrix_index import candidates
from modelmill.predictors.one_error import first_as_good
from modelmill.records import Example
from modelmill.task import Index

# Of a point of BM25, in cosine. For the base model, words are worth most at .01 (docs/experiments.md).
WEIGHTS = (0.0, 0.0025, 0.005, 0.0075, 0.01, 0.0125, 0.015, 0.02, 0.03)
CODE_WEIGHTS = (*WEIGHTS, 0.05, 0.1)
CODE_QUERIES, AMONG_CODE = 300, 500  # as in a test


def fitted(encoder: Any, index: Index, asked: Sequence[Example], taught: Sequence[Example]) -> Lexicon:
    """Words counted in the passages of `taught`; the weight that is good for `asked`, looked for in `index`.

    encoder: whose vectors the index has. Without a query to choose by, words weigh nothing.
    """
    lexicon = learn([str(example.target["passage"]) for example in taught])
    if not asked:
        return lexicon
    return replace(lexicon, weight=_chosen(WEIGHTS, lexicon, encoder, index, asked), n=len(asked))


def fitted_to_code(lexicon: Lexicon, encoder: Any, asked: Sequence[Example], others: Sequence[Example]) -> Lexicon:
    """The same with the weight that is good for first halves of `asked`, looked for among second halves of both.

    encoder: makes indexes too. Where nothing can be torn, code weighs as words do.
    """
    queries = [pair for pair in all_torn(asked) if is_code(str(pair.input["query"]))][:CODE_QUERIES]
    if not queries:
        return lexicon
    index = encoder.index(candidates([*all_torn([*asked, *others])][:AMONG_CODE]))
    return replace(lexicon, code_weight=_chosen(CODE_WEIGHTS, lexicon, encoder, index, queries), code_n=len(queries))


def _chosen(weights: Sequence[float], lexicon: Lexicon, encoder: Any, index: Index, asked: Sequence[Example]) -> float:
    """The least weight of words that ranks what is asked for as well as the best one, as far as `asked` tells."""
    import numpy as np

    queries = [str(example.input["query"]) for example in asked]
    cosine, points, right = (np.zeros((len(asked), NEAREST)) for _ in range(3))
    for row, hits in enumerate(index.nearest(encoder.encode(queries), NEAREST, {})):
        units = [hit.unit for hit in hits]
        cosine[row, : len(hits)] = [hit.score for hit in hits]
        cosine[row, len(hits) :] = -np.inf
        points[row, : len(hits)] = lexicon.points(queries[row], units, index.passage)
        wanted = candidates([asked[row]])[0].key
        right[row, : len(hits)] = [unit.key == wanted for unit in units]
    return weights[first_as_good([-_reciprocal_ranks(cosine + weight * points, right) for weight in weights])]


def _reciprocal_ranks(scores: Any, right: Any) -> Any:
    """(n,) of the one right column of each row; 0 where there is none. Equal ones: the first column first."""
    import numpy as np

    order = np.argsort(-scores, axis=1, kind="stable")
    found = np.take_along_axis(right, order, axis=1)
    return (found / np.arange(1, scores.shape[1] + 1)).sum(axis=1)
