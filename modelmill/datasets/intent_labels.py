"""What the labels of intents are called, and which industry a use case belongs to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

OUT_OF_SCOPE = "out_of_scope"
KINDS = ("use_case", "industry", "action", OUT_OF_SCOPE)


def kind_of(label: str) -> str:
    """use_case, industry, action or out_of_scope; `label` for one that a team brought itself."""
    kind = label.split(":", 1)[0]
    return kind if kind in KINDS else "label"


def label_of(fields: Mapping[str, Any]) -> str:
    """`use_case:<id>`, `industry:<id>` or `action:<id>`, told by the fields an entry has; empty for other entries."""
    if not fields.get("id") or not fields.get("exampleQueries"):
        return ""
    use_case = "industry" in fields or "mode" in fields  # a constant for the industry may be unknown to the parser
    kind = "use_case" if use_case else "industry" if "tagline" in fields else "action"
    return f"{kind}:{fields['id']}"


def industry_of(fields: Mapping[str, Any]) -> str:
    """The label of the industry that an entry is or belongs to; empty where there is none or it is not said."""
    label = label_of(fields)
    if kind_of(label) == "industry":
        return label
    named = fields.get("industry")
    return f"industry:{named}" if kind_of(label) == "use_case" and isinstance(named, str) and named else ""


def labels_of(fields: Mapping[str, Any]) -> Iterator[str]:
    """What a unit with these fields can teach to answer with: its own label, its industry's, a row's."""
    yield from filter(None, (label_of(fields), industry_of(fields), " ".join(str(fields.get("label", "")).split())))
