"""One run, live: output as it comes, input while it runs, cancel. A caller who goes ends it.

From the caller: first the request; then {"stdin": TEXT}, {"end": true}, {"cancel": true}.
To the caller: {"event": "output", "stream", "text"} ..., then {"event": "end", "answer"}; or the four parts of an error
as {"event": "error", "error"}.
"""

from __future__ import annotations

import asyncio
import codecs
import json
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from modelmill.errors import MillError, UserError
from sandbox.asking import come_again, from_json
from sandbox.box import Box
from sandbox.contract import INPUT_BYTES, Answer
from sandbox.display import shown
from sandbox.keeper import Keeper
from sandbox.line import FullError

FIRST_SECONDS = 10.0  # for the request to come


class Live:
    """One caller's run. What the box's thread tells is passed to the loop; at most the output limit waits there."""

    def __init__(self, socket: WebSocket) -> None:
        self.socket = socket
        self.loop = asyncio.get_running_loop()
        self.events: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self.decoders = {name: codecs.getincrementaldecoder("utf-8")("replace") for name in ("stdout", "stderr")}
        self.box: Box | None = None
        self.waiting: list[dict[str, Any]] = []
        self.cancelled = False
        self.taken = 0

    def output(self, stream: str, raw: bytes) -> None:
        """From the box's thread."""
        text = shown(self.decoders[stream].decode(raw).encode())
        event = {"event": "output", "stream": stream, "text": text}
        self.loop.call_soon_threadsafe(self.events.put_nowait, event)

    def started(self, box: Box) -> None:
        """From the box's thread: from now on input has somewhere to go."""
        self.box = box
        self.loop.call_soon_threadsafe(self._catch_up)

    def _catch_up(self) -> None:
        waited, self.waiting = self.waiting, []
        for word in waited:
            self.obey(word)
        if self.cancelled:
            self.cancel()

    def obey(self, word: dict[str, Any]) -> None:
        """One word of the caller's. Raises UserError."""
        if self.box is None:
            self.waiting.append(word)
            return
        if word.get("cancel"):
            self.cancel()
        text = word.get("stdin", "")
        if not isinstance(text, str) or set(word) - {"stdin", "end", "cancel"}:
            raise _no_word(word)
        data = text.encode("utf-8", "replace")
        self.taken += len(data)
        if self.taken > INPUT_BYTES:
            raise _no_word({"stdin": f"more than {INPUT_BYTES} bytes in all"})
        self.box.send(data, last=bool(word.get("end")))

    def cancel(self) -> None:
        """End the run, now or as soon as it begins."""
        self.cancelled = True
        if self.box:
            self.box.cancel()

    async def tell(self) -> None:
        """Pass events on until the last."""
        while (event := await self.events.get()) is not None:
            await self.socket.send_json(event)

    async def listen(self) -> None:
        """The caller's words, until he goes: that ends the run."""
        try:
            while True:
                self.obey(_word(await self.socket.receive_text()))
        except WebSocketDisconnect:
            self.cancel()
        except UserError as error:
            self.cancel()
            self.events.put_nowait({"event": "error", "error": error.as_dict()})


async def stream(keeper: Keeper, socket: WebSocket) -> None:
    """Serve one caller."""
    await socket.accept()
    try:
        asked = from_json(await asyncio.wait_for(socket.receive_text(), FIRST_SECONDS))
        house = await keeper.house()
        live = Live(socket)
        answer = await _run(house.stream(asked, live.output, live.started), live)
        last = {"event": "end", "answer": answer.model_dump(mode="json")}
    except FullError as full:
        last = {"event": "error", "error": come_again(full).as_dict(), "retry_after": full.seconds}
    except MillError as error:
        last = {"event": "error", "error": error.as_dict()}
    except (WebSocketDisconnect, TimeoutError):
        return
    try:
        await socket.send_json(last)
        await socket.close()
    except (WebSocketDisconnect, RuntimeError):
        return  # the caller has gone


async def _run(running: Any, live: Live) -> Answer:
    listening, telling = asyncio.create_task(live.listen()), asyncio.create_task(live.tell())
    try:
        return await running
    finally:
        live.events.put_nowait(None)
        listening.cancel()
        await asyncio.gather(listening, telling, return_exceptions=True)


def _word(text: str) -> dict[str, Any]:
    try:
        word = json.loads(text)
    except ValueError:
        raise _no_word(text) from None
    if not isinstance(word, dict):
        raise _no_word(text)
    return word


def _no_word(found: object) -> UserError:
    return UserError(
        "this cannot be told to a running program",
        allowed='{"stdin": TEXT}, {"end": true} or {"cancel": true}',
        found=repr(found)[:100],
        next="send one of these",
    )
