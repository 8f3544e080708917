"""What a request costs before anybody works on it: nothing that stays, and no more than it may."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import bentoml
import pytest
from fastapi import FastAPI

from modelmill.quiet import QUIET
from serving import rates
from serving.door import Door
from serving.metrics import Metrics
from serving.program import lean
from serving.rates import Rates

REQUESTS = 20


def service() -> Any:
    """BentoML's app around one that answers."""
    app = FastAPI()

    @app.get("/nothing")
    async def nothing() -> dict[str, bool]:  # pyright: ignore[reportUnusedFunction]
        return {"ok": True}

    @bentoml.asgi_app(app, path="/")
    @bentoml.service(name="lean", workers=1, traffic={"timeout": 3600}, **QUIET)
    class Lean:
        pass

    return Lean.to_asgi()


def left_behind(app: Any) -> int:
    """Timers that still wait after so many requests were answered."""
    waiting: list[asyncio.TimerHandle] = []
    said: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            said.append(message["status"])

    async def ask() -> None:
        loop = asyncio.get_running_loop()
        later: Callable[..., asyncio.TimerHandle] = loop.call_later

        def counted(delay: float, *what: Any, **more: Any) -> asyncio.TimerHandle:
            waiting.append(later(delay, *what, **more))
            return waiting[-1]

        setattr(loop, "call_later", counted)  # noqa: B010  (its type is not for us to say)
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
            "path": "/nothing", "raw_path": b"/nothing", "query_string": b"", "root_path": "", "headers": [],
            "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2),
        }  # fmt: skip
        for _ in range(REQUESTS):
            await app(dict(scope), receive, send)

    asyncio.run(ask())
    assert said == [200] * REQUESTS
    return sum(not one.cancelled() and one.when() > 0 for one in waiting)


def test_a_request_that_was_answered_leaves_nothing_behind() -> None:
    assert left_behind(service()) == REQUESTS, "BentoML no longer does what `lean` is for"
    assert left_behind(lean(service())) == 0


class Clock:
    """The loop's, which goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0
        setattr(asyncio.get_running_loop(), "time", lambda: self.now)  # noqa: B010  (as above)


async def asked(one: Rates, who: str, times: int, per_second: int) -> int:
    """How often `who` was let in."""
    return sum([await one.may(who, per_second) for _ in range(times)])


def test_each_has_as_many_requests_as_a_second_allows_and_more_as_time_passes() -> None:
    async def ask() -> None:
        clock, one = Clock(), Rates()
        assert await asked(one, "a", 15, 10) == 10
        assert await asked(one, "b", 15, 10) == 10
        clock.now += 0.55
        assert await asked(one, "a", 15, 10) == 5
        clock.now += 60
        assert await asked(one, "a", 15, 10) == 10

    asyncio.run(ask())


def test_who_asks_under_ever_new_names_fills_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "MOST", 5)

    async def ask() -> None:
        Clock()
        one = Rates()
        for number in range(50):
            assert await one.may(f"{number}", 1)
            assert await one.may("always", 1) == (number == 0), "who keeps asking keeps his bucket"
        assert len(one.buckets) == 5

    asyncio.run(ask())


def test_what_nobody_thought_of_is_told_in_four_parts_without_its_words_and_logged_by_who_serves() -> None:
    sent: list[dict[str, Any]] = []

    async def broken(scope: Any, receive: Any, send: Any) -> None:
        raise ValueError("somebody's data")

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        sent.append(message)

    def nobody() -> Any:
        raise AssertionError("an open route asks for no key")

    door = Door(broken, api=broken, state=nobody, metrics=Metrics(), direct={("GET", "/livez"): broken})
    scope = {"type": "http", "method": "GET", "path": "/livez", "headers": [], "client": ("127.0.0.1", 1)}
    with pytest.raises(ValueError, match="data"):
        asyncio.run(door(scope, receive, send))
    start, body = sent
    assert start["status"] == 500
    assert set(json.loads(body["body"])["error"]) == {"failed", "allowed", "found", "next"}
    assert b"somebody" not in body["body"]
