"""The line before the sandbox: in the order of coming, with an end, and an honest word on when to come again."""

from __future__ import annotations

import asyncio

import pytest

from modelmill.errors import UserError
from sandbox.line import FullError, Line


async def stand(line: Line, number: int, order: list[int], go: asyncio.Event) -> None:
    async with line.places(1), line.turn():
        order.append(number)
        await go.wait()


def test_who_came_first_is_served_first() -> None:
    async def all_of_them() -> list[int]:
        line, order, go = Line(slots=2, room=30), list[int](), asyncio.Event()
        waiting = []
        for number in range(30):
            waiting.append(asyncio.create_task(stand(line, number, order, go)))
            await asyncio.sleep(0)
        assert order == [0, 1], "two at a time"
        go.set()
        await asyncio.gather(*waiting)
        return order

    assert asyncio.run(all_of_them()) == list(range(30))


def test_the_line_has_an_end_and_room_again_later() -> None:
    async def fill() -> None:
        line, go = Line(slots=1, room=2), asyncio.Event()
        waiting = [asyncio.create_task(stand(line, number, [], go)) for number in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(FullError) as full:
            async with line.places(1):
                pass
        assert full.value.seconds == 3, "three before him, a second each until more is known"
        with pytest.raises(UserError, match="more inputs than there is room for"):
            async with line.places(4):
                pass
        go.set()
        await asyncio.gather(*waiting)
        async with line.places(3):
            assert line.inside == 3
        assert line.inside == 0

    asyncio.run(fill())


def test_a_caller_who_gave_up_leaves_his_place() -> None:
    async def give_up() -> None:
        line, order, go = Line(slots=1, room=5), list[int](), asyncio.Event()
        waiting = [asyncio.create_task(stand(line, number, order, go)) for number in range(3)]
        await asyncio.sleep(0)
        waiting[1].cancel()
        await asyncio.gather(waiting[1], return_exceptions=True)
        go.set()
        await asyncio.gather(waiting[0], waiting[2])
        assert (order, line.inside) == ([0, 2], 0)

    asyncio.run(give_up())
