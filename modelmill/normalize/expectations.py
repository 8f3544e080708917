"""Two questions asked of a corpus's units before anything is made of them: are they well-formed, is a secret left?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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


@dataclass(frozen=True, slots=True)
class Left:
    """A secret that is still there: which unit, which kind. Never the value itself."""

    unit: str
    kind: str
    line: int


def check_units(settings: Settings, db: Engine, corpus: Corpus) -> Checked:
    """Run the Great Expectations suite on the units as they are stored. Raises UserError when there are none."""
    found = units.query(db, corpora=[corpus.name], tenant=corpus.tenant)
    if not found:
        raise UserError(
            f"the units of {corpus.name!r} cannot be checked",
            allowed="a corpus that was normalised",
            found="no units",
            next=f"mill normalize --corpus {corpus.name}",
        )
    known = {"kinds": get_args(UnitKind), "languages": list(all_languages())}
    return check([_row(unit) for unit in found], COLUMNS, SUITE, known)


def rescan(db: Engine, corpus: Corpus) -> list[Left]:
    """Secrets and personal data still in stored text, names or fields; none is expected."""
    return [left for unit in units.query(db, corpora=[corpus.name], tenant=corpus.tenant) for left in _left_in(unit)]


def _left_in(unit: Unit) -> Iterator[Left]:
    for text in (unit.text, unit.docstring, unit.signature, unit.name, *_strings(unit.meta)):
        for found in find(text):
            yield Left(unit.key, found.kind, unit.start_line + text.count("\n", 0, found.start))


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


SUITE = Path(__file__).with_name("units.suite.json")
COLUMNS = (
    "key", "text", "kind", "language", "group", "sha256", "document_sha256", "cluster", "start_line", "end_line",
)  # fmt: skip


def _row(unit: Unit) -> dict[str, Any]:
    return {name: getattr(unit, name) for name in COLUMNS} | {"text": unit.text.strip()}
