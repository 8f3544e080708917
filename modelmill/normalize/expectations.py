"""Two questions asked of a corpus's units before anything is made of them: are they well-formed, is a secret left?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from sqlalchemy import Engine

from modelmill.errors import UserError
from modelmill.expectations import Checked, check
from modelmill.normalize.language import all_languages
from modelmill.normalize.privacy import find
from modelmill.records import Corpus, Unit, UnitKind
from modelmill.settings import Settings
from modelmill.store import units

BATCH = 100_000  # characters of text scanned at a time
APART = "\n\0\n"  # between two texts: no rule's value goes over it, and no stored text has a NUL

SUITE = Path(__file__).with_name("units.suite.json")


@dataclass(frozen=True, slots=True)
class Left:
    """A secret that is still there: which unit, which kind. Never the value itself."""

    unit: str
    kind: str
    line: int


def check_units(settings: Settings, db: Engine, corpus: Corpus) -> Checked:
    """Run the Great Expectations suite on the units as they are stored. Raises UserError when there are none."""
    found = units.outlines(db, corpus.id)
    if not found:
        raise UserError(
            f"the units of {corpus.name!r} cannot be checked",
            allowed="a corpus that was normalised",
            found="no units",
            next=f"mill normalize --corpus {corpus.name}",
        )
    known = {"kinds": get_args(UnitKind), "languages": list(all_languages())}
    return check(found, units.OUTLINE, SUITE, known)


def rescan(db: Engine, corpus: Corpus) -> list[Left]:
    """Secrets and personal data still in stored text, names or fields; none is expected.

    Many texts are scanned as one, and one by one only where something is found: to start a scan costs more than most
    texts do (standard library: 320,000 texts, 15 CPU-s one by one).
    """
    found = units.stream(db, corpora=[corpus.name], tenant=corpus.tenant)
    return [left for batch in _batches(found) if _suspicious(batch) for unit in batch for left in _left_in(unit)]


def _batches(found: Iterable[Unit]) -> Iterator[list[Unit]]:
    batch: list[Unit] = []
    size = 0
    for unit in found:
        batch.append(unit)
        size += len(unit.text)
        if size >= BATCH:
            yield batch
            batch, size = [], 0
    yield batch


def _suspicious(batch: Sequence[Unit]) -> bool:
    return bool(find(APART.join(text for unit in batch for text in _texts(unit))))


def _left_in(unit: Unit) -> Iterator[Left]:
    for text in _texts(unit):
        for found in find(text):
            yield Left(unit.key, found.kind, unit.start_line + text.count("\n", 0, found.start))


def _texts(unit: Unit) -> Iterator[str]:
    yield from (unit.text, unit.docstring, unit.signature, unit.name)
    yield from _strings(unit.meta)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield str(key)
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
