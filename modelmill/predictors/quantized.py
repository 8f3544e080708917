"""Scalar quantization: which vectors can be among the nearest, from a copy of them in 8 bits a number, by OpenVINO
(https://docs.openvino.ai). Who asks scores those again in full precision.

A quarter of the bytes are read and the numbers are multiplied as they lie: a fifth of the time that NumPy takes for a
few queries in single precision. What the rounding can do to a score is known (Cauchy and Schwarz), so nothing that
belongs to the nearest is left out (docs/experiments.md).
"""

from __future__ import annotations

import queue
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelmill.inference import ir

if TYPE_CHECKING:
    import numpy as np

LEAST = 1_000  # vectors; fewer are as soon looked at in full precision
STEPS = 127
CHUNK = 4096  # rows rounded at once
ROUNDING = 1e-5  # what single precision itself may do to a score


@dataclass(frozen=True)
class Quantized:
    """Vectors in 8 bits. requests: as many as may be asked at once. error: the most that a score is wrong by, where the
    query has the length 1.
    """

    requests: queue.SimpleQueue[Any]
    error: float

    @contextmanager
    def scores(self, queries: np.ndarray) -> Generator[np.ndarray]:
        """(n, vectors) for queries (n, dim), each right to `error` times the query's length. Gone after the block."""
        import numpy as np

        request = self.requests.get()
        try:
            request.infer([np.ascontiguousarray(queries, dtype=np.float32)], share_inputs=True)
            yield request.get_output_tensor(0).data
        finally:
            self.requests.put(request)


def of(vectors: np.ndarray, threads: int) -> Quantized | None:
    """For vectors (n, dim) float32, of which a quarter more is held then; None where it does not pay.

    threads: how many may ask at once.
    """
    import numpy as np

    if len(vectors) < LEAST:
        return None
    small, scales = np.empty(vectors.shape, dtype=np.int8), np.empty((len(vectors), 1), dtype=np.float32)
    error = 0.0
    for start in range(0, len(vectors), CHUNK):
        these = vectors[start : start + CHUNK]
        scale = np.maximum(np.abs(these).max(axis=1, keepdims=True) / STEPS, np.finfo(np.float32).tiny)
        rounded = np.rint(these / scale)
        small[start : start + CHUNK], scales[start : start + CHUNK] = rounded, scale
        error = max(error, float(np.linalg.norm(these - rounded * scale, axis=1).max()))
    return Quantized(_requests(small, scales, threads), error + ROUNDING)


def _requests(small: np.ndarray, scales: np.ndarray, threads: int) -> queue.SimpleQueue[Any]:
    ov = ir.runtime()
    import numpy as np
    from openvino import opset13 as op

    asked = op.parameter([-1, small.shape[1]], np.float32)
    vectors = op.multiply(op.convert(op.constant(small), np.float32), op.constant(scales))
    model = ov.Model([op.matmul(asked, vectors, False, True)], [asked])
    # The queries stay as they are: else the error would be theirs too.
    config = ir.config(threads) | {"DYNAMIC_QUANTIZATION_GROUP_SIZE": "0"}
    compiled = ov.Core().compile_model(model, "CPU", config)
    requests: queue.SimpleQueue[Any] = queue.SimpleQueue()
    for _ in range(threads):
        requests.put(compiled.create_infer_request())
    return requests
