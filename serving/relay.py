"""A caller's WebSocket joined with the sandbox's: words pass both ways, the last one is recorded before it is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
from fastapi import WebSocket, WebSocketDisconnect
from pydantic import ValidationError

from sandbox.contract import BODY_BYTES, Answer, Request
from serving.problems import Problem
from serving.sandboxed import SandboxService

FIRST_SECONDS = 10.0  # for the request to come
CANCEL = json.dumps({"cancel": True})

Keep = Callable[[Request, Answer], Awaitable[None]]


async def relay(sandbox: SandboxService, socket: WebSocket, keep: Keep) -> None:
    """Serve one caller. When he goes, the run is cancelled, and recorded all the same."""
    await socket.accept()
    try:
        first = await asyncio.wait_for(_text(socket), FIRST_SECONDS)
        asked = Request.model_validate_json(first)
        async with await sandbox.stream() as inner:
            await inner.send_str(first)
            upward = asyncio.create_task(_pass_words(socket, inner))
            try:
                await _pass_events(socket, inner, lambda answer: keep(asked, answer))
            finally:
                upward.cancel()
    except ValidationError as error:
        await _tell(socket, {"event": "error", "error": _unusable(error).parts})
    except Problem as problem:
        await _tell(socket, {"event": "error", "error": problem.parts})
    except (WebSocketDisconnect, TimeoutError):
        return
    await _close(socket)


async def _text(socket: WebSocket) -> str:
    text = await socket.receive_text()
    if len(text) > BODY_BYTES:
        raise WebSocketDisconnect(1009)
    return text


async def _pass_words(socket: WebSocket, inner: aiohttp.ClientWebSocketResponse) -> None:
    """From the caller to the run."""
    try:
        while True:
            await inner.send_str(await _text(socket))
    except (WebSocketDisconnect, KeyError):  # KeyError: a frame that is no text
        await inner.send_str(CANCEL)


async def _pass_events(
    socket: WebSocket, inner: aiohttp.ClientWebSocketResponse, keep: Callable[[Answer], Awaitable[None]]
) -> None:
    """From the run to the caller."""
    async for message in inner:
        if message.type is not aiohttp.WSMsgType.TEXT:
            break
        event = json.loads(message.data)
        if event["event"] == "end":
            await keep(Answer.model_validate(event["answer"]))
        await _tell(socket, event)


async def _tell(socket: WebSocket, event: dict[str, Any]) -> None:
    try:
        await socket.send_json(event)
    except (WebSocketDisconnect, RuntimeError):
        return  # he has gone; what follows is still recorded


async def _close(socket: WebSocket) -> None:
    try:
        await socket.close()
    except (WebSocketDisconnect, RuntimeError):
        return


def _unusable(error: ValidationError) -> Problem:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"]) or "the request"
    return Problem(
        422,
        f"{where[:100]} cannot be used",
        allowed=str(first["msg"])[:200],
        found=repr(first.get("input"))[:100],
        next="send a request as /docs shows for POST /api/v1/devlab/execute",
    )
