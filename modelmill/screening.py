"""A first look at a few rows by a Great Expectations suite, without the library, which takes 5 CPU-seconds to import.

It says "passes" only where the library would say so, too (a test holds them together), and else nothing: whatever it
does not know for certain, an expectation, an argument, an empty value, is the library's to judge, and so is every row
in which something is wrong. What an expectation means: https://greatexpectations.io/expectations.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

Values = Sequence[Any]
Arguments = Mapping[str, Any]


def passes(
    rows: Sequence[Mapping[str, Any]], suite: Path, parameters: Mapping[str, Sequence[str]] | None = None
) -> bool:
    """Whether all expectations of the file `suite` hold of the rows for certain. parameters: as in expectations.py."""
    given = {name: list(values) for name, values in (parameters or {}).items()}
    expected = json.loads(suite.read_text(encoding="utf-8"))["expectations"]
    return all(_passes(rows, one["type"], _filled(one["kwargs"], given)) for one in expected)


def is_separable(suite: Path) -> bool:
    """Whether the suite holds of a table when it holds of each part, and no value that must be unique is in two."""
    expected = json.loads(suite.read_text(encoding="utf-8"))["expectations"]
    return all(one["type"] in KNOWN and set(one["kwargs"]) <= KNOWN[one["type"]][0] for one in expected)


def _filled(kwargs: Arguments, given: Mapping[str, list[str]]) -> Arguments:
    return {name: given[v["$PARAMETER"]] if isinstance(v, dict) else v for name, v in kwargs.items()}


def _passes(rows: Sequence[Mapping[str, Any]], kind: str, kwargs: Arguments) -> bool:
    if kind not in KNOWN or not set(kwargs) <= KNOWN[kind][0]:
        return False
    columns = [kwargs[name] for name in ("column", "column_A", "column_B") if name in kwargs]
    table = [[row[column] for row in rows] for column in columns]
    return KNOWN[kind][1](kwargs, *table)


def _unique(_: Arguments, values: Values) -> bool:
    return all(isinstance(one, str) for one in values) and len(set(values)) == len(values)


def _between(said: Arguments, values: Values) -> bool:
    return all(type(one) is int and _within(said, one) for one in values)


def _length_between(said: Arguments, values: Values) -> bool:
    return all(isinstance(one, str) and _within(said, len(one)) for one in values)


def _within(said: Arguments, number: int) -> bool:
    return said.get("min_value", number) <= number <= said.get("max_value", number)


def _in_set(said: Arguments, values: Values) -> bool:
    return all(isinstance(one, str) and one in said["value_set"] for one in values)


def _matches(said: Arguments, values: Values) -> bool:
    """Not over a line's end: there the library's `$` and ours need not agree."""
    return all(isinstance(one, str) and "\n" not in one and re.match(said["regex"], one) for one in values)


def _not_less(said: Arguments, left: Values, right: Values) -> bool:
    return said.get("or_equal") is True and all(
        type(a) is int and type(b) is int and a >= b for a, b in zip(left, right, strict=True)
    )


KNOWN: Mapping[str, tuple[frozenset[str], Callable[..., bool]]] = {
    "expect_column_values_to_be_unique": (frozenset({"column"}), _unique),
    "expect_column_values_to_be_between": (frozenset({"column", "min_value", "max_value"}), _between),
    "expect_column_value_lengths_to_be_between": (frozenset({"column", "min_value", "max_value"}), _length_between),
    "expect_column_values_to_be_in_set": (frozenset({"column", "value_set"}), _in_set),
    "expect_column_values_to_match_regex": (frozenset({"column", "regex"}), _matches),
    "expect_column_pair_values_a_to_be_greater_than_b": (frozenset({"column_A", "column_B", "or_equal"}), _not_less),
}
