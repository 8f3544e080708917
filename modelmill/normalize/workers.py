"""Parsing by several processes: documents go out in batches, what they gave comes back as it gets done.

`python -m modelmill.normalize.workers FD` is one worker. It imports no Dagster and no database driver, has one pipe to
us, and ends when that closes: also when we are killed. Few documents are parsed right here, where nothing has to start.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Generator, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection, Pipe, wait
from typing import TYPE_CHECKING

from modelmill.errors import PrerequisiteError
from modelmill.normalize.linking import Given
from modelmill.normalize.parsing import Parsed, library, parse_document
from modelmill.normalize.placeholders import key_of, named_by
from modelmill.records import Document
from modelmill.settings import Settings

if TYPE_CHECKING:
    from modelmill.store.documents import Stored

# Bytes of source. To start a worker costs about as much as to parse half of it.
WORTH_A_WORKER = 2_000_000
BATCH = 200_000

Batch = list[tuple["Stored", bytes, Given]]


def parse(
    settings: Settings, corpus: str, documents: Iterable[tuple[Stored, bytes, Given]], size: int
) -> Iterator[tuple[Stored, Parsed]]:
    """What each document gave. size: bytes of all of them. Raises PrerequisiteError when a worker is gone."""
    key = key_of(settings)
    number = min(settings.threads or os.cpu_count() or 1, size // WORTH_A_WORKER)
    if number < 2:
        names = named_by(key)
        known = library(names)
        for one, content, given in documents:
            yield one, parse_document(corpus, one.record, content, names, given, known)
        return
    with ExitStack() as stack:
        idle = [stack.enter_context(_worker(corpus, key)) for _ in range(number)]
        busy: dict[Connection, Batch] = {}
        for batch in _batches(documents):
            if not idle:
                yield from _collect(busy, idle)
            connection = idle.pop()
            with _told_when_gone(batch):
                connection.send([(stored.record, content, given) for stored, content, given in batch])
            busy[connection] = batch
        while busy:
            yield from _collect(busy, idle)


def _collect(busy: dict[Connection, Batch], idle: list[Connection]) -> Iterator[tuple[Stored, Parsed]]:
    """What those gave that are done first."""
    for connection in wait(list(busy)):
        assert isinstance(connection, Connection)
        batch = busy.pop(connection)
        with _told_when_gone(batch):
            found: list[Parsed] = connection.recv()
        idle.append(connection)
        yield from ((stored, one) for (stored, *_), one in zip(batch, found, strict=True))


@contextmanager
def _told_when_gone(batch: Batch) -> Generator[None]:
    try:
        yield
    except (EOFError, OSError) as error:
        raise PrerequisiteError(
            "a process that parses ended before its time",
            allowed="processes that are not killed, with some 200 MB of memory each",
            found=f"none answers for {len(batch)} documents, the first {batch[0][0].record.path!r}",
            next="the same command again, it goes on where it stopped; MILL_THREADS=1 parses without processes",
        ) from error


def _batches(documents: Iterable[tuple[Stored, bytes, Given]]) -> Iterator[Batch]:
    batch: Batch = []
    sent: dict[str, int] = {}  # bytes of the files that go with it; each is sent once
    size = 0
    for stored, content, given in documents:
        batch.append((stored, content, given))
        sent |= {file.path: len(file.content) for file in given.files.values() if file.content is not None}
        size += len(content)
        if size + sum(sent.values()) >= BATCH:
            yield batch
            batch, sent, size = [], {}, 0
    if batch:
        yield batch


@contextmanager
def _worker(corpus: str, key: bytes) -> Generator[Connection]:
    ours, theirs = Pipe()
    argv = [sys.executable, "-m", "modelmill.normalize.workers", str(theirs.fileno())]
    process = subprocess.Popen(argv, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
    theirs.close()
    try:
        ours.send((corpus, key))
        yield ours
    finally:
        ours.close()
        process.terminate()
        process.wait()


def work(connection: Connection) -> None:
    """Parse batches until nobody sends any more."""
    try:
        corpus, key = connection.recv()
        names = named_by(key)
        known = library(names)
        while True:
            batch: list[tuple[Document, bytes, Given]] = connection.recv()
            connection.send(
                [parse_document(corpus, one, content, names, given, known) for one, content, given in batch]
            )
    except (EOFError, BrokenPipeError, KeyboardInterrupt):
        return


if __name__ == "__main__":
    work(Connection(int(sys.argv[1])))
