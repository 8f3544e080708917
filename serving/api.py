"""The gateway's app: one route for each task, found by being there, and what belongs around them."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from fastapi import FastAPI, Request, Security
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

import modelmill
from modelmill.task import all_tasks
from serving import bodies
from serving.asking import Answer, Asking
from serving.devlab import add_devlab
from serving.house import House
from serving.operations import add_operations
from serving.problems import add_handlers, errors, unusable
from serving.records import add_records
from serving.scopes import API


class Once(APIRoute):
    """A route of FastAPI that takes no body with a key twice."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's own, behind that look."""
        handle = super().get_route_handler()

        async def looked_at(request: Request) -> Response:
            if bodies.is_said(request.headers):
                bodies.each_key_once(await request.body())
            return await handle(request)

        return looked_at


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
    app.router.route_class = Once
    for task in all_tasks().values():  # first: what is asked most is found soonest
        _add_task(app, Asking(house, task))
    add_operations(app, house)
    add_records(app, house)
    add_devlab(app, house)
    add_handlers(app)
    app.add_exception_handler(RequestValidationError, _unusable)
    return app


def direct(app: FastAPI) -> Mapping[tuple[str, str], Asking]:
    """The tasks' routes by method and path, for who leaves FastAPI's layers out."""
    routes = [one for one in app.routes if isinstance(one, APIRoute) and isinstance(one.app, Asking)]
    return {(method, one.path): one.app for one in routes for method in one.methods}  # pyright: ignore


async def _unusable(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    body = getattr(request.scope.get("route"), "body_field", None)
    return unusable(error.errors(), body.field_info.annotation.model_fields if body else ()).response()


def _add_task(app: FastAPI, asking: Asking) -> None:
    task = asking.task

    async def shape(body: BaseModel) -> None:
        """What it is given, for the documentation; `asking` is what answers."""

    shape.__annotations__["body"] = asking.body
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
    )(shape)
    route = app.routes[-1]
    assert isinstance(route, APIRoute)
    route.app = asking
