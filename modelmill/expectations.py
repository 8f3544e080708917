"""One run of a Great Expectations suite over a table in memory (https://docs.greatexpectations.io).

A suite is a file in the library's own format beside the stage whose rows it judges; the reason of each expectation
stands in its `notes`. Only this file knows the library, which takes seconds to import.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Checked:
    """What a blocking check says: how many expectations were held, and what of those that were not.

    failures: per broken expectation a flat mapping with expectation, column, count, found, examples, because.
    judge: who said so. told: for the check's page, what was judged now and what was said again.
    """

    passed: bool
    expectations: int
    failures: list[dict[str, Any]]
    judge: str = "Great Expectations"
    told: Mapping[str, Any] = field(default_factory=dict[str, Any])


def check(
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[str],
    suite: Path,
    parameters: Mapping[str, Sequence[str]] | None = None,
) -> Checked:
    """Hold all expectations of the file `suite` against the table `rows`. One that could not be computed has failed.

    parameters: what the file names as {"$PARAMETER": name}, because the code knows it: kinds, languages, splits.
    """
    import great_expectations as gx
    import pandas as pd
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("memory").add_dataframe_asset("rows")
    frame = pd.DataFrame([dict(row) for row in rows], columns=list(columns))
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
    expected = gx.ExpectationSuite(**json.loads(suite.read_text(encoding="utf-8")))
    given = {name: list(values) for name, values in (parameters or {}).items()}
    result = batch.validate(expected, result_format="SUMMARY", expectation_parameters=given)
    failures = [_failure(one) for one in result.results if not one.success]
    return Checked(not failures, len(expected.expectations), failures)


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
        "because": result.expectation_config.notes or "",
    }
