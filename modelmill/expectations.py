"""One run of a Great Expectations suite over a table in memory (https://docs.greatexpectations.io).

The stages say what they expect as plain data; only this file knows the library, which takes seconds to import.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from modelmill.settings import TELEMETRY_OFF


@dataclass(frozen=True, slots=True)
class Expectation:
    """`kind` is Great Expectations' class name, `values` its arguments: column, regex, value_set, min_value ..."""

    kind: str
    values: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Checked:
    """What a blocking check says: how many expectations were held, and what of those that were not.

    failures: per broken expectation a flat mapping with expectation, column, count, found, examples.
    """

    passed: bool
    expectations: int
    failures: list[dict[str, Any]]


def check(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], expected: Sequence[Expectation]) -> Checked:
    """Hold all `expected` against the table `rows`. An expectation that could not be computed has failed."""
    os.environ.update(TELEMETRY_OFF)
    import great_expectations as gx
    import pandas as pd
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("memory").add_dataframe_asset("rows")
    frame = pd.DataFrame([dict(row) for row in rows], columns=list(columns))
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
    wanted = [getattr(gx.expectations, one.kind)(**one.values) for one in expected]
    result = batch.validate(gx.ExpectationSuite(name="suite", expectations=wanted), result_format="SUMMARY")
    failures = [_failure(one) for one in result.results if not one.success]
    return Checked(not failures, len(expected), failures)


def _failure(result: Any) -> dict[str, Any]:
    """Flat, so that it can be shown as a row of a table."""
    said, values = result.result or {}, result.expectation_config.kwargs
    examples = said.get("partial_unexpected_list", [])[:5]
    return {
        "expectation": result.expectation_config.type,
        "column": values.get("column", values.get("column_A", "")),
        "count": said.get("unexpected_count", 0),
        "found": said.get("observed_value", "") if said else "it could not be computed",
        "examples": ", ".join(str(one)[:80] for one in examples),
    }
