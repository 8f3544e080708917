"""Warm containers of one language, and the threads that make and end containers in the background."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from sandbox.box import Box, BrokenError

MAKERS = 2
ENDERS = 2
PATIENCE_SECONDS = 60.0  # for a container, when none is warm
AGAIN_SECONDS = 1.0  # before the engine is asked again for what it did not do
log = logging.getLogger(__name__)


class Background:
    """Threads that make and end containers."""

    def __init__(self) -> None:
        self.makers = ThreadPoolExecutor(MAKERS, "make")
        self.enders = ThreadPoolExecutor(ENDERS, "end")
        self.stopping = threading.Event()

    def end(self, box: Box) -> None:
        """Destroy it, soon; again later where the engine does not do it."""
        self._submit(self.enders, self._end, box)

    def make(self, work: Callable[[], None]) -> None:
        """In one of the makers' threads."""
        self._submit(self.makers, work)

    def later(self, work: Callable[..., None], *args: Any) -> None:
        """In a while, unless all is stopping by then. No thread of the few waits for it."""
        timer = threading.Timer(AGAIN_SECONDS, lambda: self.stopping.is_set() or work(*args))
        timer.daemon = True
        timer.start()

    def _submit(self, to: ThreadPoolExecutor, work: Callable[..., None], *args: Any) -> None:
        with suppress(RuntimeError):  # it takes nothing any more: all is stopping
            to.submit(work, *args)

    def _end(self, box: Box) -> None:
        gone = False
        try:
            gone = box.destroy()
        except Exception as error:  # noqa: BLE001  (the engine may be restarting)
            # As text: whoever keeps a log record would keep the error, and with it sockets that were never closed.
            log.warning("container %s was not removed: %s", box.id[:12], str(error))
        if not gone:
            self.later(self.end, box)

    def stop_making(self) -> None:
        """Returns when no container is being made any more."""
        self.stopping.set()
        self.makers.shutdown(wait=True)

    def stop(self) -> None:
        """Returns when all that was begun is done."""
        self.stop_making()
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
        self.again = False  # whether a later try is set: one, however many failed

    def fill(self) -> None:
        """Begin to make what is missing."""
        with self.changed:
            wanted = max(self.size, self.waiting)
            missing = wanted - len(self.ready) - self.making
            if missing <= 0 or self.background.stopping.is_set():
                return
            self.making += missing
        for _ in range(missing):
            self.background.make(self._make)

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
            made.start()
        except Exception as error:  # noqa: BLE001  (told to whoever waits)
            failure = error
            log.warning("no container was made: %s", str(error))
            if made is not None:
                self.background.end(made)  # the engine may have it, and may be away
        with self.changed:
            self.making -= 1
            if failure is not None:
                self.failure = (time.monotonic(), failure)
            elif made is not None:
                self.ready.append(made)
                self.failure = None
            self.changed.notify_all()
            again, self.again = failure is not None and not self.again, self.again or failure is not None
        if again:
            self.background.later(self._again)

    def _again(self) -> None:
        with self.changed:
            self.again = False
        self.fill()

    def tend(self) -> None:
        """Put new ones in the place of those that died while they waited."""
        with self.changed:
            dead = [box for box in self.ready if not box.alive]
            self.ready = deque(box for box in self.ready if box not in dead)
        for box in dead:
            self.background.end(box)
        self.fill()

    def empty(self) -> None:
        """End all that are warm."""
        with self.changed:
            left, self.ready = list(self.ready), deque()
        for box in left:
            self.background.end(box)
