"""`python -m sandbox.scan.worker`: reads a program on stdin, answers findings on stdout, one JSON line each; until EOF.

A process of its own with limits of its own: a parser that meets a hostile file may need all the memory there is.
"""

from __future__ import annotations

import json
import logging
import resource
import sys

from sandbox.contract import Finding
from sandbox.scan import python, rules, secrets

MEMORY_BYTES = 1 << 30
MOST = 50  # findings a program: the first ones say enough


def main() -> None:
    """Until stdin ends."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    logging.disable(logging.CRITICAL)  # bandit tells about files that do not parse
    _find("python", {"main.py": ""})  # loads all that a look needs
    _say("ready")
    for line in sys.stdin:
        asked = json.loads(line)
        found = _find(asked["language"], asked["files"])
        _say([one.model_dump() for one in found])


def _say(what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def _find(language: str, files: dict[str, str]) -> list[Finding]:
    found: list[Finding] = []
    for file, text in files.items():
        found += secrets.find(file, text)
        found += rules.find(file, text)
        if language == "python" and file.endswith(".py"):
            found += python.find(file, text)
    return found[:MOST]


if __name__ == "__main__":
    main()
