"""From probabilities to the answer that tasks with labels give; the same for a model and its baseline."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from modelmill.datasets.intent_labels import kind_of
from modelmill.records import Example

if TYPE_CHECKING:
    import numpy as np

ALTERNATIVES = 3


def answers(
    output: Callable[..., Any], labels: Sequence[str], chances: np.ndarray, industries: Mapping[str, str] | None = None
) -> list[Any]:
    """One Output a row of `chances` (n, labels): the most probable label, the next three, and its industry.

    industries: per label the industry it is or belongs to.
    """
    import numpy as np

    ranked = np.argsort(-chances, axis=1, kind="stable")[:, : ALTERNATIVES + 1]
    members = _members(labels, industries or {})
    made: list[Any] = []
    for row, order in zip(chances, ranked, strict=True):
        first = labels[int(order[0])]
        said = [_said(labels[int(i)], row[int(i)]) for i in order]
        beside = _industry_and_use_case(first, row, (industries or {}).get(first), members)
        made.append(output(**said[0], kind=kind_of(first), alternatives=said[1:], **beside))
    return made


def industries_of(examples: Iterable[Example]) -> dict[str, str]:
    """Per label the industry that the examples' targets name with it."""
    named = ((str(e.target["label"]), e.target.get("industry")) for e in examples)
    return {label: str(industry) for label, industry in named if industry}


def _members(labels: Sequence[str], industries: Mapping[str, str]) -> dict[str, list[int]]:
    """Per industry the columns of its own label and its use cases."""
    found: dict[str, list[int]] = {}
    for column, label in enumerate(labels):
        if label in industries:
            found.setdefault(industries[label], []).append(column)
    return found


def _industry_and_use_case(
    label: str, row: np.ndarray, industry: str | None, members: Mapping[str, Sequence[int]]
) -> dict[str, Any]:
    """A query about a use case is about its industry too, so the industry's probability is the sum over all of it."""
    found: dict[str, Any] = {}
    if industry is not None:
        found["industry"] = _said(industry, row[list(members[industry])].sum())
    if kind_of(label) == "use_case":
        found["use_case"] = _said(label, row.max())
    return found


def _said(label: str, chance: float) -> dict[str, Any]:
    return {"label": label, "confidence": round(min(float(chance), 1.0), 6)}
