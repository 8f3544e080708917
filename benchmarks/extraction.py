"""How fast Python becomes units with their sha256: MB a second of one core, beside parsing and walking with `ast`.

    python benchmarks/extraction.py

The top modules of the standard library in one process, by processor time: the quickest of five passes of each way,
all ways in turn. A pass is whole, for its cost is more than that of its files: the collector of garbage goes through
what `ast` makes, now at this file, now at that. "records": name, kind, lines and text of every class, and of every
function that is not in another, with its sha256. "units": what intake makes, with docstring, signature, calls, imports
and complexity too.

Then the whole of normalize's parsing, cleaning and annotation included, of the whole standard library by one process
and by two, by the clock, the quicker of two runs each: on a machine that does nothing else. Each run is in a process of
its own, as `mill run` is, for who has read much finds its patterns compiled and its caches full.
"""

from __future__ import annotations

import ast
import sysconfig
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path

from modelmill.extract.source import MAX_FILE_BYTES
from modelmill.normalize import definitions, python, workers
from modelmill.normalize.definitions import Definition
from modelmill.normalize.grammar import parse
from modelmill.normalize.language import Draft
from modelmill.normalize.linking import Given
from modelmill.records import Document, sha256_text
from modelmill.settings import load
from modelmill.store.documents import Stored

RUNS = 5


def best(ways: Sequence[Callable[[str, str], object]], files: list[tuple[str, str]]) -> list[float]:
    """Processor seconds of each way for all files, the least of all passes: what else the machine does adds to some."""
    taken = [float("inf")] * len(ways)
    for _ in range(RUNS):
        for at, way in enumerate(ways):
            start = time.process_time()
            for file in files:
                way(*file)
            taken[at] = min(taken[at], time.process_time() - start)
    return taken


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


def by_processes(number: int) -> float:
    """Wall seconds to parse the whole standard library, the start of the processes included."""
    settings = load().model_copy(update={"threads": number})
    given = [(Stored(at, one, None), text.encode(), Given()) for at, (one, text) in enumerate(_documents())]
    start = time.monotonic()
    made = sum(1 for _ in workers.parse(settings, "c", given, sum(stored.record.size for stored, _, _ in given)))
    assert made == len(given)  # counted, not kept: what is kept, the collector of garbage looks through in one process
    return time.monotonic() - start


def _documents() -> Iterator[tuple[Document, str]]:
    for path, text in library("**/*.py"):
        if "site-packages" not in path:
            yield Document(path, sha256_text(text), "", "python", len(text.encode())), text


def library(pattern: str) -> list[tuple[str, str]]:
    """Path and text of the standard library's files that intake would take."""
    top = Path(sysconfig.get_path("stdlib"))
    found: list[tuple[str, str]] = []
    for path in sorted(top.glob(pattern)):
        with suppress(UnicodeDecodeError):
            if len(text := path.read_text("utf-8")) <= MAX_FILE_BYTES:
                found.append((str(path.relative_to(top)), text))
    return found


def fresh(number: int) -> float:
    """`by_processes` in a process that has read nothing yet."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as own:
        return own.submit(by_processes, number).result()


def main() -> None:
    files = library("*.py")
    size = sum(len(text.encode()) for _, text in files) / 1e6
    walked, parsed, recorded, made = (size / taken for taken in best((walk, tree, records, units), files))
    print(f"{size:.1f} MB: ast.walk {walked:.2f} MB/s, tree-sitter alone {parsed:.2f}", end=", ")
    print(f"records {recorded:.2f} ({recorded / walked:.2f} of ast.walk), units {made:.2f} ({made / walked:.2f})")
    size = sum(one.size for one, _ in _documents()) / 1e6
    one, two = map(min, zip(*([fresh(number) for number in (1, 2)] for _ in range(2)), strict=True))
    print(f"{size:.1f} MB: one process {one:.1f} s, two {two:.1f} s; {one / two:.2f} times as fast")


if __name__ == "__main__":
    main()
