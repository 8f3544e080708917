"""The released search model: what evaluation measures and what serving calls. It is an encoder too."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelmill.embed.encoder import (
    IrEncoder,
    RememberingEncoder,
    SentenceEncoder,
    load_encoder,
    load_sentence_model,
    remembering,
)
from modelmill.errors import UserError
from modelmill.inference.ir import QUANTIZED, Kind
from modelmill.inference.memory import Memory
from modelmill.predictors import hybrid, lexicon
from modelmill.predictors.code import is_code
from modelmill.predictors.lexicon import NEAREST, Lexicon
from modelmill.predictors.matrix_index import MatrixIndex, candidates
from modelmill.records import Example, Unit
from modelmill.settings import load as load_settings
from modelmill.task import Hit, Index

if TYPE_CHECKING:
    import numpy as np

CONFIDENCE, CODE_CONFIDENCE = "confidence.json", "code_confidence.json"
SNIPPET_CHARS = 240
ALTERNATIVES = 3
VALIDATION_QUERIES, VALIDATION_PASSAGES = 600, 1000
FILTERS = ("corpus", "language", "kind")


@dataclass(frozen=True, slots=True)
class Confidence:
    """Probability that the first result is right: logistic in its score and in its lead over the second.

    n: how many validation queries it was fitted on; among: how many passages each was looked for in.
    """

    bias: float
    score: float
    lead: float
    n: int
    among: int

    def of(self, hits: Sequence[Hit]) -> float:
        """0 to 1; nothing found is nothing right."""
        if not hits:
            return 0.0
        lead = hits[0].score - (hits[1].score if len(hits) > 1 else 0.0)
        return 1.0 / (1.0 + math.exp(-(self.bias + self.score * hits[0].score + self.lead * lead)))


# For a model that nobody fitted: certain at a cosine of .6, where the base model's first hits are right half the time.
UNFITTED = Confidence(bias=-6.0, score=10.0, lead=10.0, n=0, among=0)


@dataclass(frozen=True)
class SearchPredictor:
    """An encoder with its confidence. words: what puts the nearest into order again; None leaves them as they are.

    code_confidence: where the query is code, whose words add more to a score; None, as in models made before: the same.
    """

    encoder: SentenceEncoder | IrEncoder | RememberingEncoder
    confidence: Confidence
    output: Callable[..., Any]
    words: Lexicon | None = None
    code_confidence: Confidence | None = None

    @property
    def engine(self) -> Kind:
        """What runs the encoder."""
        return self.encoder.engine

    @property
    def name(self) -> str:
        """What its vectors are stored under."""
        return self.encoder.name

    @property
    def dim(self) -> int:
        """Length of its vectors."""
        return self.encoder.dim

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """(n, dim) float32, unit length, in the order given."""
        return self.encoder.encode(texts)

    def served(self) -> SearchPredictor:
        """The same for a service, which is asked the same again; evaluation asks without this memory."""
        return (
            self if isinstance(self.encoder, RememberingEncoder) else replace(self, encoder=remembering(self.encoder))
        )

    def once(self) -> SearchPredictor:
        """The same, which encodes a text once: for an evaluation that asks it in several ways."""
        if isinstance(self.encoder, RememberingEncoder):
            return self
        return replace(self, encoder=RememberingEncoder(self.encoder, Memory(self.encoder.encode)))

    def index(self, units: Sequence[Unit]) -> Index:
        """An index in memory over units whose text is the passage that is embedded."""
        return MatrixIndex(units, self.encode([unit.text for unit in units]))

    def predict(self, inputs: Sequence[Any], index: Index | None = None) -> list[Any]:
        """The best results for each query, in order. Raises UserError without an index."""
        if index is None:
            raise _no_index()
        vectors = self.encode([asked.query for asked in inputs])
        hits: dict[int, list[Hit]] = {}
        alike: dict[tuple[int, tuple[tuple[str, str], ...]], list[int]] = {}
        for place, asked in enumerate(inputs):
            alike.setdefault((asked.k, tuple(filters_of(asked).items())), []).append(place)
        for (k, filters), places in alike.items():  # together: an index in memory is read once for all of them
            queries = [inputs[place].query for place in places]
            hits.update(zip(places, found(index, vectors[places], self.words, queries, k, dict(filters)), strict=True))
        sure = [self._confidence_for(asked.query) for asked in inputs]
        return [answer(self.output, hits[place], one) for place, one in enumerate(sure)]

    def know(self, index: MatrixIndex) -> None:
        """Get ready for questions about the index, which can be asked meanwhile."""
        if self.words is not None:
            self.words.know(index.units, index.passage)

    def by_vectors(self) -> SearchPredictor:
        """The same without the words."""
        return SearchPredictor(self.encoder, self.confidence, self.output)

    def _confidence_for(self, query: str) -> Confidence:
        return self.code_confidence if self.code_confidence is not None and is_code(query) else self.confidence


def load(path: Path, output: Callable[..., Any]) -> SearchPredictor:
    """The artifact in the folder `path`, which the caller has verified."""
    confidence = _read(path / CONFIDENCE)
    for_code = _read(path / CODE_CONFIDENCE) if (path / CODE_CONFIDENCE).is_file() else None
    return SearchPredictor(load_encoder(load_settings(), path), confidence, output, lexicon.load(path), for_code)


def _read(file: Path) -> Confidence:
    return Confidence(**json.loads(file.read_text(encoding="utf-8")))


@dataclass(frozen=True)
class BasePredictor(SearchPredictor):
    """The base model."""

    def beside(self, engine: Kind) -> SearchPredictor:
        """The same weights in the same precision as a candidate that `engine` runs: int8 here beside fp32 there would
        make the candidate look better than its training was.
        """
        if engine in (*QUANTIZED, self.engine):
            return self
        return replace(self, encoder=load_sentence_model(load_settings()))


def base(output: Callable[..., Any]) -> BasePredictor:
    """The base model of the settings, with a confidence that nobody fitted."""
    return BasePredictor(load_encoder(load_settings()), UNFITTED, output)


def base_with_words(
    output: Callable[..., Any], taught: Sequence[Example], validation: Sequence[Example]
) -> BasePredictor:
    """The base model, with the weight of words chosen as for a model that is trained."""
    alone = base(output)
    asked, others = protocol(taught, validation)
    words = hybrid.fitted(alone, alone.index(candidates([*asked, *others])), asked, taught)
    return replace(alone, words=hybrid.fitted_to_code(words, alone, asked, others))


def protocol(taught: Sequence[Example], validation: Sequence[Example]) -> tuple[list[Example], list[Example]]:
    """Validation queries, and whose passages make up the 1,000 that each is looked for among, by hash.

    A validation split alone has fewer passages, among which words and confidence would seem better than they are.
    """
    asked = sorted(validation, key=lambda one: one.sha256)[:VALIDATION_QUERIES]
    others = sorted(taught, key=lambda one: one.sha256)[: max(0, VALIDATION_PASSAGES - len(asked))]
    return asked, others


def found(
    index: Index,
    vectors: np.ndarray,
    words: Lexicon | None,
    queries: Sequence[str],
    k: int,
    filters: Mapping[str, str],
) -> list[list[Hit]]:
    """The k best units for each query, whose vectors are (n, dim): by those, then by words if they weigh anything."""
    if words is None or not any(words.weight_for(query) for query in queries):
        return index.nearest(vectors, k, filters)
    near = index.nearest(vectors, max(k, NEAREST), filters)
    return [words.reorder(query, hits, index.passage, k) for query, hits in zip(queries, near, strict=True)]


def filters_of(asked: Any) -> dict[str, str]:
    """The filters of a request that are set."""
    return {name: getattr(asked, name) for name in FILTERS if getattr(asked, name)}


def answer(output: Callable[..., Any], hits: Sequence[Hit], confidence: Confidence) -> Any:
    """The Output for one query."""
    others = [{"name": hit.unit.name, "path": hit.unit.path, "score": _score(hit)} for hit in hits[1:]]
    return output(
        results=[_result(hit) for hit in hits],
        confidence=round(confidence.of(hits), 6),
        alternatives=others[:ALTERNATIVES],
    )


def _result(hit: Hit) -> dict[str, Any]:
    unit = hit.unit
    text = unit.text if len(unit.text) <= SNIPPET_CHARS else unit.text[: SNIPPET_CHARS - 1].rstrip() + "…"
    return {
        "corpus": unit.corpus, "path": unit.path, "name": unit.name, "kind": unit.kind,
        "lines": (unit.start_line, unit.end_line), "score": _score(hit), "snippet": text,
    }  # fmt: skip


def _score(hit: Hit) -> float:
    return round(hit.score, 6)


def _no_index() -> UserError:
    return UserError(
        "a search needs an index to search in",
        allowed="predict(inputs, index) with an index over this model's vectors",
        found="no index",
        next="hand in store.vectors.PgIndex, or predictor.index(units)",
    )
