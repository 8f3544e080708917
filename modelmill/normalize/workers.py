"""Parsing by several processes: documents go out in batches, what they gave comes back as it gets done.

`python -m modelmill.normalize.workers FD` is one worker. It imports no Dagster and no database driver, has one pipe to
us, and ends when that closes: also when we are killed. Few documents are parsed right here, where nothing has to start.
A worker has its next batch before it is done with one: it does not wait for us while we store what another one gave.

What a worker that ended had in hand is parsed again, one document at a time: a text can bring a parser in C down, or
take all memory. The document that ends the processes that have nothing else to read is left out and named. It is not
known before: of few documents, which are parsed right here, such a one ends us once, and the next time they are not.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from itertools import chain
from multiprocessing.connection import Connection, Pipe, wait
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

from modelmill.errors import PrerequisiteError
from modelmill.normalize.linking import Given, made_of
from modelmill.normalize.parsing import Parsed, library, parse_document, stamp
from modelmill.normalize.placeholders import key_of, named_by
from modelmill.records import Document, Dropped, canonical_json, sha256_text

if TYPE_CHECKING:
    from modelmill.settings import Settings
    from modelmill.store.documents import Stored

# Bytes of source. To start a worker costs about as much as to parse a fifth of it.
WORTH_A_WORKER = 2_000_000
BATCH = 100_000
IN_HAND = 2  # batches that a worker has at most, with the one that it parses

ENDED = "ends the process that reads it"  # why such a document is left out
TRIES = 2  # times that it is read by itself
MAX_ENDED = 20  # such documents in a run; where there are more it is the machine, and none of them is left out

Batch = list[tuple["Stored", bytes, Given]]


class Worker:
    """A process that parses. batches: what it has not answered for yet."""

    def __init__(self, corpus: str, key: bytes) -> None:
        self._told = (corpus, key)
        self.batches: deque[Batch] = deque()
        self.start()

    def start(self) -> None:
        """A fresh process."""
        self.connection, theirs = Pipe()
        argv = [sys.executable, "-m", "modelmill.normalize.workers", str(theirs.fileno())]
        self._process = subprocess.Popen(argv, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
        theirs.close()
        self._send(self._told)

    def ask(self, batch: Batch) -> None:
        """Have it parse these."""
        self.batches.append(batch)
        self._send([(stored.record, content, given) for stored, content, given in batch])

    def answer(self) -> list[tuple[Stored, Parsed]]:
        """What its first batch gave. Raises EOFError or OSError when it is gone; then it still has the batch."""
        found: list[Parsed] = self.connection.recv()
        return [(stored, one) for (stored, *_), one in zip(self.batches.popleft(), found, strict=True)]

    def replace(self) -> str:
        """A fresh process for one that is gone, with nothing to answer for; returns how that one ended."""
        self.connection.close()
        code = self._process.wait()
        self.batches.clear()
        self.start()
        return f"exit status {code}" if code >= 0 else signal.Signals(-code).name

    def stop(self) -> None:
        """End it, whatever it is at."""
        self.connection.close()
        self._process.terminate()
        self._process.wait()

    def _send(self, message: object) -> None:
        with suppress(OSError):  # that it is gone is seen when it is to answer
            self.connection.send(message)


def parse(
    settings: Settings, corpus: str, documents: Iterable[tuple[Stored, bytes, Given]], size: int, apart: bool = False
) -> Iterator[tuple[Stored, Parsed]]:
    """What each document gave. size: bytes of all of them; apart: whether one of them is known to end who reads it.

    Raises PrerequisiteError when too many do.
    """
    key = key_of(settings)
    number = min(settings.threads or os.cpu_count() or 1, size // WORTH_A_WORKER)
    # Who is ended at it leaves this behind; called by a hash, for a corpus that is removed leaves no name.
    begun = settings.home_dir / "parsing" / sha256_text(canonical_json([settings.tenant, corpus]))[:32]
    if number < 2 and not apart and not begun.exists():
        yield from _right_here(corpus, key, documents, begun)
        return
    try:
        yield from _kept(_by_workers(corpus, key, max(number, 1), documents))
    finally:  # also where too many end them: who then parses without processes is to
        begun.unlink(missing_ok=True)


def _right_here(
    corpus: str, key: bytes, documents: Iterable[tuple[Stored, bytes, Given]], begun: Path
) -> Iterator[tuple[Stored, Parsed]]:
    names = named_by(key)
    known = library(names)
    begun.parent.mkdir(parents=True, exist_ok=True)
    begun.touch()
    try:
        for one, content, given in documents:
            yield one, parse_document(corpus, one.record, content, names, given, known)
    finally:
        begun.unlink(missing_ok=True)


def _kept(parsed: Iterable[tuple[Stored, Parsed]]) -> Iterator[tuple[Stored, Parsed]]:
    """Those that end who reads them last, when it is sure that they are few."""
    ending: list[tuple[Stored, Parsed]] = []
    for stored, one in parsed:
        if not any(left_out.reason == ENDED for left_out in one.dropped):
            yield stored, one
        elif len(ending) < MAX_ENDED:
            ending.append((stored, one))
        else:
            raise _too_many(stored, one)
    yield from ending


def _by_workers(
    corpus: str, key: bytes, number: int, documents: Iterable[tuple[Stored, bytes, Given]]
) -> Iterator[tuple[Stored, Parsed]]:
    with ExitStack() as stack:
        staff: list[Worker] = []
        for _ in range(number):
            staff.append(Worker(corpus, key))
            stack.callback(staff[-1].stop)
        for batch in _batches(documents):
            while len((least := min(staff, key=lambda one: len(one.batches))).batches) == IN_HAND:
                yield from _collect(staff)
            least.ask(batch)
        while any(one.batches for one in staff):
            yield from _collect(staff)


def _collect(staff: list[Worker]) -> Iterator[tuple[Stored, Parsed]]:
    """What those gave that are done first, and those that are gone."""
    busy = {one.connection: one for one in staff if one.batches}
    for connection in wait(list(busy)):
        assert isinstance(connection, Connection)
        worker = busy[connection]
        try:
            found = worker.answer()
        except (EOFError, OSError):
            yield from _one_by_one(worker)
        else:
            yield from found


def _one_by_one(worker: Worker) -> Iterator[tuple[Stored, Parsed]]:
    """What a worker that is gone still had to answer for."""
    left = list(chain(*worker.batches))
    worker.replace()
    for stored, content, given in left:
        yield stored, _alone(worker, stored, content, given)


def _alone(worker: Worker, stored: Stored, content: bytes, given: Given) -> Parsed:
    how = ""
    for _ in range(TRIES):
        worker.ask([(stored, content, given)])
        try:
            return worker.answer()[0][1]
        except (EOFError, OSError):
            how = worker.replace()
    left_out = Dropped(stored.record.path, ENDED, f"it ended with {how}, {TRIES} times by itself")
    return Parsed(made_of(stamp(stored.record), given.files), dropped=[left_out])


def _too_many(stored: Stored, last: Parsed) -> PrerequisiteError:
    return PrerequisiteError(
        "processes that parse end before their time",
        allowed=f"at most {MAX_ENDED} documents that end them; some 200 MB of memory for each process",
        found=f"more, {stored.record.path!r} the last: {last.dropped[0].detail}",
        next="the same command again, it goes on where it stopped; MILL_THREADS=1 parses without processes",
    )


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
