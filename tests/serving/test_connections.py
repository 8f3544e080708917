"""What comes before there is a request: heads that do not end or do not come, and what is no HTTP. Real sockets."""

from __future__ import annotations

import asyncio
import json
import logging
import select
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn
from ports import free_port

from serving import door, program
from serving.messages import Receive, Scope, Send

ONE = b"POST /%s HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi"


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers the request's path, a tenth of a second after its body was there."""
    while (await receive()).get("more_body"):
        pass
    await asyncio.sleep(0.1)
    said = scope["path"].encode()
    head = [(b"content-length", str(len(said)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": said})


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(program, "HEAD_SECONDS", 1.0)
    found = free_port()
    config = uvicorn.Config(
        app, port=found, http=program.HalfOpen, lifespan="off", log_config=None, access_log=False, timeout_keep_alive=60
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield found
    server.should_exit = True
    thread.join(10)


def said(connection: socket.socket, wait: float = 5.0) -> bytes:
    """All that comes until the other side closes. Raises TimeoutError when it does not."""
    connection.settimeout(wait)
    found = b""
    while piece := connection.recv(65536):
        found += piece
    return found


def told(answer: bytes) -> tuple[bytes, dict[str, Any]]:
    head, _, body = answer.partition(b"\r\n\r\n")
    return head.split(b"\r\n")[0], json.loads(body)["error"]


def test_a_head_is_waited_for_as_long_as_a_body() -> None:
    assert program.HEAD_SECONDS == door.BODY_SECONDS, "the program imports nothing of ours"


@pytest.mark.parametrize(
    ("start", "more"),
    [
        (b"GET /", b"a" * 4096),
        (b"GET / HTTP/1.1\r\nX-A: ", b"a" * 4096),
        (b"GET / HTTP/1.1\r\n", b"X-A: b\r\n" * 512),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2;", b"a" * 4096),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n", b"X-A: b\r\n" * 512),
    ],
)
def test_a_head_a_chunk_or_a_trailer_without_end_is_refused_before_it_fills_the_memory(
    port: int, start: bytes, more: bytes
) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(start)
        for _ in range(2 * program.HEAD_BYTES // len(more)):
            if not select.select([connection], [], [], 0.01)[0]:
                connection.sendall(more)
        line, parts = told(said(connection))
    assert line == b"HTTP/1.1 431 Request Header Fields Too Large"
    assert all(parts.values())
    assert str(program.HEAD_BYTES) in parts["allowed"]


def test_long_bodies_are_no_heads(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"POST /long HTTP/1.1\r\nConnection: close\r\nContent-Length: 1000000\r\n\r\n")
        for _ in range(100):
            connection.sendall(b"a" * 10_000)
        assert said(connection).endswith(b"\r\n\r\n/long")


def test_a_head_that_comes_a_byte_at_a_time_is_answered_408_and_its_connection_closed(port: int) -> None:
    start = time.monotonic()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nX-A: ")
        while time.monotonic() - start < 0.8:
            connection.sendall(b"a")
            time.sleep(0.1)
        line, parts = told(said(connection))
    assert line == b"HTTP/1.1 408 Request Timeout"
    assert all(parts.values())
    assert time.monotonic() - start < 3


@pytest.mark.parametrize("sent", [b"", b"\r\n\r\n", ONE % b"first" + b"\r\n"])
def test_a_connection_on_which_nothing_is_asked_is_closed(port: int, sent: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(sent)
        time.sleep(0.3)
        connection.sendall(b"\r\n")
        assert said(connection).endswith(b"/first" if b"first" in sent else b"")


def test_whole_requests_are_answered_before_what_follows_them_is_refused(
    port: int, caplog: pytest.LogCaptureFixture
) -> None:
    for before in ([b"first"], [b"first", b"second", b"third"]):
        with caplog.at_level(logging.ERROR), socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(b"".join(ONE % name for name in before) + b"GARBAGE\r\n\r\n")
            answers = said(connection).split(b"HTTP/1.1 ")[1:]
        assert [answer[:3] for answer in answers] == [b"200"] * len(before) + [b"400"]
        assert [answer.rpartition(b"/")[2] for answer in answers[:-1]] == before
    assert not caplog.records  # uvicorn would write to a connection that is closed


def test_a_body_that_is_no_http_is_refused_without_an_error_in_the_log(
    port: int, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR), socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
        line, parts = told(said(connection))
        time.sleep(0.3)
    assert line == b"HTTP/1.1 400 Bad Request"
    assert all(parts.values())
    assert not caplog.records


def test_a_head_that_began_behind_a_whole_request_is_not_waited_for_without_end(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(ONE % b"first" + b"GET /second HT")
        assert b"/first" in (answers := said(connection)) and b"408 Request Timeout" in answers
