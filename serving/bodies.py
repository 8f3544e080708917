"""The body of a request, for routes that are ASGI apps without FastAPI's layers, and an answer of bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from email.message import Message
from typing import Any

from sandbox.contract import plain
from serving.messages import Receive, Scope, Send
from serving.problems import Problem


async def whole(receive: Receive) -> bytes | None:
    """The body; None: its caller has gone."""
    parts: list[bytes] = []
    while True:
        message: Mapping[str, Any] = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def is_said(headers: Mapping[str, str]) -> bool:
    """Whether the head says that a body follows (RFC 9112, section 6.3); to wait for none costs as much as a route."""
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


def must_be_json(scope: Scope) -> None:
    """Raises Problem for another Content-Type: a page of another site may send any but JSON without asking first."""
    given = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"content-type"), "")
    if not _is_json(given):
        raise Problem(
            422,
            "the body cannot be used",
            allowed="a body of JSON, and the header `Content-Type: application/json`",
            found=f"Content-Type: {given[:100]}" if given else "no Content-Type",
            next="read /docs, which shows a body that works",
        )


def each_key_once(body: bytes | str) -> None:
    """Raises Problem for an object with a key twice: every reader would take another value (RFC 8259, section 4).
    What is no JSON at all is told by whoever reads the body.
    """
    with suppress(ValueError, RecursionError):
        json.loads(body, object_pairs_hook=_once)


async def answer(send: Send, said: bytes) -> None:
    """200 with JSON."""
    head = [(b"content-type", b"application/json"), (b"content-length", str(len(said)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": said})


def _once(pairs: list[tuple[str, Any]]) -> None:
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            raise Problem(
                422,
                f"{plain(key[:100])} cannot be used",
                allowed="each key once in an object",
                found=f"{plain(key[:100])} more than once",
                next="read /docs, which shows a body that works",
            )
        seen.add(key)


def _is_json(given: str) -> bool:
    if given == "application/json":
        return True
    said = Message()
    said["content-type"] = given
    return said.get_content_maintype() == "application" and said.get_content_subtype().rpartition("+")[2] == "json"
