"""Routes that run code: every run becomes a row and a line of the audit before it is answered."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from fastapi import FastAPI, Security, WebSocket
from fastapi import Request as HttpRequest
from fastapi.security import HTTPBearer
from sqlalchemy import Engine

from modelmill.errors import UserError
from modelmill.store import executions
from modelmill.store.keys import Key
from sandbox.contract import Answer, Answers, Request
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
        answers = await house.sandbox.execute(asked)
        await keep(house, http.state.key, asked, answers)
        return Answers(results=answers)

    @app.get(f"{DEVLAB}/executions/{{execution_id}}", responses=errors(401, 403, 404, 422), **secured)
    async def execution(execution_id: uuid.UUID, http: HttpRequest) -> dict[str, Any]:
        """The record of a run: how it ended and what it used. No output; the code only if its keeping was asked for."""
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
        await relay(house.sandbox, socket, lambda asked, answer: keep(house, socket.state.key, asked, [answer]))


async def keep(house: House, key: Key, asked: Request, answers: Sequence[Answer]) -> None:
    """Write the rows; the code with them only where the caller consented."""
    files = (dict(asked.files) or {asked.entry or "code": asked.code or ""}) if asked.keep_code else None
    rows = [executions.of(one.model_dump(mode="json"), key.tenant, key.prefix, files) for one in answers]
    await house.state.ask(lambda db: executions.record(db, rows, house.state.settings.sandbox_days))


async def _known(house: House, question: Callable[[Engine], Any]) -> Any:
    """An execution that is not there is 404, not 400."""
    try:
        return await house.state.ask(question)
    except UserError as error:
        raise problems.of(error, 404) from error
