"""POST /predict of a release's service as an ASGI app before all others: a body's bytes in, an answer's bytes out.

Only the gateway asks it, in batches. BentoML's, Starlette's and FastAPI's layers, and an answer that they check and
write again, cost as much for a batch as looking through all vectors (docs/decisions/0021-task-routes.md).
"""

from __future__ import annotations

import asyncio
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import to_json

from modelmill.errors import MillError
from modelmill.store.publications import Stamp
from serving import bodies, problems
from serving.messages import App, Receive, Scope, Send
from serving.model import Model, One
from serving.problems import Problem

ROUTE = "/predict"


class Asked(BaseModel):
    """Inputs of one tenant, as the task's Input model takes them."""

    model_config = ConfigDict(extra="forbid")

    tenant: str = Field(max_length=200)
    inputs: list[dict[str, Any]] = Field(min_length=1, max_length=64)
    searched: Stamp | None = Field(None, description="what the database said of what is searched, since this was asked")


class Predicting:
    """ASGI middleware around the whole service."""

    def __init__(self, app: App, *, model: Model) -> None:
        self.app, self.model = app, model

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or scope["path"] != ROUTE:
            await self.app(scope, receive, send)
            return
        body = await bodies.whole(receive)
        if body is None:
            return
        try:
            bodies.must_be_json(scope)
            await bodies.answer(send, await self._outputs(body))
        except Problem as problem:
            await problem.response()(scope, receive, send)  # pyright: ignore[reportArgumentType]
        except MillError as error:
            await problems.of(error).response()(scope, receive, send)  # pyright: ignore[reportArgumentType]
        except Exception as error:
            await problems.unforeseen(error).response()(scope, receive, send)  # pyright: ignore[reportArgumentType]
            raise  # whoever serves logs it

    async def _outputs(self, body: bytes) -> bytes:
        """One for each input, in order."""
        try:
            asked = Asked.model_validate_json(body)
            if not self.model.ready:
                raise _unready(self.model.failed)
            task = self.model.task
            inputs = [One(asked.tenant, task.input.model_validate(one), asked.searched) for one in asked.inputs]
        except ValidationError as error:
            raise problems.unusable(error.errors(include_url=False, include_context=False)) from error
        return to_json({"outputs": await asyncio.gather(*(self.model.ask(one) for one in inputs))})


def _unready(error: MillError) -> Problem:
    return Problem(503, error.failed, allowed=error.allowed, found=error.found, next=error.next)
