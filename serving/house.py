"""What the routes share: the state, the way to the releases, the counters. Opened and closed with the app."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI

from modelmill import logs
from serving.answers import Answers
from serving.metrics import Metrics
from serving.runs import Runs
from serving.sandboxed import SandboxService
from serving.state import State
from serving.switch import Switch


class House:
    """What the routes share; all but the counters is there only while the app runs."""

    state: State  # settings and the database
    switch: Switch  # the way to the releases
    sandbox: SandboxService  # the way to the sandbox
    runs: Runs  # the records of what the sandbox is asked for
    answers: Answers  # what the releases answer, and answered before

    def __init__(self, metrics: Metrics) -> None:
        self.metrics = metrics
        self.was_ready = False  # whether it ever said so (serving/operations.py)

    @asynccontextmanager
    async def running(self, _app: FastAPI) -> AsyncGenerator[None, None]:
        """The app's lifespan."""
        self.state = State()
        settings = self.state.settings
        logs.configure(settings.home_dir, "gateway", settings.log_level)
        self.switch, self.sandbox = Switch(settings, self.metrics), SandboxService(settings)
        self.runs, self.answers = Runs(self.state), Answers(self.state, self.switch)
        tending = asyncio.create_task(self.runs.tend())
        try:
            yield
        finally:
            tending.cancel()
            with suppress(asyncio.CancelledError):
                await tending
            await self.switch.client.close()
            await self.sandbox.client.close()
