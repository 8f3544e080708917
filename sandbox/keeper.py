"""Opens the house when an engine is there, again after it was away, and says what is missing until then."""

from __future__ import annotations

import asyncio
import time

from modelmill.errors import PrerequisiteError
from modelmill.settings import Settings
from sandbox import engine
from sandbox.contract import Answer
from sandbox.house import House

AGAIN_SECONDS = 2.0  # an engine that did not answer is left alone that long


class Keeper:
    """The house of a service: one at a time, opened at the first need."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.lock = asyncio.Lock()
        self.open: House | None = None
        self.missing: tuple[float, PrerequisiteError] | None = None

    async def house(self) -> House:
        """Raises PrerequisiteError."""
        async with self.lock:
            if self.open is None:
                if self.missing and time.monotonic() - self.missing[0] < AGAIN_SECONDS:
                    raise self.missing[1]
                try:
                    self.open = await asyncio.to_thread(House, self.settings)
                except PrerequisiteError as error:
                    self.missing = (time.monotonic(), error)
                    raise
            return self.open

    async def checked(self, answers: list[Answer]) -> list[Answer]:
        """The answers; raises PrerequisiteError when nothing was begun because the engine is away."""
        if self.open and all(one.status == "sandbox_error" and one.container_id is None for one in answers):
            await asyncio.to_thread(engine.require_answer, self.open.api)
        return answers

    async def close(self) -> None:
        """End every container."""
        if self.open:
            await asyncio.to_thread(self.open.close)
            self.open = None
