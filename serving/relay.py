"""A caller's WebSocket joined with the sandbox's: words pass both ways, the last one is recorded before it is told.

The handshake's answer names the run (`X-Execution-Id`): whose stream breaks off can ask what became of it.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any

import aiohttp
from fastapi import WebSocket, WebSocketDisconnect
from pydantic import ValidationError

from modelmill.errors import MillError
from sandbox.contract import BODY_BYTES, Answer, Request
from serving import bodies
from serving.problems import Problem, unusable
from serving.runs import Handed
from serving.sandboxed import SandboxService, lost

FIRST_SECONDS = 10.0  # for the request to come
CANCEL = json.dumps({"cancel": True})
TOO_LONG = 1009
NO_TEXT = 1003

HEADER = b"x-execution-id"
CLEAN = 1000  # the code with which the sandbox closes when it has said all

Hand = Callable[[Request, uuid.UUID], AbstractAsyncContextManager[Handed]]


async def relay(sandbox: SandboxService, socket: WebSocket, hand: Hand) -> None:
    """Serve one caller. When he goes, the run is cancelled, and recorded all the same."""
    execution = uuid.uuid4()
    await socket.accept(headers=[(HEADER, str(execution).encode())])
    try:
        first = await asyncio.wait_for(_text(socket), FIRST_SECONDS)
        bodies.each_key_once(first)
        asked = Request.model_validate_json(first)
        async with hand(asked, execution) as handed, await sandbox.stream() as inner:
            with suppress(aiohttp.ClientError, ConnectionError):  # it may have got it: the run is lost
                await inner.send_str(first)
            await _join(socket, inner, asked, handed)
    except ValidationError as error:
        await _tell(socket, {"event": "error", "error": unusable(error.errors(), Request.model_fields).parts})
    except Problem as problem:
        await _tell(socket, {"event": "error", "error": problem.parts})
    except MillError as error:
        await _tell(socket, {"event": "error", "error": error.as_dict()})
    except (WebSocketDisconnect, TimeoutError):
        pass  # he has gone, or never said what he wants
    with suppress(WebSocketDisconnect, RuntimeError):
        await socket.close()


async def _join(socket: WebSocket, inner: aiohttp.ClientWebSocketResponse, asked: Request, handed: Handed) -> None:
    upward = asyncio.create_task(_pass_words(socket, inner))
    try:
        last = await _pass_events(socket, inner, handed)
        handed.refused = last == "error" and inner.close_code == CLEAN
        if last != "end" and not handed.refused:
            await _end(socket, handed, lost(asked))
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


async def _pass_events(socket: WebSocket, inner: aiohttp.ClientWebSocketResponse, handed: Handed) -> str:
    """From the run to the caller. Returns the kind of the last event; empty: there was none."""
    last = ""
    async for message in inner:
        if message.type is not aiohttp.WSMsgType.TEXT:
            break
        event = json.loads(message.data)
        last = event["event"]
        if last == "end":
            await _end(socket, handed, Answer.model_validate(event["answer"]))
        else:
            await _tell(socket, event)
    return last


async def _end(socket: WebSocket, handed: Handed, answer: Answer) -> None:
    [named] = await handed.ended([answer])
    await _tell(socket, {"event": "end", "answer": named.model_dump(mode="json")})


async def _tell(socket: WebSocket, event: dict[str, Any]) -> None:
    with suppress(WebSocketDisconnect, RuntimeError):  # he has gone; what follows is still recorded
        await socket.send_json(event)
