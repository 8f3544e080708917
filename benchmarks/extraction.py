"""How fast Python becomes units with their sha256: MB a second of one core, beside parsing and walking with `ast`.

    python benchmarks/extraction.py

The top modules of the standard library, best of three in one process, by processor time. Facts (calls, imports,
complexity) are part of ours, and of neither other row; annotation and cleaning are not.
"""

from __future__ import annotations

import ast
import sysconfig
import time
from collections.abc import Callable
from pathlib import Path

from modelmill.normalize import python
from modelmill.normalize.grammar import parse
from modelmill.normalize.language import Draft
from modelmill.records import sha256_text

RUNS = 3


def best(work: Callable[[str, str], object], files: list[tuple[str, str]]) -> float:
    """Processor seconds of the quickest of three runs over all files."""
    taken: list[float] = []
    for _ in range(RUNS):
        start = time.process_time()
        for path, text in files:
            work(path, text)
        taken.append(time.process_time() - start)
    return min(taken)


def units(path: str, text: str) -> list[str]:
    return [sha256_text(one.text) for one in python.units(path, text) if isinstance(one, Draft)]


def main() -> None:
    files = [(path.name, path.read_text("utf-8")) for path in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))]
    size = sum(len(text.encode()) for _, text in files) / 1e6
    walked = size / best(lambda path, text: sum(1 for _ in ast.walk(ast.parse(text))), files)
    parsed = size / best(lambda path, text: parse(python.GRAMMAR, text.encode()), files)
    ours = size / best(units, files)
    print(f"{size:.1f} MB: ast.walk {walked:.2f} MB/s, tree-sitter alone {parsed:.2f}, units {ours:.2f}", end="; ")
    print(f"units / ast.walk {ours / walked:.2f}")


if __name__ == "__main__":
    main()
