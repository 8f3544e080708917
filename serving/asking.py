"""A task's route as an ASGI app: a body's bytes in, an answer's bytes out.

FastAPI documents it and would do the same; its layers, and an answer that is checked and written again each time,
were nearly half of what an answer costs that was given before (docs/decisions/0021-task-routes.md).
"""

from __future__ import annotations

import time
import uuid
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import to_json

from modelmill.errors import UserError
from modelmill.store import filters
from modelmill.store.keys import Key
from modelmill.store.predictions import Prediction
from modelmill.task import Task
from serving import bodies, problems
from serving.house import House
from serving.messages import Receive, Scope, Send
from serving.problems import unusable


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
        name = task.name.title().replace("_", "")  # what programs that are made of /openapi.json call it
        self.body = type(f"{name}Input", (task.input,), more)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises Problem, MillError."""
        body = await bodies.whole(receive)
        if body is None:
            return
        bodies.must_be_json(scope)
        await bodies.answer(send, await self.answer(scope["state"]["key"], self._read(body)))

    async def answer(self, key: Key, asked: dict[str, Any]) -> bytes:
        """Ask the release, log, answer: an `Answer` as JSON. What could not be logged is not answered."""
        start = time.perf_counter()
        known = await self.house.answers.ask(self.task, key.tenant, asked)
        if self.task.indexes and not known.output.get("results"):
            await self._refuse_unknown(key.tenant, asked)
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

    async def _refuse_unknown(self, tenant: str, asked: dict[str, Any]) -> None:
        """Nothing was found: by a filter that nothing has? Looked up then only, and it is not logged as an answer."""
        try:
            await self.house.state.ask(lambda db: filters.refuse_unknown(db, tenant, asked))
        except UserError as error:
            raise problems.of(error, 422) from error

    def _read(self, body: bytes) -> dict[str, Any]:
        bodies.each_key_once(body)
        try:
            return self.body.model_validate_json(body).model_dump(mode="json")
        except ValidationError as error:
            raise unusable(error.errors(include_url=False, include_context=False), self.body.model_fields) from error
