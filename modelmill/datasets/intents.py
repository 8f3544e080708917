"""Labelled queries for intent classification: a catalog's own words for training, hand-written files for measuring.

Training reads catalog entries (units of kind `entry`) and sentences that belong to no entry; validation and test are
files written by hand, never made from the catalog, and keep the split that they carry.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelmill.errors import DataError, PrerequisiteError
from modelmill.records import Example, Split, Unit

if TYPE_CHECKING:
    from modelmill.settings import Profile

OUT_OF_SCOPE = "out_of_scope"
FOLDER = "eval/intent_classification"
FILES: dict[str, Split] = {
    f"{FOLDER}/out_of_scope_train.jsonl": Split.TRAIN,
    f"{FOLDER}/validation.jsonl": Split.VALIDATION,
    f"{FOLDER}/test.jsonl": Split.TEST,
}
# Fields of an entry that sound like something a visitor says; the others describe, which helps a little less.
ASKED = ("title", "name", "exampleQueries", "faqs")
DESCRIBED = ("summary", "tagline", "description", "problem", "features", "challenges", "keywords")
MAX_CHARS = 2000


def labelled(units: Sequence[Unit], rng: random.Random, profile: Profile, data: Path) -> list[Example]:
    """Examples of all splits in a fixed order. data: where FILES lie. Raises DataError, PrerequisiteError."""
    entries = sorted((unit for unit in units if label_of(unit.meta)), key=lambda unit: unit.key)
    given = [example for name, split in FILES.items() for example in _of_file(data / name, split)]
    made = _distinct(example for unit in entries for example in _of_entry(unit))
    held = {str(example.input["text"]).casefold() for example in given if example.split != Split.TRAIN}
    trained = [example for example in made if str(example.input["text"]).casefold() not in held]
    rng.shuffle(trained)
    return [*trained, *given]


def label_of(fields: Mapping[str, Any]) -> str:
    """`use_case:<id>`, `industry:<id>` or `action:<id>`, told by the fields an entry has; empty for other entries."""
    if not fields.get("id") or not fields.get("exampleQueries"):
        return ""
    use_case = "industry" in fields or "mode" in fields  # a constant for the industry may be unknown to the parser
    kind = "use_case" if use_case else "industry" if "tagline" in fields else "action"
    return f"{kind}:{fields['id']}"


def kind_of(label: str) -> str:
    """use_case, industry, action or out_of_scope."""
    return label.split(":", 1)[0]


def _of_entry(unit: Unit) -> Iterator[Example]:
    label = label_of(unit.meta)
    for name in (*ASKED, *DESCRIBED):
        value = unit.meta.get(name)
        for item in value if isinstance(value, list) else [value] if value else []:
            text = str(item.get("question", "") if isinstance(item, Mapping) else item).strip()
            if text:
                kind = "asked" if name in ASKED else "described"
                yield Example({"text": text[:MAX_CHARS]}, {"label": label}, Split.TRAIN, (unit.key,), label, "", kind)


def _of_file(path: Path, split: Split) -> Iterator[Example]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise PrerequisiteError(
            f"the evaluation file {path.name} cannot be read",
            allowed=f"a file {path}",
            found=str(error.strerror),
            next="git checkout -- data/eval, or `dvc checkout`",
        ) from error
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield _of_line(path, number, line, split)


def _of_line(path: Path, number: int, line: str, split: Split) -> Example:
    try:
        row = json.loads(line)
        text, label, kind = str(row["text"]).strip(), str(row["label"]), str(row["kind"])
        if not text or kind_of(label) not in ("use_case", "industry", "action", OUT_OF_SCOPE):
            raise ValueError(f"text {text!r}, label {label!r}")
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"record {number} of {path.name} is bad",
            allowed='{"text": "...", "label": "use_case:<id>", "kind": "plain"}',
            found=f"{type(error).__name__}: {error}"[:300],
            next=f"correct line {number} of {path}",
        ) from error
    return Example({"text": text[:MAX_CHARS]}, {"label": label}, split, (), label, "", kind)


def _distinct(examples: Iterable[Example]) -> list[Example]:
    """The first of those with the same words; words that two labels share would teach nothing."""
    seen: dict[str, Example | None] = {}
    for example in examples:
        text = str(example.input["text"]).casefold()
        known = seen.setdefault(text, example)
        if known is not None and known.target != example.target:
            seen[text] = None
    return [example for example in seen.values() if example is not None]
