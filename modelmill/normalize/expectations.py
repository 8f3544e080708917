"""Two questions asked of a corpus's units before anything is made of them: are they well-formed, is a secret left?"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from sqlalchemy import Engine

from modelmill.errors import UserError
from modelmill.normalize.language import all_languages
from modelmill.normalize.privacy import find
from modelmill.records import Corpus, Unit, UnitKind
from modelmill.settings import Settings
from modelmill.store import units


@dataclass(frozen=True, slots=True)
class Checked:
    """failures: per expectation not met its name, column, how many values, and up to five of them."""

    passed: bool
    failures: list[dict[str, Any]]


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
    return _judged(_validated(found))


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


def _validated(found: list[Unit]) -> Any:
    """Great Expectations' own result of the suite on these units."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "False")
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("units").add_dataframe_asset("units")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": _frame(found)})
    return batch.validate(gx.ExpectationSuite("units", expectations=_expectations(gx.expectations)))


def _frame(found: list[Unit]) -> Any:
    import pandas as pd

    return pd.DataFrame(
        {
            "key": [unit.key for unit in found],
            "text": [unit.text.strip() for unit in found],
            "kind": [unit.kind for unit in found],
            "language": [unit.language for unit in found],
            "group": [unit.group for unit in found],
            "sha256": [unit.sha256 for unit in found],
            "document_sha256": [unit.document_sha256 for unit in found],
            "cluster": [unit.cluster for unit in found],
            "start_line": [unit.start_line for unit in found],
            "end_line": [unit.end_line for unit in found],
        }
    )


def _expectations(gxe: Any) -> list[Any]:
    hashes = [
        gxe.ExpectColumnValuesToMatchRegex(column=column, regex="^[0-9a-f]{64}$")
        for column in ("sha256", "document_sha256", "cluster")
    ]
    return [
        gxe.ExpectColumnValuesToBeUnique(column="key"),
        gxe.ExpectColumnValueLengthsToBeBetween(column="text", min_value=1, max_value=2_000_000),
        gxe.ExpectColumnValueLengthsToBeBetween(column="group", min_value=1),
        gxe.ExpectColumnValuesToBeInSet(column="kind", value_set=list(get_args(UnitKind))),
        gxe.ExpectColumnValuesToBeInSet(column="language", value_set=list(all_languages())),
        gxe.ExpectColumnValuesToBeBetween(column="start_line", min_value=1),
        gxe.ExpectColumnPairValuesAToBeGreaterThanB(column_A="end_line", column_B="start_line", or_equal=True),
        *hashes,
    ]


def _judged(result: Any) -> Checked:
    failures = [
        {
            "expectation": one.expectation_config.type,
            "column": one.expectation_config.kwargs.get("column", "end_line"),
            "count": one.result.get("unexpected_count", 0),
            "examples": [str(value)[:200] for value in one.result.get("partial_unexpected_list", [])[:5]],
        }
        for one in result.results
        if not one.success
    ]
    return Checked(bool(result.success), failures)
