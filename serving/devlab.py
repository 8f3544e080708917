"""Routes that run code: every run is a row before it begins, and a line of the audit before it is answered."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Any

from fastapi import FastAPI, Security, WebSocket
from fastapi import Request as HttpRequest
from fastapi.security import HTTPBearer
from sqlalchemy import Engine

from modelmill.errors import UserError
from modelmill.store import executions
from modelmill.store.keys import Key
from sandbox.contract import Answers, Request
from serving import problems
from serving.house import House
from serving.problems import errors
from serving.relay import relay
from serving.scopes import DEVLAB

EXAMPLE = {"language": "python", "code": "print(input() * 2)", "stdin": "ab"}


def add_devlab(app: FastAPI, house: House) -> None:
    """Add the routes."""
    secured: dict[str, Any] = {"dependencies": [Security(HTTPBearer(auto_error=False))], "tags": ["devlab"]}
    body = {"requestBody": {"content": {"application/json": {"example": EXAMPLE}}}}
    refusals = errors(400, 401, 403, 413, 422, 429, 503)

    @app.post(f"{DEVLAB}/execute", responses=refusals, openapi_extra=body, **secured)
    async def execute(asked: Request, http: HttpRequest) -> Answers:
        """Run a program in a container of its own, once for each input."""
        async with house.runs.handed(http.state.key, asked) as handed:
            return Answers(results=await handed.ended(await house.sandbox.execute(asked)))

    @app.get(f"{DEVLAB}/executions/{{execution_id}}", responses=errors(401, 403, 404, 422), **secured)
    async def execution(execution_id: uuid.UUID, http: HttpRequest) -> dict[str, Any]:
        """The record of a run: how it ended and what it used, `running` until that is known. No output; the code only
        if its keeping was asked for."""
        key: Key = http.state.key
        return asdict(await _known(house, lambda db: executions.get(db, key.tenant, execution_id)))

    @app.delete(f"{DEVLAB}/executions/{{execution_id}}", responses=errors(401, 403, 404, 422), **secured)
    async def erase(execution_id: uuid.UUID, http: HttpRequest) -> dict[str, str]:
        """Delete the record of a run."""
        key: Key = http.state.key
        await _known(house, lambda db: executions.erase(db, key.tenant, execution_id, key.prefix))
        return {"erased": str(execution_id)}

    @app.websocket(f"{DEVLAB}/execute/stream")
    async def stream(socket: WebSocket) -> None:
        """One run, live."""
        await relay(house.sandbox, socket, partial(house.runs.handed, socket.state.key))


async def _known(house: House, question: Callable[[Engine], Any]) -> Any:
    """An execution that is not there is 404, not 400."""
    try:
        return await house.state.ask(question)
    except UserError as error:
        raise problems.of(error, 404) from error
