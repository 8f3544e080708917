"""The released intent classifier: what evaluation measures and what serving calls."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modelmill.datasets.intent_labels import OUT_OF_SCOPE
from modelmill.predictors import labels
from modelmill.predictors.calibration import Calibration, probabilities
from modelmill.predictors.intent_model import IntentModel, restore
from modelmill.task import Index

CALIBRATION = "calibration.json"
INDUSTRIES = "industries.json"


@dataclass(frozen=True)
class IntentPredictor:
    """A classifier with its calibration. industries: per label the industry it is or belongs to."""

    model: IntentModel
    calibration: Calibration
    output: Callable[..., Any]
    industries: Mapping[str, str] = field(default_factory=dict[str, str])

    def predict(self, inputs: Sequence[Any], index: Index | None = None) -> list[Any]:
        """One answer a given text, in order. No index is needed."""
        logits = self.model.all_logits([asked.text for asked in inputs])
        column = self.model.labels.index(OUT_OF_SCOPE)
        chances = probabilities(logits, column, self.calibration)
        return labels.answers(self.output, self.model.labels, chances, self.industries)


def load(path: Path, output: Callable[..., Any]) -> IntentPredictor:
    """The artifact in the folder `path`, which the caller has verified."""
    calibration = Calibration(**json.loads((path / CALIBRATION).read_text(encoding="utf-8")))
    named = path / INDUSTRIES  # models made before it was written have none
    industries: dict[str, str] = json.loads(named.read_text(encoding="utf-8")) if named.is_file() else {}
    return IntentPredictor(restore(path), calibration, output, industries)
