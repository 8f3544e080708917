"""Changed queries that mean the same, what counts as a flip, and a use case's industry in an answer."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pytest

from modelmill.evaluate import labels as scored
from modelmill.evaluate import rewording
from modelmill.predictors import labels
from modelmill.records import Example, Split
from modelmill.settings import CHECKOUT
from modelmill.tasks.intent_classification import Output

NAMES = ["industry:health", "use_case:triage", "use_case:notes", "action:deploy", "out_of_scope"]
INDUSTRIES = dict.fromkeys(NAMES[:3], "industry:health")


def queries() -> list[str]:
    file = CHECKOUT / "data/eval/intent_classification/test.jsonl"
    return [json.loads(line)["text"] for line in file.read_text().splitlines()]


@pytest.mark.parametrize("change", [rewording.typed_otherwise, rewording.worded_otherwise])
def test_every_query_is_changed_a_little_and_always_the_same_way(change) -> None:
    for text in [*queries(), "a", "Z?", "please help", "é"]:
        made = change(text)
        assert made == change(text) != text and made.strip()
        assert text not in (change(text, 1), change(text, 3))
        assert abs(len(made) - len(text)) <= 30


def test_a_flip_is_an_answer_with_another_label() -> None:
    def predict(texts: Sequence[str]) -> list[Output]:
        return [said("out_of_scope" if text.isupper() else "action:deploy") for text in texts]

    texts = queries()
    found = rewording.flips(predict, texts, predict(texts))
    copies = range(rewording.COPIES)
    shouted = [
        sum(rewording.typed_otherwise(text, copy).isupper() and not text.isupper() for copy in copies) / len(copies)
        for text in texts
    ]
    assert found["flips_when_typed"].tolist() == shouted and 0 < sum(shouted) < len(texts)
    assert found["flips_when_worded"].sum() == 0


def test_of_many_queries_one_copy_each_is_enough() -> None:
    asked: list[str] = []

    def predict(texts: Sequence[str]) -> list[Output]:
        asked.extend(texts)
        return [said("action:deploy") for _ in texts]

    texts = [f"query {number}" for number in range(rewording.ENOUGH)]
    found = rewording.flips(predict, texts, [said("action:deploy")] * len(texts))
    assert found["flips_when_typed"].shape == (len(texts),) and len(asked) == 2 * len(texts)


def said(label: str) -> Output:
    row = np.array([[0.9 if name == label else 0.025 for name in NAMES]])
    return labels.answers(Output, NAMES, row, INDUSTRIES)[0]


def test_a_use_case_is_answered_with_its_industry_and_an_industry_alone() -> None:
    rows = np.array([[0.2, 0.5, 0.1, 0.1, 0.1], [0.6, 0.2, 0.1, 0.05, 0.05], [0, 0, 0, 0.9, 0.1], [0, 0, 0.2, 0, 0.8]])
    use_case, industry, action, outside = labels.answers(Output, NAMES, rows, INDUSTRIES)
    assert use_case.use_case.model_dump() == {"label": "use_case:triage", "confidence": 0.5}
    assert use_case.industry.model_dump() == {"label": "industry:health", "confidence": 0.8}
    assert (industry.industry.label, industry.industry.confidence, industry.use_case) == ("industry:health", 0.9, None)
    for other in (action, outside):
        assert (other.industry, other.use_case) == (None, None)


def test_the_industry_is_scored_where_the_target_names_one() -> None:
    named = {"label": "use_case:triage", "industry": "industry:health"}
    targets = [named, named, {"label": "out_of_scope"}]
    asked = [Example({"text": "t"}, target, Split.TEST) for target in targets]
    outputs = [said("use_case:notes"), said("action:deploy"), said("out_of_scope")]
    right = scored.compare(outputs, asked)["industry_accuracy"]
    assert right[:2].tolist() == [1, 0] and np.isnan(right[2])
