"""The sandbox over HTTP, for the gateway, which proves itself by a secret: POST /execute, WS /stream."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from modelmill.errors import MillError, PrerequisiteError, UserError
from modelmill.settings import Settings
from sandbox.asking import come_again, from_json
from sandbox.contract import BODY_BYTES, Answers
from sandbox.guard import Guard
from sandbox.keeper import Keeper
from sandbox.languages import offered
from sandbox.line import FullError
from sandbox.streaming import stream


def make_app(settings: Settings) -> Starlette:
    """The mounted app; its house opens with it and closes with it. Raises UserError: no such language is offered."""
    offered(settings.sandbox_languages)
    keeper = Keeper(settings)

    @asynccontextmanager
    async def running(_app: Starlette) -> AsyncGenerator[None]:
        with suppress(PrerequisiteError):  # told to whoever asks
            await keeper.house()  # so that the first caller finds warm containers
        try:
            yield
        finally:
            await keeper.close()

    async def execute(http: HttpRequest) -> Response:
        return await _execute(keeper, http)

    async def streamed(socket: WebSocket) -> None:
        await stream(keeper, socket)

    routes = [Route("/execute", execute, methods=["POST"]), WebSocketRoute("/stream", streamed)]
    return Starlette(routes=routes, lifespan=running, middleware=[Middleware(Guard, settings=settings)])


async def _execute(keeper: Keeper, http: HttpRequest) -> Response:
    try:
        asked = from_json(await _body(http))
        house = await keeper.house()
        answers = await keeper.checked(await house.answer(asked))
    except FullError as full:
        return JSONResponse({"error": come_again(full).as_dict()}, 429, {"Retry-After": str(full.seconds)})
    except MillError as error:
        return JSONResponse({"error": error.as_dict()}, 400 if isinstance(error, UserError) else 503)
    return Response(Answers(results=answers).model_dump_json(), media_type="application/json")


async def _body(http: HttpRequest) -> bytes:
    body = bytearray()
    async for part in http.stream():
        body += part
        if len(body) > BODY_BYTES:
            raise UserError(
                "the request is too large", allowed=f"at most {BODY_BYTES} bytes", found="more", next="send less"
            )
    return bytes(body)
