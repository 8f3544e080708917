"""Python by bandit (https://bandit.readthedocs.io): known dangerous calls, on the syntax tree."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from sandbox.contract import Finding, Severity

SEVERITIES: dict[str, Severity] = {"LOW": "low", "MEDIUM": "medium", "HIGH": "high"}
# What a program in a sandbox may do as it likes: asserts (B101) and /tmp (B108).
SKIPPED = ["B101", "B108"]
QUOTED = re.compile(r": '|\(")  # from here on bandit repeats a piece of the program, a password for example


def find(file: str, text: str) -> Iterator[Finding]:
    """bandit's issues. A file that does not parse has none: it will not run either."""
    from bandit.core.manager import BanditManager

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "program.py"
        path.write_text(text)
        manager: Any = BanditManager(_config(), "file", profile={"exclude": SKIPPED}, ignore_nosec=True)
        manager.discover_files([str(path)])
        manager.run_tests()
        for issue in manager.get_issue_list():
            yield Finding(
                kind="bandit",
                rule=issue.test_id,
                severity=SEVERITIES.get(str(issue.severity), "low"),
                file=file,
                line=issue.lineno,
                message=QUOTED.split(str(issue.text))[0].strip()[:200],
            )


@cache
def _config() -> Any:
    from bandit.core.config import BanditConfig

    return BanditConfig()
