"""A program under test: writers that publish without an end and are killed, or stopped and woken, at random moments.

Arguments: how many, seed. Each writer takes the lease, publishes an artifact, and in one transaction 50 rows with the
publication; then says so. One in five is stopped (SIGSTOP) while the next one works, and is then an orphan with an old
token. Prints, as one JSON object, what was said to be committed, and how many were killed and woken.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import NoReturn

from sqlalchemy import Engine, NullPool, create_engine

from modelmill.errors import FencedError
from modelmill.settings import Settings, load
from modelmill.store import artifacts, publications, tables
from modelmill.store.database import database_url

ROWS = 50
LIVES = 6  # publications that a writer would come to at the most, were it alone


def work(settings: Settings, said: int, number: int) -> NoReturn:
    """Publish again and again, until killed or overtaken."""
    db = create_engine(database_url(settings), poolclass=NullPool)
    turn = 0
    while True:
        held = publications.take(db, "chaos")
        try:
            token = publish(settings, db, held, f"{number}.{turn}")
        except FencedError:
            os._exit(5)
        os.write(said, f"{token}\n".encode())
        turn += 1


def publish(settings: Settings, db: Engine, held: publications.Lease, content: str) -> int:
    """An artifact with this content, its rows and the publication; returns the token."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "model.json").write_text(json.dumps({"content": content, "filler": "x" * 100_000}))
        (Path(folder) / "card.txt").write_text(content)
        sha256, path = artifacts.publish_dir(settings, Path(folder), "chaos")
    row = {"sha256": sha256, "task": "chaos", "path": str(path), "counts": {}, "manifest": {}}
    unit = {"corpus": "c", "path": "p", "unit_sha256": "u", "document_sha256": "d", "revision": "r", "split": "train"}
    with db.begin() as conn:
        conn.execute(tables.dataset.insert().values(**row))
        units = [{"dataset_sha256": sha256, "name": f"n{i}", **unit} for i in range(ROWS)]
        conn.execute(tables.dataset_unit.insert(), units)
        publications.publish(conn, held, input_hash=content, sha256=sha256, rows=ROWS)
    return held.token


def _seconds(settings: Settings) -> float:
    """How long one publication takes, once everything is imported: the children inherit that."""
    db = create_engine(database_url(settings), poolclass=NullPool)
    publish(settings, db, publications.take(db, "chaos"), "the first")
    start = time.monotonic()
    publish(settings, db, publications.take(db, "chaos"), "the second")
    return time.monotonic() - start


def main() -> None:
    """Fork a writer, let it live for a moment, end it; again."""
    settings, count, rng = load(), int(sys.argv[1]), random.Random(int(sys.argv[2]))
    longest = LIVES * _seconds(settings)
    reading, said = os.pipe()
    os.set_blocking(reading, False)
    heard, orphans, woken = b"", [], 0
    for number in range(count):
        child = os.fork()
        if child == 0:
            os.close(reading)
            work(settings, said, number)
        time.sleep(rng.uniform(0, longest))
        for orphan in orphans:  # it has an old token now, if the newer writer has come so far
            os.kill(orphan, signal.SIGCONT)
            woken += 1
        if orphans:
            time.sleep(longest / 2)
        for orphan in orphans:
            os.kill(orphan, signal.SIGKILL)
            os.waitpid(orphan, 0)
        orphans = []
        if rng.random() < 0.2:
            os.kill(child, signal.SIGSTOP)
            orphans.append(child)
        else:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        while True:
            try:
                heard += os.read(reading, 1 << 16)
            except BlockingIOError:
                break
    for orphan in orphans:
        os.kill(orphan, signal.SIGKILL)
        os.waitpid(orphan, 0)
    print(json.dumps({"killed": count, "woken": woken, "committed": [int(one) for one in heard.split()]}))


if __name__ == "__main__":
    main()
