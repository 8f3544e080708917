"""The body of a request, for routes that are ASGI apps without FastAPI's layers, and an answer of bytes."""

from __future__ import annotations

from collections.abc import Mapping
from email.message import Message
from typing import Any

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


async def answer(send: Send, said: bytes) -> None:
    """200 with JSON."""
    head = [(b"content-type", b"application/json"), (b"content-length", str(len(said)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": said})


def _is_json(given: str) -> bool:
    if given == "application/json":
        return True
    said = Message()
    said["content-type"] = given
    return said.get_content_maintype() == "application" and said.get_content_subtype().rpartition("+")[2] == "json"
