"""What a classifier reads of a text that somebody typed: the same words without slips and without punctuation.

Punctuation behind words says little about what is wished, but each sign is a word piece to the model: with it, three in
ten of all answers that a query typed differently changed were changed by a "?" or its absence (docs/experiments.md).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from modelmill.predictors import spelling
from modelmill.predictors.spelling import Spelling

FILE = "reading.json"
BEHIND = re.compile(r"[?!.,;:…]+(?=\s|$)")


@dataclass(frozen=True)
class Reading:
    """spelling: what puts slips right; None: they are read. bare: punctuation behind words is not read."""

    spelling: Spelling | None = None
    bare: bool = False

    def __call__(self, text: str) -> str:
        """The text as the model gets it; never empty where the text is not."""
        shorn = BEHIND.sub("", text).strip() if self.bare else text
        read = shorn or text
        return self.spelling.right(read) if self.spelling else read


def save(reading: Reading, folder: Path) -> None:
    """As JSON beside the model."""
    (folder / FILE).write_text(json.dumps({"bare": reading.bare}) + "\n", encoding="utf-8")
    if reading.spelling:
        spelling.save(reading.spelling, folder)


def load(folder: Path) -> Reading:
    """What `save` wrote; without it, punctuation is read."""
    file = folder / FILE
    told = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return Reading(spelling.load(folder), bool(told.get("bare", False)))
