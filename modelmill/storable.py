"""What PostgreSQL's text and JSON take: files, answers and requests hold values that they refuse as a whole.

A NUL and half of a surrogate pair are in no text of theirs (https://www.postgresql.org/docs/current/datatype-json.html),
infinity and NaN are no number of JSON (RFC 8259, section 6), and Python writes out no whole number of 4,300 digits.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

MAX_BITS = 14_000  # of a whole number: some 4,200 digits


def storable(value: Any) -> Any:
    """The value, a sign of replacement for what no text may have, and a number that is none in words."""
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, int):
        return value if value.bit_length() <= MAX_BITS else hex(value)
    if isinstance(value, (dict, Mapping)):  # whether it is a Mapping takes Python ten times as long to say
        return {storable_text(str(name)): storable(part) for name, part in value.items()}  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(value, list | tuple):
        return [storable(part) for part in value]  # pyright: ignore[reportUnknownVariableType]
    return value


def storable_text(text: str) -> str:
    """The text without what PostgreSQL refuses."""
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "�").encode("utf-8", "replace").decode()
