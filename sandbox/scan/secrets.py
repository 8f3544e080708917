"""Secrets in code, by the patterns that also keep them out of datasets and logs (modelmill/normalize/rules)."""

from __future__ import annotations

from collections.abc import Iterator

from modelmill.normalize import rules
from modelmill.normalize.privacy import find as find_private
from sandbox.contract import Finding

# Personal data is no danger of running code.
PERSONAL = frozenset(rules.KINDS) - {
    one.kind for one in (*rules.TOKENS, *rules.SHAPED, *rules.ASSIGNMENTS, *rules.WRITTEN_OUT)
}


def find(file: str, text: str) -> Iterator[Finding]:
    """Where, and of which kind; never the secret."""
    for found in find_private(text):
        if found.kind not in PERSONAL:
            line = text.count("\n", 0, found.start) + 1
            yield Finding(
                kind="secret", rule=found.kind, severity="high", file=file, line=line, message="a secret in the code"
            )
