"""How fast Python becomes units with their sha256: MB a second of one core, beside parsing and walking with `ast`.

    python benchmarks/extraction.py

The top modules of the standard library in one process, by processor time: of each file the quickest of five runs, all
ways in turn. "records": name, kind, lines and text of every class, and of every function that is not in another, with
its sha256. "units": what intake makes, with docstring, signature, calls, imports and complexity too. Then the whole of
normalize's parsing, cleaning and annotation included, by one process and by two, by the clock, the quicker of two runs
each: on a machine that does nothing else.
"""

from __future__ import annotations

import ast
import sysconfig
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from modelmill.normalize import definitions, python, workers
from modelmill.normalize.definitions import Definition
from modelmill.normalize.grammar import parse
from modelmill.normalize.language import Draft
from modelmill.normalize.linking import Given
from modelmill.records import Document, sha256_text
from modelmill.settings import Settings, load
from modelmill.store.documents import Stored

RUNS = 5
COPIES = 4


def best(ways: Sequence[Callable[[str, str], object]], files: list[tuple[str, str]]) -> list[float]:
    """Processor seconds of each way for all files, of each file the least: what else the machine does adds to some."""
    taken = [[float("inf")] * len(files) for _ in ways]
    for _ in range(RUNS):
        for at, file in enumerate(files):
            for way, least in zip(ways, taken, strict=True):
                start = time.process_time()
                way(*file)
                least[at] = min(least[at], time.process_time() - start)
    return [sum(least) for least in taken]


def walk(path: str, text: str) -> int:
    return sum(1 for _ in ast.walk(ast.parse(text)))


def tree(path: str, text: str) -> object:
    return parse(python.GRAMMAR, text.encode())


def records(path: str, text: str) -> list[str]:
    source = text.encode()
    found = definitions.walked(python.GRAMMAR, source, parse(python.GRAMMAR, source))
    return [sha256_text(one.text) for one in _drafts(source, definitions.nested(found), "")]


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
    walked, parsed, recorded, made = (size / taken for taken in best((walk, tree, records, units), files))
    print(f"{size:.1f} MB: ast.walk {walked:.2f} MB/s, tree-sitter alone {parsed:.2f}", end=", ")
    print(f"records {recorded:.2f} ({recorded / walked:.2f} of ast.walk), units {made:.2f} ({made / walked:.2f})")
    many = [(f"{copy}/{path}", text) for copy in range(COPIES) for path, text in files]
    one, two = map(
        min, zip(*([by_processes(load(), many, number) for number in (1, 2)] for _ in range(2)), strict=True)
    )
    print(f"{COPIES * size:.1f} MB: one process {one:.1f} s, two {two:.1f} s; {one / two:.2f} times as fast")


if __name__ == "__main__":
    main()
