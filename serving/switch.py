"""Which release answers: the champion, and while its service does not answer, the release kept warm behind it.

A release that was not seen answering is asked for /readyz with a short time-out first, so that one that is just
starting (its port accepts connections before its model is loaded) holds up nobody.
"""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import aiohttp
from pydantic_core import from_json

from modelmill.inference.batches import WHOLE
from modelmill.records import Release
from modelmill.settings import Settings
from modelmill.store.publications import Stamp
from serving.batcher import Batcher, SharedError
from serving.metrics import Metrics
from serving.problems import Parts, Problem

PROBE_SECONDS = 1.0
PROBE = aiohttp.ClientTimeout(total=PROBE_SECONDS)
SILENT_SECONDS = 2.0  # how long a release that did not answer is left alone
SEEN_SECONDS = 1.0  # how long one that answered counts as there: what it said before is said again only if it is
ANSWER_SECONDS = 10.0
CONNECTIONS = 64
INPUTS = 32  # in a request to a release
LOOKS = 8  # milliseconds: an answer's way to its caller and his next question's way here take some 2 to 5
CALLS = 2  # requests at once for a tenant: while a release works on one, the next one comes
KEEP_SECONDS = 4.0  # uvicorn closes an idle connection after 5 s: be first, or a request is lost on it

Asked = Mapping[str, Any]
Searched = Callable[[], Awaitable[Stamp | None]]  # what the database says now of what is searched


@dataclass(frozen=True, slots=True)
class Told:
    """An output, and what the database said of what is searched before the release looked."""

    output: Mapping[str, Any]
    searched: Stamp | None


class UnansweredError(Exception):
    """The release did not answer, for this reason."""


class GoneError(UnansweredError, SharedError):
    """It answers nobody: whoever was asked for together need not be asked for alone."""


class Switch:
    """Speaks HTTP to the release services on loopback."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self.settings, self.metrics = settings, metrics
        # aiohttp: httpx took 5 ms of CPU a request here, more than all else together.
        self.client = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS, connect=PROBE_SECONDS),
            connector=aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=KEEP_SECONDS),
            trust_env=False,  # a proxy of the environment is not for loopback
        )
        self.silent: dict[int, float] = {}  # release number -> since when it does not answer
        self.answering: set[int] = set()
        self.together: dict[tuple[int, str], Batcher[Asked, Told]] = {}
        self.seen: dict[int, float] = {}  # release number -> when it last answered

    async def ask(
        self, task: str, live: list[Release], tenant: str, asked: Asked, searched: Searched
    ) -> tuple[Release, Told]:
        """The release that answered, and its output. Raises Problem: 503 when none answers, 404 when there is none.

        searched: asked once for all who are asked for together, so that the release need not ask again.
        """
        mine = sorted((r for r in live if r.task == task), key=lambda r: r.status != "champion")
        if not mine:
            raise _nothing_released(task)
        reasons: list[str] = []
        for release in mine:
            if await self.ready(release):
                try:
                    return release, await self._together(release, tenant, searched)(asked)
                except UnansweredError as error:
                    reasons.append(str(error))
            else:
                reasons.append(f"{release.name} on port {self.settings.release_port(release.number)} is not ready")
        raise _none_answers(task, reasons)

    async def first(self, task: str, live: list[Release]) -> Release | None:
        """The one that would be asked first, if its service was seen answering a moment ago."""
        champion = next((one for one in live if one.task == task and one.status == "champion"), None)
        if champion is None:
            return None
        number = champion.number
        long_ago = time.monotonic() - self.seen.get(number, 0.0) >= SEEN_SECONDS
        return champion if await self.ready(champion, fresh=long_ago and number in self.answering) else None

    async def ready(self, release: Release, fresh: bool = False) -> bool:
        """Whether its service answers /readyz; `fresh` asks now, whatever was seen before."""
        number = release.number
        if not fresh and number in self.answering:
            return True
        if not fresh and time.monotonic() - self.silent.get(number, -SILENT_SECONDS) < SILENT_SECONDS:
            return False
        try:
            async with self.client.get(self._url(release) + "/readyz", timeout=PROBE) as answer:
                self._seen(release, answer.status == 200)
        except (aiohttp.ClientError, TimeoutError):
            self._seen(release, False)
        return number in self.answering

    def answered(self, release: Release) -> bool:
        """Whether its service was ever seen answering."""
        return release.number in self.seen

    def _together(self, release: Release, tenant: str, searched: Searched) -> Batcher[Asked, Told]:
        """What is asked of a release for a tenant at the same time goes to it in one request."""
        made = self.together.get((release.id, tenant))
        if made is None:
            made = Batcher(partial(self._ask, release, tenant, searched), INPUTS, CALLS, WHOLE, LOOKS)
            self.together[release.id, tenant] = made
        return made

    async def _ask(self, release: Release, tenant: str, searched: Searched, asked: Sequence[Asked]) -> Sequence[Told]:
        """One retry for a connection that broke: a prediction changes nothing, so it may be asked twice.

        Raises Problem: the request's fault; UnansweredError: the release's.
        """
        stamp = await searched()
        body = {"tenant": tenant, "inputs": asked, "searched": stamp}
        reasons: list[str] = []
        for attempt in (1, 2):
            try:
                async with self.client.post(self._url(release) + "/predict", json=body) as answer:
                    outputs = self._read(answer.status, await answer.read(), release)
                    return [Told(output, stamp) for output in outputs]
            except TimeoutError:
                reasons.append(f"{release.name} gave no answer in {ANSWER_SECONDS:.0f} s")
                break
            except aiohttp.ClientError as error:
                reasons.append(f"{release.name}, attempt {attempt}: {type(error).__name__}")
        self._seen(release, False)
        raise GoneError("; ".join(reasons))

    def _read(self, status: int, content: bytes, release: Release) -> Sequence[Mapping[str, Any]]:
        if status == 200:
            self.seen[release.number] = time.monotonic()
            return from_json(content)["outputs"]
        parts = _parts(status, content)
        if status < 500:  # the request's fault: every release would say so
            raise Problem(status, **parts)
        self._seen(release, status != 503)
        raise (GoneError if status == 503 else UnansweredError)(f"{release.name} answered {status}: {parts['failed']}")

    def _seen(self, release: Release, answers: bool) -> None:
        if answers:
            self.answering.add(release.number)
            self.seen[release.number] = time.monotonic()
            self.silent.pop(release.number, None)
        else:
            self.answering.discard(release.number)
            self.silent[release.number] = time.monotonic()
        self.metrics.release_up.labels(release.name).set(int(answers))

    def _url(self, release: Release) -> str:
        return f"http://127.0.0.1:{self.settings.release_port(release.number)}"


def _parts(status: int, content: bytes) -> Parts:
    try:
        found: Mapping[str, str] = json.loads(content)["error"]
        return Parts(failed=found["failed"], allowed=found["allowed"], found=found["found"], next=found["next"])
    except (ValueError, KeyError, TypeError):
        return {
            "failed": "the release service failed",
            "allowed": "an answer",
            "found": f"HTTP {status}",
            "next": "read its log; mill status",
        }


def _nothing_released(task: str) -> Problem:
    return Problem(
        503,
        f"no release answers for {task}",
        allowed="a task of which a model was released",
        found="nothing was released yet",
        next=f"mill run --task {task}",
    )


def _none_answers(task: str, reasons: list[str]) -> Problem:
    return Problem(
        503,
        f"no release answers for {task}",
        allowed="a running release service",
        found="; ".join(reasons),
        next="mill up (starts every live release), then mill status",
        headers={"Retry-After": "2"},
    )
