"""Rows of texts that were asked before, for a service: people ask the same things again.

Only a service has one (`served` of a predictor): what evaluation times and scores is always computed.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

MOST = 4096  # texts; of 2,000 characters, with 384 numbers each, that is 15 MB


class Memory:
    """`memory(texts)` is `rows(texts)`, computed once for each text as long as it is among the last `most`."""

    def __init__(self, rows: Callable[[Sequence[str]], np.ndarray], most: int = MOST) -> None:
        self.rows, self.most = rows, most
        self.kept: OrderedDict[str, np.ndarray] = OrderedDict()
        self.lock = threading.Lock()

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        """(n, width), in the order given."""
        import numpy as np

        if not texts:
            return self.rows(texts)
        found: dict[str, np.ndarray] = {}
        with self.lock:
            for text in texts:
                if text in self.kept:
                    found[text] = self.kept[text]
                    self.kept.move_to_end(text)
        unknown = [text for text in dict.fromkeys(texts) if text not in found]
        if unknown:
            # Copies: a row alone would keep its whole batch.
            made = dict(zip(unknown, (row.copy() for row in self.rows(unknown)), strict=True))
            found.update(made)
            with self.lock:
                self._keep(made)
        return np.array([found[text] for text in texts])

    def _keep(self, made: dict[str, np.ndarray]) -> None:
        """As the newest; the oldest go."""
        for text, row in made.items():
            self.kept[text] = row
            self.kept.move_to_end(text)
        while len(self.kept) > self.most:
            self.kept.popitem(last=False)
