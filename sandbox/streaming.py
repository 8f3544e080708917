"""One run, live: output as it comes, input while it runs, cancel. A caller who goes ends it.

From the caller: first the request; then {"stdin": TEXT}, {"end": true}, {"cancel": true}.
To the caller: {"event": "output", "stream", "text"} ..., then {"event": "end", "answer"}; or the four parts of an error
as {"event": "error", "error"}.
"""

from __future__ import annotations

import asyncio
import codecs
import json
import threading
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
STREAMS = ("stdout", "stderr")


class Live:
    """One caller's run. The box's thread tells its output; what the caller has not taken waits here, at most the output
    limit, in one piece a stream: a slow reader of many small writes costs no more than of one large."""

    def __init__(self, socket: WebSocket) -> None:
        self.socket = socket
        self.loop = asyncio.get_running_loop()
        self.lock = threading.Lock()
        self.untold = {name: bytearray() for name in STREAMS}
        self.decoders = {name: codecs.getincrementaldecoder("utf-8")("replace") for name in STREAMS}
        self.more = asyncio.Event()
        self.ended = False
        self.wrong: UserError | None = None
        self.box: Box | None = None
        self.early = bytearray()  # input that came before the box
        self.last = self.cancelled = False
        self.taken = 0

    def output(self, stream: str, raw: bytes) -> None:
        """From the box's thread."""
        with self.lock:
            self.untold[stream] += raw
        self.loop.call_soon_threadsafe(self.more.set)

    def started(self, box: Box) -> None:
        """From the box's thread: from now on input has somewhere to go."""
        self.loop.call_soon_threadsafe(self._begin, box)

    def _begin(self, box: Box) -> None:
        self.box = box
        box.send(bytes(self.early), last=self.last)
        if self.cancelled:
            box.cancel()

    def end(self) -> None:
        """Nothing more comes out of the box."""
        self.ended = True
        self.more.set()

    def obey(self, word: dict[str, Any]) -> None:
        """One word of the caller's. Raises UserError."""
        text = word.get("stdin", "")
        if not isinstance(text, str) or set(word) - {"stdin", "end", "cancel"}:
            raise _no_word(word)
        data = text.encode("utf-8", "replace")
        self.taken += len(data)
        if self.taken > INPUT_BYTES:
            raise _no_word({"stdin": f"more than {INPUT_BYTES} bytes in all"})
        if word.get("cancel"):
            self.cancel()
        if self.box:
            self.box.send(data, last=bool(word.get("end")))
        else:
            self.early += data
            self.last = self.last or bool(word.get("end"))

    def cancel(self) -> None:
        """End the run, now or as soon as it begins."""
        self.cancelled = True
        if self.box:
            self.box.cancel()

    async def tell(self) -> None:
        """Pass output on until the end."""
        last = False
        while not last:
            await self.more.wait()
            self.more.clear()
            last = self.ended  # looked at before what came is taken
            for name in STREAMS:
                if text := self._text(name, last):
                    await self.socket.send_json({"event": "output", "stream": name, "text": text})
        if self.wrong:
            await self.socket.send_json({"event": "error", "error": self.wrong.as_dict()})

    def _text(self, name: str, last: bool) -> str:
        with self.lock:
            raw, self.untold[name] = bytes(self.untold[name]), bytearray()
        return shown(self.decoders[name].decode(raw, final=last).encode())

    async def listen(self) -> None:
        """The caller's words, until he goes: that ends the run."""
        try:
            while True:
                self.obey(_word(await self.socket.receive_text()))
        except UserError as error:
            self.wrong = error
        except (WebSocketDisconnect, KeyError):  # KeyError: a frame that is no text
            pass
        self.cancel()


async def stream(keeper: Keeper, socket: WebSocket) -> None:
    """Serve one caller."""
    await socket.accept()
    try:
        asked = from_json(await asyncio.wait_for(socket.receive_text(), FIRST_SECONDS))
        house = await keeper.house()
        live = Live(socket)
        answer = await _run(house.stream(asked, live.output, live.started), live)
        await keeper.checked([answer])
        last = {"event": "end", "answer": answer.model_dump(mode="json")}
    except FullError as full:
        last = {"event": "error", "error": come_again(full).as_dict(), "retry_after": full.seconds}
    except MillError as error:
        last = {"event": "error", "error": error.as_dict()}
    except (WebSocketDisconnect, TimeoutError, KeyError):
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
        live.end()
        listening.cancel()
        await asyncio.gather(listening, telling, return_exceptions=True)


def _word(text: str) -> dict[str, Any]:
    try:
        word = json.loads(text)
    except (ValueError, RecursionError):
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
