"""A task's route as an ASGI app: a body's bytes in, an answer's bytes out.

FastAPI documents it and would do the same; its layers, and an answer that is checked and written again each time,
were nearly half of what an answer costs that was given before (docs/decisions/0021-task-routes.md).
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from email.message import Message
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import to_json

from modelmill.store.keys import Key
from modelmill.store.predictions import Prediction
from modelmill.task import Task
from serving.house import House
from serving.messages import Receive, Scope, Send
from serving.problems import Problem, unusable


class Answer(BaseModel):
    """What every task answers: who answered, how sure, how fast, and under which id it is kept."""

    task: str
    release: str = Field(description="task@version")
    prediction_id: uuid.UUID = Field(description="for feedback and lineage")
    latency_ms: float
    confidence: float | None = Field(description="0..1; null where the task has none")
    answer: dict[str, Any]
    alternatives: list[Any]


class Asking:
    """The route of one task. body: the task's Input, which takes no field that it does not know."""

    def __init__(self, house: House, task: Task) -> None:
        self.house, self.task = house, task
        more: dict[str, Any] = {"model_config": ConfigDict(extra="forbid"), "__doc__": task.input.__doc__}
        self.body = type(task.input.__name__, (task.input,), more)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises Problem, MillError."""
        body = await _whole(receive)
        if body is None:
            return
        said = await self.answer(scope["state"]["key"], self._read(scope, body))
        head = [(b"content-type", b"application/json"), (b"content-length", str(len(said)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": said})

    async def answer(self, key: Key, asked: dict[str, Any]) -> bytes:
        """Ask the release, log, answer: an `Answer` as JSON. What could not be logged is not answered."""
        start = time.perf_counter()
        known = await self.house.answers.ask(self.task, key.tenant, asked)
        name, prediction, confidence = known.release.name, uuid.uuid4(), known.output.get("confidence")
        made = Prediction(
            prediction, key.tenant, key.prefix, self.task.name, known.release.id, asked, known.log, confidence,
            (time.perf_counter() - start) * 1000,
        )  # fmt: skip
        await self.house.state.write(made)
        self.house.metrics.predictions.labels(name).inc()
        head = {
            "task": self.task.name,
            "release": name,
            "prediction_id": prediction,
            "latency_ms": round((time.perf_counter() - start) * 1000, 3),
            "confidence": confidence,
        }
        return to_json(head)[:-1] + b"," + known.said[1:]

    def _read(self, scope: Scope, body: bytes) -> dict[str, Any]:
        given = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"content-type"), "")
        if not _is_json(given):
            raise _no_json(given)
        try:
            return self.body.model_validate_json(body).model_dump(mode="json")
        except ValidationError as error:
            raise unusable(error.errors(include_url=False, include_context=False)) from error


async def _whole(receive: Receive) -> bytes | None:
    """The body; None: its caller has gone."""
    parts: list[bytes] = []
    while True:
        message: Mapping[str, Any] = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def _is_json(given: str) -> bool:
    """Whether a Content-Type says so. A page of another site may send any other without asking first."""
    if given == "application/json":
        return True
    said = Message()
    said["content-type"] = given
    return said.get_content_maintype() == "application" and said.get_content_subtype().rpartition("+")[2] == "json"


def _no_json(given: str) -> Problem:
    return Problem(
        422,
        "the body cannot be used",
        allowed="a body of JSON, and the header `Content-Type: application/json`",
        found=f"Content-Type: {given[:100]}" if given else "no Content-Type",
        next="read /docs, which shows a body that works",
    )
