"""Many callers, one worker: what arrives while a batch is worked on makes the next one. Nothing waits for company.

BentoML's own batcher refuses what it cannot finish in time (88 % in one measured setting); here the queue is bounded by
the caller's own limit on requests in flight.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import anyio.to_thread

Item = TypeVar("Item")
Result = TypeVar("Result")


class Batcher(Generic[Item, Result]):
    """`await batcher(item)`: `work` gets up to `size` items at once, in a thread, one batch at a time."""

    def __init__(self, work: Callable[[Sequence[Item]], Sequence[Result]], size: int) -> None:
        self.work, self.size = work, size
        self.waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self.running: asyncio.Task[None] | None = None

    async def __call__(self, item: Item) -> Result:
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self.waiting.append((item, future))
        if self.running is None or self.running.done():
            self.running = asyncio.create_task(self._run())
        return await future

    async def _run(self) -> None:
        while self.waiting:
            batch, self.waiting = self.waiting[: self.size], self.waiting[self.size :]
            wanted = [(item, future) for item, future in batch if not future.done()]  # a caller may have gone
            if wanted:
                await self._work_on(wanted)

    async def _work_on(self, batch: list[tuple[Item, asyncio.Future[Result]]]) -> None:
        """A batch that fails is worked on one by one, so that a bad item fails its own caller alone."""
        try:
            results = await anyio.to_thread.run_sync(self.work, [item for item, _ in batch])
            for (_, future), result in zip(batch, results, strict=True):
                if not future.done():
                    future.set_result(result)
        except Exception as error:  # noqa: BLE001  (handed to whoever asked)
            if len(batch) > 1:
                for one in batch:
                    await self._work_on([one])
            elif not batch[0][1].done():
                batch[0][1].set_exception(error)
