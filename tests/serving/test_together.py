"""What is asked at once is worked on together, evenly by those who can, and fails alone or together as it must."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

import pytest

from serving.batcher import Batcher, SharedError, in_thread
from serving.state import Cache

Work = Callable[[Sequence[int]], Awaitable[Sequence[int]]]


class Worker:
    """Doubles numbers, remembers the batches and how many were under way at once."""

    def __init__(self, error: Callable[[int], Exception | None] = lambda _: None) -> None:
        self.error = error
        self.batches: list[list[int]] = []
        self.busy = self.most = 0

    async def __call__(self, batch: Sequence[int]) -> Sequence[int]:
        self.batches.append(list(batch))
        self.busy += 1
        self.most = max(self.most, self.busy)
        try:
            await asyncio.sleep(0.01)
            for one in batch:
                if error := self.error(one):
                    raise error
            return [2 * one for one in batch]
        finally:
            self.busy -= 1


async def asked(batcher: Batcher[int, int], numbers: Sequence[int]) -> list[int | BaseException]:
    return await asyncio.gather(*(batcher(one) for one in numbers), return_exceptions=True)


def test_what_comes_together_is_shared_evenly_by_as_many_workers_as_there_are() -> None:
    for at_once, sizes in ((1, [16]), (2, [8, 8]), (3, [6, 6, 4])):
        worker = Worker()
        assert asyncio.run(asked(Batcher(worker, 32, at_once), range(16))) == [2 * one for one in range(16)]
        assert [len(batch) for batch in worker.batches] == sizes
        assert worker.most == at_once


@pytest.mark.parametrize(("number", "sizes"), [(3, [3]), (8, [8]), (9, [8, 1]), (16, [8, 8]), (20, [10, 10])])
def test_few_are_not_shared_out(number: int, sizes: list[int]) -> None:
    worker = Worker()
    assert asyncio.run(asked(Batcher(worker, 32, 2, whole=8), range(number))) == [2 * one for one in range(number)]
    assert [len(batch) for batch in worker.batches] == sizes


def test_no_batch_is_longer_than_it_may_be_and_nobody_is_forgotten() -> None:
    async def story() -> list[int | BaseException]:
        batcher = Batcher(worker, 4, 2)
        first = asyncio.create_task(asked(batcher, range(10)))
        while not worker.batches:
            await asyncio.sleep(0)
        second = await asked(batcher, range(10, 13))
        while batcher.workers:  # all are idle: the next one begins anew
            await asyncio.sleep(0)
        return [*await first, *second, *await asked(batcher, [13])]

    worker = Worker()
    assert asyncio.run(story()) == [2 * one for one in range(14)]
    assert max(map(len, worker.batches)) == 4 and worker.most == 2


def test_who_was_answered_together_is_waited_for_and_who_asks_alone_waits_for_nobody() -> None:
    async def again(batcher: Batcher[int, int], number: int) -> list[int]:
        """They come one after the other."""
        coming: list[asyncio.Task[int]] = []
        for one in range(number):
            coming.append(asyncio.create_task(batcher(one)))
            await asyncio.sleep(0.001)
        return list(await asyncio.gather(*coming))

    async def story() -> None:
        batcher = Batcher(worker, 32, 2, whole=8, looks=60_000)
        assert await asked(batcher, range(4)) == [0, 2, 4, 6]
        assert await again(batcher, 4) == [0, 2, 4, 6]
        alone = Batcher(worker, 32, 2, whole=8, looks=60_000)
        assert [await alone(one) for one in range(3)] == [0, 2, 4]

    worker = Worker()
    asyncio.run(story())
    assert worker.batches == [[0, 1, 2, 3], [0, 1, 2, 3], [0], [1], [2]]


def test_who_has_gone_is_not_worked_for() -> None:
    async def story() -> int:
        free, begun = asyncio.Event(), asyncio.Event()

        async def held(batch: Sequence[int]) -> Sequence[int]:
            batches.append(list(batch))
            begun.set()
            await free.wait()
            return batch

        batcher = Batcher(held, 8, 1)
        first = asyncio.create_task(batcher(1))
        await begun.wait()
        gone, last = asyncio.create_task(batcher(2)), asyncio.create_task(batcher(3))
        while len(batcher.waiting) < 2:
            await asyncio.sleep(0)
        gone.cancel()
        free.set()
        return await first + await last

    batches: list[list[int]] = []
    assert asyncio.run(story()) == 4
    assert batches == [[1], [3]]


def test_a_bad_one_fails_alone() -> None:
    worker = Worker(lambda one: ValueError(str(one)) if one == 2 else None)
    first, second, bad, last = asyncio.run(asked(Batcher(worker, 8), range(4)))
    assert (first, second, last) == (0, 2, 6)
    assert isinstance(bad, ValueError)
    assert worker.batches == [[0, 1, 2, 3], [0], [1], [2], [3]]


def test_a_failure_of_all_is_not_tried_one_by_one() -> None:
    worker = Worker(lambda _: SharedError("away"))
    found = asyncio.run(asked(Batcher(worker, 8), range(4)))
    assert [type(one) for one in found] == [SharedError] * 4
    assert len(worker.batches) == 1


def test_work_that_blocks_is_done_in_a_thread() -> None:
    async def story() -> int:
        return await Batcher(in_thread(lambda batch: [asyncio_is_there() for _ in batch]), 8)(1)

    assert asyncio.run(story()) == 0


def asyncio_is_there() -> int:
    with pytest.raises(RuntimeError):
        asyncio.get_running_loop()
    return 0


def test_what_is_too_old_is_asked_for_once_by_all_who_want_it() -> None:
    made: list[int] = []

    def make() -> int:
        time.sleep(0.02)
        made.append(len(made))
        if len(made) == 1:
            raise ValueError("away")
        return made[-1]

    async def story() -> list[int | BaseException]:
        cache = Cache(60.0)
        gone = asyncio.create_task(cache.get("name", make))
        await asyncio.sleep(0)
        first = asyncio.gather(*(cache.get("name", make) for _ in range(8)), return_exceptions=True)
        await asyncio.sleep(0)
        gone.cancel()  # who asked first need not wait for it
        return [*await first, *await asyncio.gather(*(cache.get("name", make) for _ in range(8)))]

    found = asyncio.run(story())
    assert [type(one) for one in found[:8]] == [ValueError] * 8 and found[8:] == [1] * 8
    assert made == [0, 1]
