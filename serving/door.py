"""The door: every request passes here before any routing, BentoML's own routes included. Deny by default.

Key -> scope -> rate -> room -> size, then the route. The tenant is the key's.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, MutableMapping
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from modelmill.errors import MillError
from modelmill.store.keys import Key
from serving import problems, request_log, scopes
from serving.messages import App, Receive, Scope, Send
from serving.metrics import Metrics
from serving.problems import Problem
from serving.rates import Rates
from serving.scopes import OPEN, Rule
from serving.state import State

IN_FLIGHT = 512  # requests worked on at once; more are told to come again, none is queued without end
BODY_SECONDS = 30.0  # a megabyte at 300 kbit/s; a body that never ends must not keep its place among IN_FLIGHT
OPEN_PER_SECOND = 200  # requests without a key, per address


class Door:
    """ASGI middleware around the whole service. BentoML keeps the start and the end; what is let in gets `direct`, by
    method and path, and else `api`.
    """

    def __init__(
        self,
        app: App,
        *,
        api: App,
        state: Callable[[], State],
        metrics: Metrics,
        direct: Mapping[tuple[str, str], App] = MappingProxyType({}),
    ) -> None:
        self.app, self.api, self.state, self.metrics, self.direct = app, api, state, metrics, direct
        self.rates = Rates()
        self.in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self._http(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "HEAD":  # what GET answers, of which the server sends no body (RFC 9110, section 9.3.2)
            scope = {**scope, "method": "GET"}
        rule = scopes.rule_for(scope["method"], scope["path"])
        route, headers = rule.path if rule else "unknown", Headers(scope=scope)  # pyright: ignore[reportArgumentType]
        with (
            self.metrics.request(route) as status,
            request_log.logged(scope["method"], route, headers, status) as request,
        ):
            answer = _Answer(send, status, request)
            try:
                await self._let_in(rule, scope, headers, receive, answer)
            except Problem as problem:
                await answer.refuse(problem, scope, receive)
            except MillError as error:
                await answer.refuse(problems.of(error), scope, receive)
            except Exception as error:
                await answer.refuse(problems.unforeseen(error), scope, receive)
                raise  # whoever serves logs it

    async def _let_in(self, rule: Rule | None, scope: Scope, headers: Headers, receive: Receive, send: _Answer) -> None:
        if rule is None:
            raise _no_route(scope["method"], scope["path"])
        if rule.needs != OPEN:
            scope.setdefault("state", {})["key"] = await self._key(headers, rule)
        else:
            await self._within_rate(f"open:{(scope.get('client') or ['?'])[0]}", OPEN_PER_SECOND)
        if self.in_flight >= IN_FLIGHT:
            raise _come_again(f"{IN_FLIGHT} requests at once", "more")
        self.in_flight += 1
        try:
            wanted = self.direct.get((scope["method"], scope["path"]), self.api)
            await wanted(scope, capped(receive, headers, rule.body_bytes), send)
        finally:
            self.in_flight -= 1

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The key is asked for at the handshake; one that is refused is closed before it is accepted (HTTP 403)."""
        rule = scopes.rule_for("WS", scope["path"])
        headers = Headers(scope=scope)  # pyright: ignore[reportArgumentType]
        with self.metrics.request(rule.path if rule else "unknown") as status:
            try:
                if rule is None or not same_origin(headers) or self.in_flight >= IN_FLIGHT:
                    raise _no_route("WS", scope["path"])
                scope.setdefault("state", {})["key"] = await self._key(headers, rule)
            except (Problem, MillError):
                status[:] = [403]
                await send({"type": "websocket.close", "code": 1008})
                return
            status[:] = [101]
            self.in_flight += 1
            try:
                await self.api(scope, receive, send)
            finally:
                self.in_flight -= 1

    async def _key(self, headers: Headers, rule: Rule) -> Key:
        key = await self.state().key(_presented(headers))
        if key is None:
            raise _who("no key that is live" if _presented(headers) else "no key")
        rate = self.state().settings.requests_per_second
        await self._within_rate(f"key:{key.prefix}", rate)
        await self._within_rate(f"tenant:{key.tenant}", 2 * rate)
        if not key.may(rule.needs):
            raise _not_allowed(key, rule)
        return key

    async def _within_rate(self, who: str, per_second: int) -> None:
        if not await self.rates.may(who, per_second):
            raise _come_again(f"{per_second} requests a second", "more")


class _Answer:
    """`send` that knows whether the answer has begun and which status it got, and adds the request's id to it."""

    def __init__(self, send: Send, status: list[int], request: str) -> None:
        self.send, self.status = send, status
        self.header = (request_log.HEADER.encode(), request.encode())

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status[:] = [message["status"]]
            message = {**message, "headers": [*message.get("headers", ()), self.header]}
        await self.send(message)

    async def refuse(self, problem: Problem, scope: Scope, receive: Receive) -> None:
        if not self.status:
            await problem.response()(scope, receive, self)  # pyright: ignore[reportArgumentType]


def same_origin(headers: Headers) -> bool:
    """A page of another site may not speak with a browser's means; a program sends no Origin."""
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host", "")


def capped(receive: Receive, headers: Headers, most: int, seconds: float = BODY_SECONDS) -> Receive:
    """`receive` that counts the body's bytes and ends the wait for them; refuses at once what says that it is too big.
    Once the body is there, what follows (that the caller goes) may come when it likes.
    """
    said = headers.get("content-length", "0")
    if not said.isdigit() or int(said) > most:
        raise _too_big(f"{said[:20]} bytes", most)
    seen, until = 0, time.monotonic() + seconds
    waiting = True

    async def counting() -> MutableMapping[str, Any]:
        nonlocal seen, waiting
        try:
            async with asyncio.timeout(until - time.monotonic() if waiting else None):
                message = await receive()
        except TimeoutError:
            raise _too_slow(seconds, seen) from None
        waiting = bool(message.get("more_body"))
        seen += len(message.get("body", b""))
        if seen > most:
            raise _too_big(f"more than {most} bytes", most)
        return message

    return counting


def _presented(headers: Headers) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")


def _no_route(method: str, path: str) -> Problem:
    allowed = scopes.methods(path)
    return Problem(
        405 if allowed else 404,
        f"there is no {method} {path[:100]}",
        allowed=", ".join(f"{m} {path[:100]}" for m in allowed) or scopes.meant(path) or "the routes listed at /docs",
        found=f"{method} {path[:100]}",
        next="read /docs",
        headers={"Allow": ", ".join(allowed)} if allowed else None,
    )


def _who(found: str) -> Problem:
    return Problem(
        401,
        "the request was not let in",
        allowed="a live key in the header `Authorization: Bearer mk_...` or `X-API-Key: mk_...`",
        found=found,
        next="mill key create NAME --scope predict",
        headers={"WWW-Authenticate": "Bearer"},
    )


def _not_allowed(key: Key, rule: Rule) -> Problem:
    return Problem(
        403,
        f"this key may not {rule.method} {rule.path}",
        allowed=f"a key with the scope {rule.needs}",
        found=f"key {key.prefix} with the scopes {', '.join(sorted(key.scopes))}",
        next=f"mill key create NAME --scope {rule.needs}",
    )


def _too_big(found: str, most: int) -> Problem:
    return Problem(
        413,
        "the body is too big",
        allowed=f"at most {most} bytes, with a Content-Length or in chunks",
        found=found,
        next="send less, or in several requests",
    )


def _too_slow(seconds: float, seen: int) -> Problem:
    return Problem(
        408,
        "the body did not come in time",
        allowed=f"all of it within {seconds:g} s",
        found=f"{seen} bytes and no end",
        next="send it at once; or in several requests, if it is long",
        headers={"Connection": "close"},
    )


def _come_again(allowed: str, found: str) -> Problem:
    return Problem(
        429,
        "too many requests",
        allowed=allowed,
        found=found,
        next="ask again in a second",
        headers={"Retry-After": "1"},
    )
