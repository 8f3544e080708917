"""Parsing by several processes: documents go out in batches, what they gave comes back as it gets done.

`python -m modelmill.normalize.workers FD` is one worker. It imports no Dagster and no database driver, has one pipe to
us, and ends when that closes: also when we are killed. Few documents are parsed right here, where nothing has to start.
A worker has its next batch before it is done with one: it does not wait for us while we store what another one gave.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, Pipe, wait
from queue import SimpleQueue
from typing import TYPE_CHECKING

from modelmill.errors import PrerequisiteError
from modelmill.normalize.linking import Given
from modelmill.normalize.parsing import Parsed, library, parse_document
from modelmill.normalize.placeholders import key_of, named_by
from modelmill.records import Document

if TYPE_CHECKING:
    from modelmill.settings import Settings
    from modelmill.store.documents import Stored

# Bytes of source. To start a worker costs about as much as to parse a fifth of it.
WORTH_A_WORKER = 2_000_000
BATCH = 100_000
IN_HAND = 2  # batches that a worker has at most, with the one that it parses

Batch = list[tuple["Stored", bytes, Given]]


@dataclass(slots=True)
class Worker:
    """A process that parses, and what it has not answered for yet."""

    connection: Connection
    batches: deque[Batch] = field(default_factory=deque[Batch])


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
        staff = [Worker(stack.enter_context(_worker(corpus, key))) for _ in range(number)]
        for batch in _batches(documents):
            while (least := min(staff, key=lambda one: len(one.batches))) and len(least.batches) == IN_HAND:
                yield from _collect(staff)
            with _told_when_gone(batch):
                least.connection.send([(stored.record, content, given) for stored, content, given in batch])
            least.batches.append(batch)
        while any(one.batches for one in staff):
            yield from _collect(staff)


def _collect(staff: list[Worker]) -> Iterator[tuple[Stored, Parsed]]:
    """What those gave that are done first."""
    busy = {one.connection: one.batches for one in staff if one.batches}
    for connection in wait(list(busy)):
        assert isinstance(connection, Connection)
        with _told_when_gone(busy[connection][0]):
            found: list[Parsed] = connection.recv()
        batch = busy[connection].popleft()
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
        asked: SimpleQueue[list[tuple[Document, bytes, Given]] | None] = SimpleQueue()
        threading.Thread(target=_receive, args=(connection, asked), daemon=True).start()
        while (batch := asked.get()) is not None:
            connection.send(
                [parse_document(corpus, one, content, names, given, known) for one, content, given in batch]
            )
    except (EOFError, BrokenPipeError, KeyboardInterrupt):
        return


def _receive(connection: Connection, asked: SimpleQueue[list[tuple[Document, bytes, Given]] | None]) -> None:
    """Take in what is sent while a batch is parsed: a pipe holds less than one, and both ends would wait to send."""
    try:
        while True:
            asked.put(connection.recv())
    except (EOFError, OSError):
        pass  # nobody sends any more
    finally:
        asked.put(None)


if __name__ == "__main__":
    work(Connection(int(sys.argv[1])))
