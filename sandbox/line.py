"""Few at a time, the others in a line with an end: who does not fit into it is told when to come again."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from modelmill.errors import UserError

FIRST_GUESS = 1.0  # seconds a turn takes, until one was seen
WEIGHT = 0.2  # of the newest turn in the running mean


class FullError(Exception):
    """The line has no room. seconds: when to come again."""

    def __init__(self, seconds: int, room: int) -> None:
        super().__init__(f"{room} wait already")
        self.seconds, self.room = seconds, room


class Line:
    """First come, first served (asyncio's semaphore is fair)."""

    def __init__(self, slots: int, room: int) -> None:
        self.slots, self.room = slots, room
        self.inside = 0
        self.seconds = FIRST_GUESS
        self.free = asyncio.Semaphore(slots)

    @asynccontextmanager
    async def places(self, count: int) -> AsyncGenerator[None]:
        """Room for `count` turns, all or none. Raises FullError; UserError when there never is."""
        if count > self.slots + self.room:
            raise UserError(
                "the request has more inputs than there is room for",
                allowed=f"{self.slots + self.room} (MILL_SANDBOX_SLOTS and MILL_SANDBOX_QUEUE together)",
                found=f"{count} inputs",
                next="send them in several requests",
            )
        if self.inside + count > self.slots + self.room:
            ahead = max(1, self.inside - self.slots + count)
            raise FullError(math.ceil(ahead * self.seconds / self.slots), self.room)
        self.inside += count
        try:
            yield
        finally:
            self.inside -= count

    @asynccontextmanager
    async def turn(self) -> AsyncGenerator[None]:
        """One of the slots, when it is ours."""
        async with self.free:
            start = time.monotonic()
            try:
                yield
            finally:
                self.seconds += WEIGHT * (time.monotonic() - start - self.seconds)
