"""What an SPDX expression (https://spdx.org/licenses/) allows: only what the policy names may be trained on.

Nothing here is legal advice: it sorts the identifiers, and what it does not know it calls unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

Category = Literal["permissive", "copyleft", "non-commercial", "unknown"]

# Allow use, change and passing on, also of what comes out, at most with a notice.
PERMISSIVE = frozenset(
    {
        "0BSD", "AFL-3.0", "Apache-2.0", "BlueOak-1.0.0", "BSD-1-Clause", "BSD-2-Clause", "BSD-3-Clause",
        "BSD-3-Clause-Clear", "BSL-1.0", "CC-BY-4.0", "CC0-1.0", "CNRI-Python", "HPND", "ISC", "MIT", "MIT-0",
        "NCSA", "PostgreSQL", "PSF-2.0", "Python-2.0", "Python-2.0.1", "Unicode-3.0", "Unicode-DFS-2016",
        "Unlicense", "UPL-1.0", "W3C", "WTFPL", "X11", "Zlib", "ZPL-2.1",
    }
)  # fmt: skip
_PERMISSIVE_LOWER = frozenset(one.lower() for one in PERMISSIVE)
COPYLEFT = re.compile(
    r"(?i)(A|L)?GPL-|GFDL-|MPL-|EPL-|EUPL-|CDDL-|OSL-|CPL-|CeCILL|CC-BY-SA-|SSPL-|MS-RL|Sleepycat|QPL|Artistic-"
)
NON_COMMERCIAL = re.compile(r"(?i)CC-BY(-NC|-ND)|PolyForm-(Non|Small|Free|Strict)|BUSL-|Elastic-|JSON$|Aladdin")


EXCEPTION = re.compile(r"(?i)\S*exception\S*|GPL-CC-1\.0|\S*-linking\S*")  # as https://spdx.org/licenses/ names them


def category(identifier: str) -> Category:
    """Of one licence, with or without an exception (`GPL-2.0-only WITH ...`). SPDX compares without case."""
    plain = _without_exception(identifier)
    if plain.lower() in _PERMISSIVE_LOWER:
        return "permissive"
    if NON_COMMERCIAL.match(plain):
        return "non-commercial"
    return "copyleft" if COPYLEFT.match(plain) else "unknown"


def may_train(expression: str | None, policy: Iterable[str] = ("permissive",)) -> bool:
    """Whether the expression lets us choose a licence of the policy: any side of OR, and there every side of AND.

    policy: categories and single identifiers. Grouping by brackets is read from the inside only where it does not
    matter; an expression that mixes AND with a bracketed OR needs all of its licences allowed.
    """
    if not expression:
        return False
    allowed = frozenset(one.lower() for one in policy)
    plain = re.sub(r"[()]", " ", expression).strip()
    if "(" in expression and re.search(r"\bAND\b", expression) and re.search(r"\bOR\b", expression):
        return all(_allowed(one, allowed) for one in re.split(r"\s+(?:AND|OR)\s+", plain))
    return any(all(_allowed(one, allowed) for one in re.split(r"\s+AND\s+", side)) for side in _sides(plain))


def _sides(plain: str) -> list[str]:
    return re.split(r"\s+OR\s+", plain)


def _allowed(identifier: str, allowed: frozenset[str]) -> bool:
    return category(identifier) in allowed or _without_exception(identifier).lower() in allowed


def _without_exception(identifier: str) -> str:
    """What stands behind WITH and is none takes something away (`Apache-2.0 WITH Commons-Clause`): it stays."""
    plain, _, beside = " ".join(identifier.split()).partition(" WITH ")
    return plain if EXCEPTION.fullmatch(beside) else identifier.strip()
