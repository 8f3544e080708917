"""The way to the sandbox service on loopback. What it refuses is refused here in the same words."""

from __future__ import annotations

import json
import uuid

import aiohttp

from modelmill.settings import Settings
from modelmill.store import keys
from sandbox.contract import SERVICE, Answer, Answers, Request
from serving.problems import Parts, Problem

CONNECT_SECONDS = 2.0
NOT_REACHED = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)  # of it one knows that nothing was run
BROKEN = 500  # it failed in the middle of something: of every other refusal one knows that nothing was run
ANSWER_SECONDS = 3600.0  # a run has a ceiling and the line an end: both are the sandbox's, this is for a broken one
KEEP_SECONDS = 4.0  # uvicorn closes an idle connection after 5 s: be first, or a request is lost on it


class SandboxService:
    """Speaks HTTP and WebSocket to it."""

    def __init__(self, settings: Settings) -> None:
        self.url = f"http://127.0.0.1:{settings.sandbox_port}"
        self.client = aiohttp.ClientSession(
            headers={"Authorization": keys.between(settings, SERVICE)},
            timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS, sock_connect=CONNECT_SECONDS),
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_SECONDS),
            trust_env=False,
        )

    async def execute(self, request: Request) -> list[Answer]:
        """Never asked twice: a run that was lost is an answer that says so. Raises Problem."""
        headers = {"Content-Type": "application/json"}
        body = request.model_dump_json().encode()
        try:
            async with self.client.post(f"{self.url}/execute", data=body, headers=headers) as answer:
                status, content, again = answer.status, await answer.read(), answer.headers.get("Retry-After")
        except NOT_REACHED as error:
            raise silent(error) from error
        except (aiohttp.ClientError, TimeoutError):
            return [lost(request) for _ in request.runs]
        if status == 200:
            return Answers.model_validate_json(content).results
        if status == BROKEN:
            return [lost(request) for _ in request.runs]
        raise _refused(status, content, again)

    async def stream(self) -> aiohttp.ClientWebSocketResponse:
        """An open connection to /stream. Raises Problem."""
        try:
            return await self.client.ws_connect(f"{self.url}/stream", max_msg_size=0)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise silent(error) from error


def lost(request: Request) -> Answer:
    """It was handed over, and nothing came back: a run like any other in the record."""
    said = "the sandbox service was lost while it had the program: whether it ran, and how far, is not known"
    return Answer(
        id=str(uuid.uuid4()),
        language=request.language,
        status="sandbox_error",
        reason=said,
        code_sha256=request.sha256,
    )


def silent(error: Exception) -> Problem:
    """503: nothing was run."""
    return Problem(
        503,
        "no sandbox answers: no code was run",
        allowed="a running sandbox service, which needs a Docker engine",
        found=type(error).__name__,
        next="mill doctor says what is missing; then mill sandbox build and mill up",
    )


def _refused(status: int, content: bytes, again: str | None) -> Problem:
    try:
        found: Parts = json.loads(content)["error"]
    except (ValueError, KeyError, TypeError):
        return silent(RuntimeError(f"HTTP {status}"))
    headers = {"Retry-After": again} if again else None
    status = 503 if status == 401 else status  # 401: we were turned away, not the caller
    return Problem(status, **found, headers=headers)
