"""Ends a program that somebody waits for in vain."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager


@contextmanager
def watched(process: subprocess.Popen[bytes], seconds: float) -> Generator[Callable[..., None]]:
    """Ends a process that has been waited for longer than that. The function given says that it answered.

    waiting: whether anybody waits for its next answer; who reads may take as long as it likes with the last one.
    """
    since: list[float | None] = [time.monotonic()]
    over = threading.Event()

    def answered(waiting: bool = True) -> None:
        since[0] = time.monotonic() if waiting else None

    def watch() -> None:
        while not over.wait(min(1.0, seconds / 4)):
            if (last := since[0]) is not None and time.monotonic() - last > seconds:
                process.kill()
                return

    thread = threading.Thread(target=watch, name="mill-watch", daemon=True)
    thread.start()
    try:
        yield answered
    finally:
        over.set()
        thread.join()
