"""Errors as the endpoints answer them: `{"error": {"failed", "allowed", "found", "next"}}`, and a fitting status."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypedDict

from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from modelmill.errors import FencedError, MillError, PrerequisiteError, UserError
from sandbox.contract import plain


class Parts(TypedDict):
    """The four parts of an error."""

    failed: str
    allowed: str
    found: str
    next: str


class ErrorParts(BaseModel):
    """What failed, what is allowed, what was found, the next command."""

    failed: str
    allowed: str
    found: str
    next: str


class Error(BaseModel):
    """Every answer that is not 2xx."""

    error: ErrorParts


class Problem(HTTPException):
    """A request that is answered with an error."""

    def __init__(
        self,
        status: int,
        failed: str,
        *,
        allowed: str,
        found: str,
        next: str,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, failed, dict(headers or {}))
        self.parts = Parts(failed=failed, allowed=allowed, found=found, next=next)

    def response(self) -> JSONResponse:
        """As it goes over the wire."""
        return JSONResponse({"error": self.parts}, self.status_code, self.headers)


def of(error: MillError, status: int | None = None) -> Problem:
    """The answer to an error of modelmill's: 400 for the caller's, 503 for a missing part, 409 fenced, 500 bad data."""
    kinds = {UserError: 400, PrerequisiteError: 503, FencedError: 409}
    fitting = status or next((code for kind, code in kinds.items() if isinstance(error, kind)), 500)
    return Problem(fitting, error.failed, allowed=error.allowed, found=error.found, next=error.next)


def unforeseen(error: Exception) -> Problem:
    """Something nobody thought of: its kind, never its words, which may hold somebody's data."""
    return Problem(
        500,
        "the request could not be answered",
        allowed="a request that works",
        found=type(error).__name__,
        next="read the gateway's log; report it with the request's time",
    )


def add_handlers(app: Starlette) -> None:
    """Make the app answer every failure in four parts."""
    for kind, answer in ((MillError, _told), (HTTPException, _refused), (Exception, _broken)):
        app.add_exception_handler(kind, answer)


async def _told(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, MillError)
    return of(error).response()


async def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    if isinstance(error, Problem):
        return error.response()
    return Problem(
        error.status_code,
        f"{request.method} {request.url.path[:100]} was refused",
        allowed="a request as /docs describes it",
        found=str(error.detail)[:200],
        next="read /docs",
    ).response()


async def _broken(_: Request, error: Exception) -> JSONResponse:
    return unforeseen(error).response()


def unusable(errors: Sequence[Any], fields: Iterable[str] = ()) -> Problem:
    """The first of pydantic's errors in a body: 400 when it is no JSON, else 422. Never repeats a long value.

    fields: those that the body may have, for who sends another one.
    """
    first: Mapping[str, Any] = errors[0]
    found, said = repr(first.get("input"))[:100], str(first["msg"])[:200]
    if first["type"] == "json_invalid":
        reason = said.removeprefix("Invalid JSON: ")
        return _unread(400, "the body is no JSON", "a body of JSON in UTF-8", f"{reason}, in {found}")
    where = [str(part) for part in first["loc"] if part != "body"]
    known = ", ".join(fields) if first["type"] == "extra_forbidden" and len(where) == 1 else ""
    return _unread(422, f"{plain('.'.join(where)[:100]) or 'the body'} cannot be used", known or said, found)


def _unread(status: int, failed: str, allowed: str, found: str) -> Problem:
    return Problem(status, failed, allowed=allowed, found=found, next="read /docs, which shows a body that works")


def errors(*codes: int) -> dict[int | str, dict[str, Any]]:
    """What a route may answer besides its answer, for the documentation."""
    return {code: {"model": Error} for code in codes}
