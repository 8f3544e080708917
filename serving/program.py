"""`python -P serving/program.py SERVICE --host H --port N`: serve one BentoML service in this one process.

SERVICE: an exact Bento tag, or module:Class. `bentoml serve` does the same with a parent that keeps a socket, loads the
service too and starts it again when it dies: half of the start's time. What starts this program starts it again itself.

Started by its path and importing nothing of ours: a Bento brings modelmill and serving with it.

A caller who closes his sending half is answered (RFC 9112, section 9.6, lets a server do so): a whole request as any
other, half a one with 400. uvicorn alone takes him for gone. Nor does it end the wait for a head that does not come, or
keep one from filling the memory; both happen before there is a request, so the gateway's own limits cannot.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import signal
import socket
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HALF = {
    "failed": "the request is not whole",
    "allowed": "a body as long as its Content-Length says, or with its last chunk",
    "found": "the end of what is sent, in the middle of it",
    "next": "send all of it",
}
GARBLED = {
    "failed": "this is no HTTP request",
    "allowed": "HTTP/1.1",
    "found": "something that it does not allow",
    "next": "ask by a client for HTTP, as curl",
}
HEAD_BYTES = 65_536  # nginx takes 32 KiB
HEAD_SECONDS = 30.0  # as long as the gateway waits for a body
LONG = {
    "failed": "the head of the request is too long",
    "allowed": f"at most {HEAD_BYTES} bytes of address and headers",
    "found": "more, and no end",
    "next": "send what is long as the body",
}
LATE = {
    "failed": "the head of the request did not come in time",
    "allowed": f"all of it within {HEAD_SECONDS:g} s",
    "found": "its beginning and no end",
    "next": "send it at once",
}
STATUS = {400: "Bad Request", 408: "Request Timeout", 431: "Request Header Fields Too Large"}
BACKLOG = 2048
HERE = Path(__file__).resolve().parent.parent  # where module:Class is looked for; a Bento brings a place of its own


class HalfOpen(HttpToolsProtocol):
    """A connection whose caller may have said all that he will say."""

    unfinished = False  # a request has begun and not ended
    in_body = False  # its head is whole
    garbled = False  # what came last is no HTTP; those before it are still being answered
    barren = 0  # bytes since anything was whole: a head, a piece of a body, a request
    patience: asyncio.TimerHandle | None = None  # runs out when no head was whole in time

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """The first request is waited for."""
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is waited for."""
        self._head_came()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Counted, so that no head, trailer or line of a chunk is kept without end."""
        if self.garbled:
            return
        if not self._at_work():
            self._expect_head()
        self.barren += len(data)
        super().data_received(data)
        if self.barren > HEAD_BYTES and not self.transport.is_closing():
            self._refuse(431, LONG)
            self.transport.close()

    def on_message_begin(self) -> None:
        """The parser's word."""
        self.unfinished = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The parser's word."""
        self.in_body, self.barren = True, 0
        self._head_came()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """The parser's word."""
        self.barren = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The parser's word."""
        self.unfinished, self.in_body, self.barren = False, False, 0
        super().on_message_complete()

    def eof_received(self) -> bool | None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """True: our half stays open. Else the connection is closed when all that was written is sent."""
        at_work = self._at_work()
        if at_work and not self.in_body:
            self.cycle.keep_alive = False
            return True
        if self.unfinished and not (at_work and (self.pipeline or self.cycle.response_started)):
            self._refuse(400, HALF)
        return None

    def send_400_response(self, msg: str) -> None:
        """The parser gave up. Its callbacks cannot be trusted any more. Whole requests before are answered first."""
        if self.pipeline or (self._at_work() and not self.in_body):
            self.garbled = True
            return
        if not (self._at_work() and self.cycle.response_started):
            self._refuse(400, GARBLED)
        self._give_up()

    def on_response_complete(self) -> None:
        """An answer is written."""
        super().on_response_complete()
        if self.unfinished and not self.in_body:  # the next one's head began to come meanwhile
            self._expect_head()
        if self.garbled and not self._at_work() and not self.transport.is_closing():
            self._refuse(400, GARBLED)
            self.transport.close()

    def _at_work(self) -> bool:
        """On the request that came last."""
        return bool(self.cycle) and not self.cycle.response_complete

    def _expect_head(self) -> None:
        if self.patience is None:
            self.patience = self.loop.call_later(HEAD_SECONDS, self._late)

    def _head_came(self) -> None:
        if self.patience is not None:
            self.patience.cancel()
            self.patience = None

    def _late(self) -> None:
        if self.unfinished and not self.transport.is_closing():
            self._refuse(408, LATE)
        self.transport.close()

    def _give_up(self) -> None:
        """Who works on the request writes to a closed connection from now on, which would be an error."""
        if self._at_work():
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.close()

    def _refuse(self, status: int, parts: dict[str, str]) -> None:
        body = json.dumps({"error": parts}).encode()
        head = f"HTTP/1.1 {status} {STATUS[status]}\r\ncontent-type: application/json\r\nconnection: close\r\n"
        self.transport.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)


def served(service: str) -> Any:
    """The service as an ASGI app. Changes the working directory to the Bento's."""
    import bentoml
    from bentoml._internal.log import configure_server_logging

    configure_server_logging()
    return lean(bentoml.load(service, str(HERE), standalone_load=True).to_asgi())  # pyright: ignore


def lean(app: Any) -> Any:
    """The app without two layers of BentoML's: its timer, which keeps 890 bytes of every request in memory until the
    time is over although the answer was sent long before, and its tracing, which is off. Who asks has a time-out.
    """
    from bentoml._internal.server.http.traffic import TimeoutMiddleware
    from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware

    app.user_middleware = [
        one for one in app.user_middleware if one.cls not in (TimeoutMiddleware, OpenTelemetryMiddleware)
    ]
    return app


class Settled(uvicorn.Server):
    """What was made until it serves is looked at by the garbage collector once and never again: a full collection over
    BentoML's 120,000 objects stops every caller for 60 to 90 ms (docs/experiments.md)."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve."""
        await super().startup(sockets)
        gc.collect()
        gc.freeze()
        gc.enable()


def leave(_number: int, _frame: FrameType | None) -> None:
    """End like any program, with what others left to be done at the end: an embedded PostgreSQL that nobody else uses
    is stopped so. uvicorn ends with the signal that it was ended by, which by itself would kill us before that.
    """
    sys.exit(0)


def hang_up(_number: int, _frame: FrameType | None) -> None:
    """uvicorn knows TERM and Ctrl-C only."""
    signal.raise_signal(signal.SIGTERM)


def main() -> None:
    """Until TERM, Ctrl-C or the end of the terminal."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, leave)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup
        signal.signal(signal.SIGHUP, hang_up)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("service")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    asked = parser.parse_args()
    # Before numpy is imported: a second thread would cost products as small as ours more CPU than it saves time.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    gc.disable()  # until it serves: what imports make stays
    config = uvicorn.Config(
        served(asked.service),
        host=asked.host,
        port=asked.port,
        http=HalfOpen,
        backlog=BACKLOG,
        log_config=None,
        access_log=False,
        server_header=False,
    )
    Settled(config).run()


if __name__ == "__main__":
    main()
