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
PASSAGE_VERSION = 2

_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[^A-Za-z0-9]+")


def words(name: str) -> str:
    """`useCases.claims-triage` -> `use Cases claims triage`."""
    return " ".join(part for part in _BOUNDARY.split(name) if part)


def passage(unit: Unit) -> str:
    """Name as words, what its author says of it, signature unless the text begins with it, text; at most MAX_CHARS.

    An encoder reads the beginning, and a signature alone can fill that: so the first paragraph of the docstring goes
    before it (questions as people ask them, 71 of the standard library: MRR .70 -> .77, docs/experiments.md).
    Only these four fields are read. To hide the docstring from training, hand in the unit without it in text and field.
    """
    text = textwrap.dedent(unit.text).strip()
    lines = [words(unit.name), *_summary(unit)]
    if unit.signature and unit.signature not in text[: 2 * len(unit.signature) + 200]:
        lines.append(unit.signature)
    return "\n".join([*lines, text])[:MAX_CHARS].rstrip()


def _summary(unit: Unit) -> list[str]:
    said = " ".join(unit.docstring.strip().split("\n\n")[0].split())
    return [said] if said else []
