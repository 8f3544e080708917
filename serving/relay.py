"""A caller's WebSocket joined with the sandbox's: words pass both ways, the last one is recorded before it is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import aiohttp
from fastapi import WebSocket, WebSocketDisconnect
from pydantic import ValidationError

from sandbox.contract import BODY_BYTES, Answer, Request
from serving.problems import Problem, unusable
from serving.sandboxed import SandboxService, lost

FIRST_SECONDS = 10.0  # for the request to come
CANCEL = json.dumps({"cancel": True})
TOO_LONG = 1009
NO_TEXT = 1003

Keep = Callable[[Answer], Awaitable[None]]


async def relay(sandbox: SandboxService, socket: WebSocket, keep: Callable[[Request, Answer], Awaitable[None]]) -> None:
    """Serve one caller. When he goes, the run is cancelled, and recorded all the same."""
    await socket.accept()
    try:
        first = await asyncio.wait_for(_text(socket), FIRST_SECONDS)
        asked = Request.model_validate_json(first)
        async with await sandbox.stream() as inner:
            await inner.send_str(first)
            await _join(socket, inner, asked, lambda answer: keep(asked, answer))
    except ValidationError as error:
        await _tell(socket, {"event": "error", "error": unusable(error.errors()).parts})
    except Problem as problem:
        await _tell(socket, {"event": "error", "error": problem.parts})
    except (WebSocketDisconnect, TimeoutError):
        pass  # he has gone, or never said what he wants
    with suppress(WebSocketDisconnect, RuntimeError):
        await socket.close()


async def _join(socket: WebSocket, inner: aiohttp.ClientWebSocketResponse, asked: Request, keep: Keep) -> None:
    upward = asyncio.create_task(_pass_words(socket, inner))
    try:
        if not await _pass_events(socket, inner, keep):
            answer = lost(asked)
            await keep(answer)
            await _tell(socket, {"event": "end", "answer": answer.model_dump(mode="json")})
    finally:
        upward.cancel()


async def _text(socket: WebSocket) -> str:
    """What the caller says next. Raises WebSocketDisconnect: he has gone, or says what cannot be passed on."""
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message["code"])
    text: str | None = message.get("text")
    if text is None:
        raise WebSocketDisconnect(NO_TEXT)
    if len(text) > BODY_BYTES:
        raise WebSocketDisconnect(TOO_LONG)
    return text


async def _pass_words(socket: WebSocket, inner: aiohttp.ClientWebSocketResponse) -> None:
    """From the caller to the run."""
    with suppress(aiohttp.ClientError, ConnectionError):  # the run has ended
        try:
            while True:
                await inner.send_str(await _text(socket))
        except WebSocketDisconnect:
            await inner.send_str(CANCEL)


async def _pass_events(socket: WebSocket, inner: aiohttp.ClientWebSocketResponse, keep: Keep) -> bool:
    """From the run to the caller. False: it broke off without a last word."""
    last = False
    async for message in inner:
        if message.type is not aiohttp.WSMsgType.TEXT:
            break
        event = json.loads(message.data)
        if event["event"] == "end":
            await keep(Answer.model_validate(event["answer"]))
        last = last or event["event"] in ("end", "error")
        await _tell(socket, event)
    return last


async def _tell(socket: WebSocket, event: dict[str, Any]) -> None:
    with suppress(WebSocketDisconnect, RuntimeError):  # he has gone; what follows is still recorded
        await socket.send_json(event)
