"""The text of a unit that is embedded: one function for the index, for the pairs of a dataset and for evaluation.

Code names are split into words, because the vocabulary of a sentence model knows `parse` and `header` but not
`parseHeader` (CodeSearchNet's preprocessing does the same: https://arxiv.org/abs/1909.09436, section 3).
"""

from __future__ import annotations

import re
import textwrap

from modelmill.records import Unit

# More than an encoder reads of it, and enough to tell what was found.
MAX_CHARS = 800

# Part of what vectors and datasets are made from: raise it when `passage` changes.
PASSAGE_VERSION = 1

_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[^A-Za-z0-9]+")


def words(name: str) -> str:
    """`useCases.claims-triage` -> `use Cases claims triage`."""
    return " ".join(part for part in _BOUNDARY.split(name) if part)


def passage(unit: Unit) -> str:
    """Name as words, signature unless the text begins with it, text; at most MAX_CHARS characters.

    Only these three fields are read. To hide the docstring from training, hand in the unit with its text replaced.
    """
    text = textwrap.dedent(unit.text).strip()
    lines = [words(unit.name)]
    if unit.signature and unit.signature not in text[: 2 * len(unit.signature) + 200]:
        lines.append(unit.signature)
    return "\n".join([*lines, text])[:MAX_CHARS].rstrip()
