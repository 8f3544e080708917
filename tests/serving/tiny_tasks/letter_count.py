"""How many of the letters that the model knows are in a text: a model that can be checked by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

from modelmill.errors import UserError
from modelmill.task import Score, Task


class Input(BaseModel):
    """A text. It does not say that unknown fields are forbidden: the gateway sees to that for every task."""

    text: str = Field(min_length=1, max_length=2000)


class Output(BaseModel):
    """How many."""

    count: int
    confidence: float
    alternatives: list[int]


class Counter:
    """The predictor. The text `?` is the caller's fault, the text `!` is a bug."""

    name = "counter"

    def __init__(self, path: Path) -> None:
        self.letters = json.loads((path / "letters.json").read_text())["letters"]

    def predict(self, inputs: Sequence[Any], index: object = None) -> list[Output]:
        found: list[Output] = []
        for one in inputs:
            if one.text == "?":
                raise UserError("nothing can be counted", allowed="a text with letters", found="?", next="ask again")
            count = sum(one.text.count(letter) for letter in self.letters) // (one.text != "!")
            found.append(Output(count=count, confidence=0.75, alternatives=[count + 1]))
        return found


def nothing(*_: object) -> Any:
    """This task is only served."""
    raise NotImplementedError


TASK = Task(
    name="letter_count",
    title="Letter count",
    question="How many known letters are in it?",
    input=Input,
    output=Output,
    kinds=(),
    examples=nothing,
    recipe="none",
    params={"tiny": {}, "small": {}, "full": {}},
    predictor=Counter,
    baseline=nothing,
    baseline_name="none",
    measure=nothing,
    scores=(Score("exact", "share"),),
    sample={"text": "banana"},
)
