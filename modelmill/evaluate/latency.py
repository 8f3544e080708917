"""How long one answer takes, through the same predictor that serving calls; without network and queue."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from modelmill.predictors.matrix_index import candidates
from modelmill.records import Example
from modelmill.task import Predictor, Task

CALLS = 30
WARM_UP = 3  # the first calls load and allocate
INDEXED = 64  # passages in the index; searching thousands more costs microseconds


def least_ms(task: Task, predictor: Any, examples: Sequence[Example]) -> float:
    """The least over 30 single requests taken from the test split, in ms.

    The least, as `timeit` advises: what else the machine did must not decide whether a model is released.
    """
    asked = [task.input(**example.input) for example in examples[:CALLS]]
    index = predictor.index(candidates(examples[:INDEXED])) if task.indexes else None
    times = [_ms(predictor, asked[i % len(asked)], index) for i in range(WARM_UP + CALLS)]
    return min(times[WARM_UP:])


def _ms(predictor: Predictor, asked: Any, index: Any) -> float:
    start = time.perf_counter()
    predictor.predict([asked], index)
    return (time.perf_counter() - start) * 1000
