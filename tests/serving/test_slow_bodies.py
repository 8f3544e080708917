"""A body that does not come, or comes a byte at a time, gives its place back."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.datastructures import Headers

from serving.door import capped
from serving.problems import Problem

HEADERS = Headers({"content-length": "1000"})


class Caller:
    """Sends `pieces` a while apart each, then no more; `after` is what it does when its body was whole."""

    def __init__(self, pieces: list[dict[str, Any]], apart: float = 0.0) -> None:
        self.pieces, self.apart = pieces, apart

    async def receive(self) -> dict[str, Any]:
        if not self.pieces:
            await asyncio.Event().wait()
        await asyncio.sleep(self.apart)
        return self.pieces.pop(0)


def piece(more: bool = True) -> dict[str, Any]:
    return {"type": "http.request", "body": b"x", "more_body": more}


@pytest.mark.parametrize("caller", [Caller([piece()]), Caller([piece() for _ in range(100)], apart=0.02)])
def test_a_body_that_never_ends_is_answered_408_and_its_connection_closed(caller: Caller) -> None:
    async def read() -> None:
        receive = capped(caller.receive, HEADERS, 1000, seconds=0.1)
        while True:
            await receive()

    with pytest.raises(Problem, match="did not come in time") as told:
        asyncio.run(asyncio.wait_for(read(), 5))
    assert told.value.status_code == 408
    assert told.value.response().headers["connection"] == "close"
    assert all(told.value.parts.values())


def test_who_has_sent_his_body_may_wait_for_his_answer_as_long_as_it_takes() -> None:
    gone = {"type": "http.disconnect"}

    async def read() -> list[Any]:
        caller = Caller([piece(more=False), gone])
        receive = capped(caller.receive, HEADERS, 1000, seconds=0.05)
        first = await receive()
        caller.apart = 0.2
        return [first, await receive()]

    assert asyncio.run(read()) == [piece(more=False), gone]
