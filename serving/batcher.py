"""Many callers, few workers: what arrives while they work makes the next batches. Nothing waits for company, except
where those who were answered together are about to ask again together.

BentoML's own batcher refuses what it cannot finish in time (88 % in one measured setting); here the queue is bounded by
the caller's own limit on requests in flight.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Generic, TypeVar

import anyio.to_thread

STEP = 0.001  # seconds between two looks at who has come

Item = TypeVar("Item")
Result = TypeVar("Result")


class SharedError(Exception):
    """A failure of a whole batch: none of it would fare better alone."""


class Batcher(Generic[Item, Result]):
    """`await batcher(item)`: `work` gets up to `size` items at once, at most `at_once` batches at a time, which share
    what is there evenly: a second worker with nothing to do is of no use to those who wait for the first. Up to `whole`
    items are not shared out: where many together cost little more than few.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]],
        size: int,
        at_once: int = 1,
        whole: int = 1,
        looks: int = 0,
    ) -> None:
        self.work, self.size, self.at_once, self.whole, self.looks = work, size, at_once, whole, looks
        self.waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self.last = 1  # items of the batch that ended last
        self.taken = 0  # items that are being worked on
        self.workers: set[asyncio.Task[None]] = set()

    async def __call__(self, item: Item) -> Result:
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self.waiting.append((item, future))
        if len(self.workers) < self.at_once:
            self.workers.add(asyncio.create_task(self._run()))
        return await future

    async def _run(self) -> None:
        try:
            while self.waiting:
                await self._company()
                share = min(self.size, max(self.whole, -(-(self.taken + len(self.waiting)) // self.at_once)))
                batch, self.waiting = self.waiting[:share], self.waiting[share:]
                wanted = [(item, future) for item, future in batch if not future.done()]  # a caller may have gone
                if not wanted:
                    continue
                self.taken += len(wanted)
                try:
                    await self._work_on(wanted)
                finally:
                    self.taken -= len(wanted)
                    self.last = len(wanted)
        finally:  # in the very step that found nothing waiting: who comes after it begins a new one
            self.workers.discard(asyncio.current_task())  # pyright: ignore[reportArgumentType]

    async def _company(self) -> None:
        """The first of those who come back would else go alone, and the others wait until it is answered."""
        expected = min(self.last, self.whole)
        for _ in range(self.looks):
            if len(self.waiting) >= expected:
                return
            await asyncio.sleep(STEP)

    async def _work_on(self, batch: list[tuple[Item, asyncio.Future[Result]]]) -> None:
        """A batch that fails is worked on one by one, so that a bad item fails its own caller alone."""
        try:
            results = await self.work([item for item, _ in batch])
            for (_, future), result in zip(batch, results, strict=True):
                if not future.done():
                    future.set_result(result)
        except Exception as error:  # noqa: BLE001  (handed to whoever asked)
            if len(batch) > 1 and not isinstance(error, SharedError):
                for one in batch:
                    await self._work_on([one])
                return
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)


def shared(values: Iterable[Result]) -> Result | None:
    """What all of a batch have, if it is the same for all."""
    first, *others = values
    return first if all(other == first for other in others) else None


def in_thread(
    work: Callable[[Sequence[Item]], Sequence[Result]],
) -> Callable[[Sequence[Item]], Awaitable[Sequence[Result]]]:
    """Work that blocks, for a batcher."""

    async def worked(batch: Sequence[Item]) -> Sequence[Result]:
        return await anyio.to_thread.run_sync(work, batch)

    return worked
