"""An index in memory over units and their vectors: what evaluation searches, as pgvector is what serving searches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modelmill.records import Example, Unit
from modelmill.task import Hit

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class MatrixIndex:
    """units and vectors (n, dim), unit length, in the same order."""

    units: Sequence[Unit]
    vectors: np.ndarray

    def nearest(self, vectors: np.ndarray, k: int, filters: Mapping[str, str]) -> list[list[Hit]]:
        """For each row the k nearest units that pass the filters, best first; ties in the order of the units."""
        import numpy as np

        allowed = [i for i, unit in enumerate(self.units) if all(getattr(unit, f) == v for f, v in filters.items())]
        found = vectors @ self.vectors[allowed].T
        order = np.argsort(-found, axis=1, kind="stable")[:, :k]
        return [
            [Hit(self.units[allowed[int(i)]], float(row[int(i)])) for i in best]
            for row, best in zip(found, order, strict=True)
        ]

    def passage(self, unit: Unit) -> str:
        """Its text, as it is."""
        return unit.text


def candidates(examples: Sequence[Example]) -> list[Unit]:
    """What the examples' queries look for, as units whose text is the passage; each once, in order."""
    found: dict[str, Unit] = {}
    for example in examples:
        target = example.target
        first, last = target["lines"]
        unit = Unit(
            corpus=target["corpus"], path=target["path"], name=target["name"], kind=target["kind"],
            language=target["language"], text=target["passage"], group=example.group, start_line=first, end_line=last,
        )  # fmt: skip
        found.setdefault(unit.key, unit)
    return list(found.values())
