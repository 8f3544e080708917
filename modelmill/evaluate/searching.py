"""What a search model is measured by, on one frozen set: words to code, code to code, words to content.

mrr         as it is served, vectors and words together: each query among 1,000 passages (its own and 999 others)
dense_mrr   by vectors alone, the same queries and passages
code_mrr    code to code: the first half of a function's lines asks for the second half, among 500 second halves
            of the set; "code context retrieval" of CoIR (https://arxiv.org/abs/2407.02883). Halves of one function
            share names, so words do well here; two implementations of one thing would share fewer.
entry_mrr   a visitor's words to the content entry, among all entries, with the filter that an application would set
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from modelmill.evaluate.ranking import index_of, rank_in
from modelmill.predictors.code import ENTRY, torn
from modelmill.records import Example

if TYPE_CHECKING:
    import numpy as np

AMONG = 1000  # passages, the right one with them: as CodeSearchNet has it
ASKED_BY_CODE, AMONG_CODE = 300, 500  # queries and halves: a half costs as much as a passage


def scores(
    predictor: Any, ask: Callable[..., Any], asked: Sequence[Example], pool: Sequence[Example]
) -> Mapping[str, np.ndarray]:
    """One number an example and score; NaN where the score does not apply. ask: makes the task's input."""
    import numpy as np

    once = getattr(predictor, "once", None)
    predictor = once() if once else predictor
    silent = [one for one in pool if one.kind != ENTRY][: max(0, AMONG - len(asked))]
    index = index_of(predictor, [*asked, *silent])
    inputs = [ask(query=one.input["query"], k=100) for one in asked]
    found = rank_in(predictor, index, inputs, asked)
    by_vectors = getattr(predictor, "by_vectors", None)
    nothing = np.full(len(asked), np.nan)
    return {
        **found,
        "dense_mrr": rank_in(by_vectors(), index, inputs, asked)["mrr"] if by_vectors else nothing,
        "code_mrr": _by_code(predictor, ask, asked),
        "entry_mrr": _entries(predictor, ask, asked, pool),
    }


def _by_code(predictor: Any, ask: Callable[..., Any], asked: Sequence[Example]) -> np.ndarray:
    """(n,): NaN for what is no code, is too short, or comes after the first ASKED_BY_CODE."""
    pairs = {place: pair for place, example in enumerate(asked) if (pair := torn(example)) is not None}
    places = list(pairs)[:ASKED_BY_CODE]
    inputs = [ask(query=pairs[place].input["query"], k=100) for place in places]
    return _of_some(predictor, [*pairs.values()][:AMONG_CODE], inputs, asked, places)


def _entries(predictor: Any, ask: Callable[..., Any], asked: Sequence[Example], pool: Sequence[Example]) -> np.ndarray:
    """(n,): NaN for what is no entry."""
    places = [place for place, one in enumerate(asked) if one.kind == ENTRY]
    every = [one for one in [*asked, *pool] if one.kind == ENTRY]
    inputs = [ask(query=asked[place].input["query"], k=100, kind=ENTRY) for place in places]
    return _of_some(predictor, every, inputs, asked, places)


def _of_some(
    predictor: Any, among: Sequence[Example], inputs: Sequence[Any], asked: Sequence[Example], places: Sequence[int]
) -> np.ndarray:
    """(n of `asked`,): reciprocal ranks at `places`, NaN elsewhere."""
    import numpy as np

    found = np.full(len(asked), np.nan)
    if places:
        index = index_of(predictor, among)
        found[list(places)] = rank_in(predictor, index, inputs, [asked[place] for place in places])["mrr"]
    return found
