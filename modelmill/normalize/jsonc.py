"""JSON as people write it for tools: with comments and commas behind the last value, as TypeScript reads its own.

Plain values without lines; json_config.py reads what is told to a reader.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

MAX_CHARACTERS = 100_000  # a package.json of 900 dependencies has half of that
# A text or comment that does not end is one to the end: to try at each quote again would take the square of the time.
COMMENTS = re.compile(r'("(?:[^"\\\n]|\\.)*+"?)|//[^\n]*|/\*.*?(?:\*/|\Z)', re.S)
LAST_COMMAS = re.compile(r'("(?:[^"\\\n]|\\.)*+"?)|,(?=\s*[}\]])', re.S)


def table(text: str) -> Mapping[str, Any]:
    """The object that the text is. Raises ValueError where it is none or too long, RecursionError when too deep."""
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"more than {MAX_CHARACTERS} characters")
    plain = LAST_COMMAS.sub(_kept, COMMENTS.sub(_kept, text))
    found = json.loads(plain)
    if not isinstance(found, dict):
        raise ValueError("no object")
    return found


def texts(value: Any) -> tuple[str, ...]:
    """A text, or those of a list of them."""
    found = value if isinstance(value, list) else [value]
    return tuple(one for one in found if isinstance(one, str))


def _kept(found: re.Match[str]) -> str:
    return found.group(1) or ""
