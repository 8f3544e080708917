"""Warm containers of one language, and the threads that make and end containers in the background."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from sandbox.box import Box, BrokenError

MAKERS = 2
ENDERS = 2
PATIENCE_SECONDS = 60.0  # for a container, when none is warm
AGAIN_SECONDS = 1.0  # before the engine is asked again after it failed
log = logging.getLogger(__name__)


class Background:
    """Threads that make and end containers."""

    def __init__(self) -> None:
        self.makers = ThreadPoolExecutor(MAKERS, "make")
        self.enders = ThreadPoolExecutor(ENDERS, "end")
        self.stopping = threading.Event()

    def end(self, box: Box) -> None:
        """Destroy it, soon."""
        self.enders.submit(_end, box)

    def stop(self) -> None:
        """Returns when all that was begun is done."""
        self.stopping.set()
        self.makers.shutdown(wait=True)
        self.enders.shutdown(wait=True)


class Pool:
    """Keeps `size` containers warm. `take` gives one away for good."""

    def __init__(self, make: Callable[[], Box], size: int, background: Background) -> None:
        self.make, self.size, self.background = make, size, background
        self.ready: deque[Box] = deque()
        self.changed = threading.Condition()
        self.making = 0
        self.waiting = 0
        self.failure: tuple[float, Exception] | None = None

    def fill(self) -> None:
        """Begin to make what is missing."""
        with self.changed:
            wanted = max(self.size, self.waiting)
            missing = wanted - len(self.ready) - self.making
            if missing <= 0 or self.background.stopping.is_set():
                return
            self.making += missing
        for _ in range(missing):
            self.background.makers.submit(self._make)

    def take(self) -> Box:
        """A warm container; the next one is begun. Raises BrokenError when none can be made."""
        since = time.monotonic()
        while True:
            box = self._wait(since)
            self.fill()
            if box.alive:
                return box
            self.background.end(box)

    def _wait(self, since: float) -> Box:
        with self.changed:
            self.waiting += 1
        try:
            self.fill()
            with self.changed:
                self.changed.wait_for(lambda: self.ready or self._failed(since), PATIENCE_SECONDS)
                if self.ready:
                    return self.ready.popleft()
                reason = self.failure[1] if self.failure else f"none was warm in {PATIENCE_SECONDS:.0f} s"
                raise BrokenError(f"no container: {reason}")
        finally:
            with self.changed:
                self.waiting -= 1

    def _failed(self, since: float) -> bool:
        return self.failure is not None and self.failure[0] > since

    def _make(self) -> None:
        made, failure = None, None
        try:
            made = self.make()
        except Exception as error:  # noqa: BLE001  (told to whoever waits)
            failure = error
            log.warning("no container was made: %s", error)
        with self.changed:
            self.making -= 1
            if made is not None:
                self.ready.append(made)
                self.failure = None
            elif failure is not None:
                self.failure = (time.monotonic(), failure)
            self.changed.notify_all()
        if failure is not None and not self.background.stopping.wait(AGAIN_SECONDS):
            self.fill()

    def empty(self) -> None:
        """End all that are warm."""
        with self.changed:
            left, self.ready = list(self.ready), deque()
        for box in left:
            self.background.end(box)


def _end(box: Box) -> None:
    try:
        box.destroy()
    except Exception as error:  # noqa: BLE001  (the reaper comes after us)
        log.warning("container %s was not removed: %s", box.id[:12], error)
