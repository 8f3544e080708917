"""The baseline of intent classification: TF-IDF of words and letters, logistic regression (scikit-learn).

It gets what the model gets: the same training examples, out of scope as a class, and the same fit on validation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from modelmill.datasets.intent_labels import OUT_OF_SCOPE
from modelmill.predictors import calibration, labels
from modelmill.records import Dataset, Example, Split
from modelmill.task import Index


@dataclass(frozen=True)
class WordCounts:
    """A fitted scikit-learn pipeline with its calibration."""

    pipeline: Any
    calibration: calibration.Calibration
    output: Callable[..., Any]
    industries: Mapping[str, str]

    def predict(self, inputs: Sequence[Any], index: Index | None = None) -> list[Any]:
        """One answer a given text, in order."""
        names = [str(name) for name in self.pipeline.classes_]
        logits = self.pipeline.predict_log_proba([asked.text for asked in inputs])
        chances = calibration.probabilities(logits, names.index(OUT_OF_SCOPE), self.calibration)
        return labels.answers(self.output, names, chances, self.industries)


def fit(dataset: Dataset, output: Callable[..., Any]) -> WordCounts:
    """Train on the dataset's training split and calibrate on its validation split."""
    from modelmill.store.datasets import read_examples

    return fit_examples(read_examples(dataset, Split.TRAIN), read_examples(dataset, Split.VALIDATION), output)


def fit_examples(train: Sequence[Example], validation: Sequence[Example], output: Callable[..., Any]) -> WordCounts:
    """The same, from examples in memory."""
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline, make_union

    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True)
    # C=30: best on validation of 1, 3, 10, 30, 100 (docs/experiments.md).
    pipeline = make_pipeline(make_union(words, letters), LogisticRegression(C=30.0, max_iter=2000))
    pipeline.fit([_text(example) for example in train], [example.target["label"] for example in train])
    names = [str(name) for name in pipeline.classes_]
    known = [example for example in validation if example.target["label"] in names]
    logits = pipeline.predict_log_proba([_text(example) for example in known])
    right = np.array([names.index(example.target["label"]) for example in known])
    fitted = calibration.fit(logits, right, names.index(OUT_OF_SCOPE))
    return WordCounts(pipeline, fitted, output, labels.industries_of(train))


def _text(example: Example) -> str:
    return str(example.input["text"])
