"""An index in memory over units and their vectors: what evaluation searches, and a service as long as they fit.

Exact: what pgvector finds without an HNSW index, in the same order (docs/decisions/0019-a-copy-in-memory.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from modelmill.records import Example, Unit
from modelmill.task import Hit

if TYPE_CHECKING:
    import numpy as np

    from modelmill.predictors.quantized import Quantized


def as_it_is(unit: Unit) -> str:
    """The text of a unit that is a passage already."""
    return unit.text


# Where vectors lie, in order (None: all of them), and their scores.
Near = tuple["np.ndarray | None", "np.ndarray"]


@dataclass(frozen=True)
class MatrixIndex:
    """units and vectors (n, dim), unit length, in the same order. said: the text that a unit's vector is of.

    quantized: the vectors in 8 bits a number, looked at first; None: all are looked at as they are. places: where the
    units with a value of a field lie, for filters that were asked for.
    """

    units: Sequence[Unit]
    vectors: np.ndarray
    said: Callable[[Unit], str] = as_it_is
    quantized: Quantized | None = None
    places: dict[str, dict[str, np.ndarray]] = field(default_factory=dict[str, "dict[str, np.ndarray]"], compare=False)

    def nearest(self, vectors: np.ndarray, k: int, filters: Mapping[str, str]) -> list[list[Hit]]:
        """For each row the k nearest units that pass the filters, best first; ties in the order of the units.

        An empty value filters nothing.
        """
        allowed = self._allowed(filters)
        first_look = self.quantized
        near = self._all(vectors, allowed) if first_look is None else self._possible(first_look, vectors, k, allowed)
        found: list[list[Hit]] = []
        for where, scores in near:
            first = best(scores, k)
            places = first if where is None else where[first]
            found.append(
                [Hit(self.units[i], score) for i, score in zip(places.tolist(), scores[first].tolist(), strict=True)]
            )
        return found

    def passage(self, unit: Unit) -> str:
        """The text of a unit it found that its vector is of."""
        return self.said(unit)

    def _all(self, vectors: np.ndarray, allowed: np.ndarray | None) -> Iterator[Near]:
        """All that are allowed."""
        import numpy as np

        within = self.vectors if allowed is None else self.vectors[allowed]
        # This way round the long matrix is read as it lies: half the time of `vectors @ within.T` for few rows.
        for row in np.ascontiguousarray((within @ vectors.T).T):
            yield allowed, row

    def _possible(
        self, quantized: Quantized, vectors: np.ndarray, k: int, allowed: np.ndarray | None
    ) -> Iterator[Near]:
        """All that can be among the k nearest: whose score may be no less than the k-th best is for certain."""
        import numpy as np

        with quantized.scores(vectors) as rough:
            for vector, scores in zip(vectors, rough, strict=True):
                these = scores if allowed is None else scores[allowed]
                where = np.arange(len(these))
                if k < len(these):
                    least = np.partition(these, len(these) - k)[len(these) - k]
                    where = np.flatnonzero(these >= least - 2 * quantized.error * np.linalg.norm(vector))
                where = where if allowed is None else allowed[where]
                # Row by row, so that equal vectors have equal scores and stay in the order of the units.
                yield where, np.einsum("ij,j->i", self.vectors[where], vector)

    def _allowed(self, filters: Mapping[str, str]) -> np.ndarray | None:
        """Which units pass, in order; None: all."""
        import numpy as np

        allowed: np.ndarray | None = None
        for name, value in filters.items():
            if value:
                these = self._having(name).get(value, np.empty(0, dtype=np.int64))
                allowed = these if allowed is None else np.intersect1d(allowed, these, assume_unique=True)
        return allowed

    def _having(self, name: str) -> dict[str, np.ndarray]:
        """By value of the field; looked up once."""
        import numpy as np

        if name not in self.places:
            by_value: dict[str, list[int]] = {}
            for place, unit in enumerate(self.units):
                by_value.setdefault(getattr(unit, name), []).append(place)
            self.places[name] = {value: np.array(these) for value, these in by_value.items()}
        return self.places[name]


def best(scores: np.ndarray, k: int) -> np.ndarray:
    """The places of the k highest of `scores` (n,), best first, equal ones in order. Sorts no more than it must."""
    import numpy as np

    if k < len(scores):
        least = np.partition(scores, len(scores) - k)[len(scores) - k]
        among = np.flatnonzero(scores >= least)
    else:
        among = np.arange(len(scores))
    return among[np.argsort(-scores[among], kind="stable")][:k]


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
