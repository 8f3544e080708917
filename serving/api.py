"""The gateway's app: one route for each task, found by being there, and what belongs around them."""

from __future__ import annotations

import time
import uuid
from typing import Any

from fastapi import FastAPI, Request, Security
from fastapi.security import HTTPBearer
from pydantic import BaseModel, ConfigDict, Field

import modelmill
from modelmill.store.keys import Key
from modelmill.store.predictions import Prediction
from modelmill.task import Task, all_tasks
from serving.devlab import add_devlab
from serving.house import House
from serving.operations import add_operations
from serving.problems import add_handlers, errors
from serving.records import add_records
from serving.scopes import API


class Answer(BaseModel):
    """What every task answers: who answered, how sure, how fast, and under which id it is kept."""

    task: str
    release: str = Field(description="task@version")
    prediction_id: uuid.UUID = Field(description="for feedback and lineage")
    latency_ms: float
    confidence: float | None = Field(description="0..1; null where the task has none")
    answer: dict[str, Any]
    alternatives: list[Any]


def make_app(house: House) -> FastAPI:
    """All routes. Their scopes are in `serving.scopes`; a test holds both equal."""
    app = FastAPI(
        title="modelmill",
        version=modelmill.__version__,
        description="Models made of your own code and content. Every answer names its release.",
        docs_url=None,
        redoc_url=None,
        lifespan=house.running,
    )
    for task in all_tasks().values():  # first: what is asked most is found soonest
        _add_task(app, house, task)
    add_operations(app, house)
    add_records(app, house)
    add_devlab(app, house)
    add_handlers(app)
    return app


def _add_task(app: FastAPI, house: House, task: Task) -> None:
    strict = type(
        task.input.__name__, (task.input,), {"model_config": ConfigDict(extra="forbid"), "__doc__": task.input.__doc__}
    )

    async def predict(body: BaseModel, request: Request) -> Answer:
        return await answer(house, task, request.state.key, body.model_dump(mode="json"))

    predict.__annotations__["body"] = strict
    predict.__annotations__["request"] = Request
    app.post(
        f"{API}/{task.route}",
        name=task.name,
        summary=task.title,
        description=task.question,
        tags=["tasks"],
        response_model=Answer,
        responses=errors(401, 403, 413, 422, 429, 503),
        dependencies=[Security(HTTPBearer(auto_error=False))],
        openapi_extra={"requestBody": {"content": {"application/json": {"example": dict(task.sample)}}}},
    )(predict)


async def answer(house: House, task: Task, key: Key, asked: dict[str, Any]) -> Answer:
    """Ask the release, log, answer. What could not be logged is not answered."""
    start = time.perf_counter()
    known = await house.answers.ask(task, key.tenant, asked)
    told = known.told
    made = Answer(
        task=task.name,
        release=known.release.name,
        prediction_id=uuid.uuid4(),
        latency_ms=0.0,
        confidence=known.output.get("confidence"),
        answer=told["answer"],
        alternatives=told["alternatives"],
    )
    logged = known.logged or told
    ms = (time.perf_counter() - start) * 1000
    await house.state.write(
        Prediction(
            made.prediction_id, key.tenant, key.prefix, task.name, known.release.id, asked, logged, made.confidence, ms
        )
    )
    house.metrics.predictions.labels(made.release).inc()
    return made.model_copy(update={"latency_ms": round((time.perf_counter() - start) * 1000, 3)})
