"""A program's output as text that may be shown: decoded, nothing in it moves a cursor, hides or reorders text."""

from __future__ import annotations

import html
import re

# ECMA-48: CSI sequences; strings (OSC, DCS, SOS, PM, APC) up to their end; other escapes. No repetition in another.
SEQUENCES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x9c|\x1b\\)?"
    r"|\x1b[ -/]*[0-~]?"
)
# Left over: control characters but tab and newline, and what reorders or hides text (UAX #9, zero width, separators).
HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]"
)


def shown(raw: bytes) -> str:
    """UTF-8, with replacement characters for what is none."""
    text = raw.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    return HIDDEN.sub("", SEQUENCES.sub("", text))


def escaped(text: str) -> str:
    """For a page: no tag, no attribute can begin in it."""
    return html.escape(text, quote=True)
