"""An encoder and pairs for search that can be worked out by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from modelmill.records import Example, Split

COLOURS = ("red", "green", "blue")


class Colours:
    """Knows colours and no other word: one dimension a colour."""

    name, dim = "colours", 3

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        counts = np.array([[text.count(colour) for colour in COLOURS] for text in texts], dtype=np.float32)
        return counts / np.maximum(np.linalg.norm(counts, axis=1, keepdims=True), 1e-9)


def pair(query: str, name: str, passage: str, kind: str = "function") -> Example:
    """A test example: what is asked, and the unit that answers it."""
    target = {"corpus": "c", "path": "a.py", "name": name, "kind": kind, "language": "python", "lines": [1, 2]}
    return Example({"query": query}, {**target, "passage": passage}, Split.TEST, ("u",), "g", "", kind)
