"""A text model in int8 as ONNX Runtime runs it (https://onnxruntime.ai/docs): model.onnx, and rows from texts.

For processors that do not multiply bytes: its kernels take two bytes at a time through AVX2's 16-bit sums, which
OpenVINO's do not (docs/experiments.md). What writes the file is onnx_export.py, what looks at it onnx_check.py.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelmill.inference.batches import Tokens

if TYPE_CHECKING:
    import numpy as np

    from modelmill.inference.ir import Made

FILE = "model.onnx"
WARM = (1, 2, 4, 8)  # texts; there are no kernels to make, but the first run lays out its memory


@dataclass(frozen=True)
class OnnxModel:
    """A model that ONNX Runtime runs: no more batches at once than there are `slots`. takes: of a batch's arrays those
    that are not left out of the file, as what its arithmetic does not use is.
    """

    made: Made
    tokens: Tokens
    session: Any
    takes: tuple[str, ...]
    threads: int
    slots: threading.BoundedSemaphore
    pool: ThreadPoolExecutor

    def rows(self, texts: Sequence[str]) -> np.ndarray:
        """(n, width) float32, in the order given."""
        import numpy as np

        found = np.zeros((len(texts), self.made.width), dtype=np.float32)
        flights = deque[tuple[list[int], Future[np.ndarray]]]()
        for batch in self.tokens.batches(texts, self.threads):
            if self.threads == 1 or len(batch.places) == len(texts):  # nothing to run beside it
                found[batch.places] = self._run(batch.given)[: len(batch.places)]
                continue
            if len(flights) == self.threads:
                _land(flights, found)
            flights.append((batch.places, self.pool.submit(self._run, batch.given)))
        while flights:
            _land(flights, found)
        return found

    def warm(self) -> None:
        """Before the first who ask."""
        for size in WARM:
            self.rows(["a few words"] * size)

    def _run(self, given: Mapping[str, np.ndarray]) -> np.ndarray:
        with self.slots:
            return self.session.run(None, {name: given[name] for name in self.takes})[0]


def load(folder: Path, made: Made, tokens: Tokens, threads: int) -> OnnxModel:
    """The model in `folder`. Raises whatever ONNX Runtime does."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # Each batch runs in the thread that brings it: two threads on one batch of short texts wait for each other.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors; they are raised besides
    session = onnxruntime.InferenceSession(str(folder / FILE), options, providers=["CPUExecutionProvider"])
    pool = ThreadPoolExecutor(threads, thread_name_prefix="onnx")
    takes = tuple(one.name for one in session.get_inputs())
    return OnnxModel(made, tokens, session, takes, threads, threading.BoundedSemaphore(threads), pool)


def _land(flights: deque[tuple[list[int], Future[np.ndarray]]], found: np.ndarray) -> None:
    places, rows = flights.popleft()
    found[places] = rows.result()[: len(places)]
