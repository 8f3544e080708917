"""The released intent classifier: what evaluation measures and what serving calls."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from modelmill.datasets.intent_labels import OUT_OF_SCOPE
from modelmill.inference import engine, ir
from modelmill.inference.ir import Kind, TextModel
from modelmill.inference.memory import Memory
from modelmill.predictors import labels, reading
from modelmill.predictors.calibration import Calibration, probabilities
from modelmill.predictors.intent_model import read_head, restore
from modelmill.predictors.reading import Reading
from modelmill.settings import Settings
from modelmill.settings import load as load_settings
from modelmill.task import Index

if TYPE_CHECKING:
    import numpy as np

CALIBRATION = "calibration.json"
INDUSTRIES = "industries.json"


class Classifier(Protocol):
    """What makes logits: torch (IntentModel), or an IR with the head beside it."""

    @property
    def labels(self) -> tuple[str, ...]:
        """One a column."""
        ...

    @property
    def engine(self) -> Kind:
        """What runs it."""
        ...

    def all_logits(self, texts: Sequence[str]) -> np.ndarray:
        """(n, labels), in order."""
        ...


@dataclass(frozen=True)
class IrClassifier:
    """An IR that makes embeddings of unit length; weight (labels, hidden) and bias (labels,) of the linear head."""

    embedder: TextModel
    weight: np.ndarray
    bias: np.ndarray
    labels: tuple[str, ...]

    @property
    def engine(self) -> Kind:
        """What runs it."""
        return self.embedder.made.kind

    def all_logits(self, texts: Sequence[str]) -> np.ndarray:
        """(n, labels), in order."""
        return self.embedder.rows(texts) @ self.weight.T + self.bias


@dataclass(frozen=True)
class RememberingClassifier:
    """Another classifier, for a service: what was asked before is not computed again."""

    inner: Classifier
    memory: Memory

    @property
    def labels(self) -> tuple[str, ...]:
        """One a column."""
        return self.inner.labels

    @property
    def engine(self) -> Kind:
        """What runs it."""
        return self.inner.engine

    def all_logits(self, texts: Sequence[str]) -> np.ndarray:
        """(n, labels), in order."""
        return self.memory(texts)


@dataclass(frozen=True)
class IntentPredictor:
    """A classifier with its calibration. industries: per label the industry it is or belongs to. reading: what
    the classifier gets of what was typed.
    """

    model: Classifier
    calibration: Calibration
    output: Callable[..., Any]
    industries: Mapping[str, str] = field(default_factory=dict[str, str])
    reading: Reading = field(default_factory=Reading)

    @property
    def engine(self) -> Kind:
        """What runs the model."""
        return self.model.engine

    def served(self) -> IntentPredictor:
        """The same for a service, which is asked the same again; evaluation asks without this memory."""
        if isinstance(self.model, IrClassifier):
            self.model.embedder.warm()
        return replace(self, model=RememberingClassifier(self.model, Memory(self.model.all_logits)))

    def predict(self, inputs: Sequence[Any], index: Index | None = None) -> list[Any]:
        """One answer a given text, in order. No index is needed."""
        given = [asked.text for asked in inputs]
        logits = self.model.all_logits([self.reading(text) for text in given])
        column = self.model.labels.index(OUT_OF_SCOPE)
        chances = probabilities(logits, column, self.calibration)
        return labels.answers(self.output, self.model.labels, chances, self.industries)


def load(path: Path, output: Callable[..., Any]) -> IntentPredictor:
    """The artifact in the folder `path`, which the caller has verified."""
    calibration = Calibration(**json.loads((path / CALIBRATION).read_text(encoding="utf-8")))
    named = path / INDUSTRIES  # models made before it was written have none
    industries: dict[str, str] = json.loads(named.read_text(encoding="utf-8")) if named.is_file() else {}
    return IntentPredictor(classifier(load_settings(), path), calibration, output, industries, reading.load(path))


def classifier(settings: Settings, path: Path) -> Classifier:
    """The model in the folder `path` as it is to be run. Raises DataError."""
    if engine.of(settings, path) == "torch":
        return restore(path)
    head = read_head(path)
    return IrClassifier(ir.load(path, settings.threads), head.weight, head.bias, head.labels)
