"""How fast Python becomes units with their sha256: MB a second of one core, beside parsing and walking with `ast`.

    python benchmarks/extraction.py

The top modules of the standard library, best of three in one process, by processor time. "records": name, kind, lines
and text of every function and class with its sha256, found by the two patterns that find them. "units": what intake
makes, with docstring, signature, calls, imports and complexity too. Then the whole of normalize's
parsing, cleaning and annotation included, by one process and by two, by the clock: on a machine that does nothing else.
"""

from __future__ import annotations

import ast
import sysconfig
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from modelmill.normalize import definitions, python, workers
from modelmill.normalize.definitions import Definition
from modelmill.normalize.grammar import matches, parse
from modelmill.normalize.language import Draft
from modelmill.normalize.linking import Given
from modelmill.records import Document, sha256_text
from modelmill.settings import Settings, load
from modelmill.store.documents import Stored

RUNS = 3
COPIES = 4
DEFINITIONS = replace(python.GRAMMAR, query="\n".join(line for line in python.QUERY.splitlines() if "@name" in line))


def best(work: Callable[[str, str], object], files: list[tuple[str, str]]) -> float:
    """Processor seconds of the quickest of three runs over all files."""
    taken: list[float] = []
    for _ in range(RUNS):
        start = time.process_time()
        for path, text in files:
            work(path, text)
        taken.append(time.process_time() - start)
    return min(taken)


def records(path: str, text: str) -> list[str]:
    source = text.encode()
    root = parse(DEFINITIONS, source)
    found = (definitions.of_match(source, match) for _, match in matches(DEFINITIONS, root))
    return [sha256_text(one.text) for one in _drafts(source, definitions.nested(filter(None, found)), "")]


def _drafts(source: bytes, found: Sequence[Definition], prefix: str) -> Iterator[Draft]:
    for one in found:
        name, row = prefix + one.name, one.outer.start_point.row + 1
        text = source[one.start : one.end].decode("utf-8", "replace")
        kind = "class" if one.kind == "class" else "method" if prefix else "function"
        yield Draft(name=name, kind=kind, text=text, start_line=row, end_line=row + text.count("\n"))
        yield from _drafts(source, one.members, f"{name}.")


def units(path: str, text: str) -> list[str]:
    return [sha256_text(one.text) for one in python.units(path, text) if isinstance(one, Draft)]


def by_processes(settings: Settings, files: list[tuple[str, str]], number: int) -> float:
    """Wall seconds to parse all files, the start of the processes included."""
    documents = [Document(path, sha256_text(text), "", "python", len(text)) for path, text in files]
    given = [
        (Stored(at, one, None), text.encode(), Given())
        for at, (one, (_, text)) in enumerate(zip(documents, files, strict=True))
    ]
    start = time.monotonic()
    made = sum(1 for _ in workers.parse(settings.model_copy(update={"threads": number}), "c", given, 10**9))
    assert made == len(files)  # counted, not kept: what is kept, the collector of garbage looks through in one process
    return time.monotonic() - start


def main() -> None:
    files = [(path.name, path.read_text("utf-8")) for path in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))]
    size = sum(len(text.encode()) for _, text in files) / 1e6
    walked = size / best(lambda path, text: sum(1 for _ in ast.walk(ast.parse(text))), files)
    parsed = size / best(lambda path, text: parse(python.GRAMMAR, text.encode()), files)
    recorded, ours = size / best(records, files), size / best(units, files)
    print(f"{size:.1f} MB: ast.walk {walked:.2f} MB/s, tree-sitter alone {parsed:.2f}", end=", ")
    print(f"records {recorded:.2f} ({recorded / walked:.2f} of ast.walk), units {ours:.2f} ({ours / walked:.2f})")
    many = [(f"{copy}/{path}", text) for copy in range(COPIES) for path, text in files]
    one, two = (by_processes(load(), many, number) for number in (1, 2))
    print(f"{COPIES * size:.1f} MB: one process {one:.1f} s, two {two:.1f} s; {one / two:.2f} times as fast")


if __name__ == "__main__":
    main()
