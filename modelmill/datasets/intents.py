"""Labelled queries for intent classification: a catalog's own words and a team's own rows, and hand-written files.

Training reads catalog entries (units of kind `entry`), rows of labelled texts that a team brought (kind `labelled`,
given_labels.py, split here) and sentences that belong to no entry; the hand-written files for validation and test are
never made from the catalog and keep the split that they carry.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from modelmill.datasets import given_labels
from modelmill.datasets.intent_labels import OUT_OF_SCOPE, industry_of, kind_of, label_of
from modelmill.errors import DataError, PrerequisiteError
from modelmill.records import Example, Split, Unit

if TYPE_CHECKING:
    from modelmill.settings import Profile

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
    entries = sorted((unit for unit in units if unit.kind != given_labels.KIND and label_of(unit.meta)), key=_key)
    industries = {label_of(unit.meta): industry for unit in entries if (industry := industry_of(unit.meta))}
    written = [example for name, split in FILES.items() for example in _of_file(data / name, split)]
    known = {_folded(example) for example in written}  # a corpus may hold these very files
    rows = [unit for unit in units if unit.kind == given_labels.KIND and unit.text.casefold() not in known]
    own = given_labels.given(rows, known={label_of(unit.meta) for unit in entries})
    frozen = _frozen(written, bool(entries), own)
    held = {_folded(example) for example in frozen if example.split != Split.TRAIN}
    made = _distinct([*(example for unit in entries for example in _of_entry(unit)), *_of(own, Split.TRAIN)])
    trained = [example for example in made if _folded(example) not in held]
    rng.shuffle(trained)
    measured = [one for one in own if one.split != Split.TRAIN]
    return [_with_industry(example, industries) for example in (*trained, *measured, *frozen)]


def _key(unit: Unit) -> str:
    return unit.key


def _folded(example: Example) -> str:
    return str(example.input["text"]).casefold()


def _of(examples: Iterable[Example], split: Split) -> list[Example]:
    return [example for example in examples if example.split == split]


def _frozen(written: list[Example], catalog: bool, own: Sequence[Example]) -> list[Example]:
    """The hand-written queries. Without the catalog only those out of scope, and not even these beside a team's own."""
    if catalog or not own:
        return written
    outside = {str(example.target["label"]) for example in own} & {OUT_OF_SCOPE}
    return [example for example in written if example.target["label"] == OUT_OF_SCOPE and not outside]


def _with_industry(example: Example, industries: Mapping[str, str]) -> Example:
    """The target says the industry too, where the catalog tells it."""
    industry = industries.get(str(example.target["label"]))
    return replace(example, target={**example.target, "industry": industry}) if industry else example


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
        if not text or kind_of(label) == "label":
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
