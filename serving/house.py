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
    """What the routes share; opened and closed with the app."""

    def __init__(self, metrics: Metrics) -> None:
        self.metrics = metrics
        self.was_ready = False  # whether it ever said so (serving/operations.py)
        self._open: tuple[State, Switch, SandboxService, Runs, Answers] | None = None

    @property
    def state(self) -> State:
        """Settings and the database; only while the app runs."""
        assert self._open
        return self._open[0]

    @property
    def switch(self) -> Switch:
        """The way to the releases; only while the app runs."""
        assert self._open
        return self._open[1]

    @property
    def sandbox(self) -> SandboxService:
        """The way to the sandbox; only while the app runs."""
        assert self._open
        return self._open[2]

    @property
    def runs(self) -> Runs:
        """The records of what the sandbox is asked for; only while the app runs."""
        assert self._open
        return self._open[3]

    @property
    def answers(self) -> Answers:
        """What the releases answer, and answered before; only while the app runs."""
        assert self._open
        return self._open[4]

    @asynccontextmanager
    async def running(self, _app: FastAPI) -> AsyncGenerator[None, None]:
        """The app's lifespan."""
        state = State()
        logs.configure(state.settings.home_dir, "gateway", state.settings.log_level)
        switch = Switch(state.settings, self.metrics)
        self._open = state, switch, SandboxService(state.settings), Runs(state), Answers(state, switch)
        tending = asyncio.create_task(self.runs.tend())
        try:
            yield
        finally:
            tending.cancel()
            with suppress(asyncio.CancelledError):
                await tending
            await self.switch.client.close()
            await self.sandbox.client.close()
