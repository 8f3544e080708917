"""The sandbox of a process: pools, line, scan and reaper together. What the service and the command both ask."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from modelmill.errors import UserError
from modelmill.settings import Settings
from sandbox import engine, owner
from sandbox.answering import answered, refused, unanswered
from sandbox.box import Box, BrokenError, Job, Listener
from sandbox.contract import Answer, Ceilings, Finding, Input, Request
from sandbox.languages import Language, all_languages, language
from sandbox.line import Line
from sandbox.pool import Background, Pool
from sandbox.reaper import Reaper, reap
from sandbox.scan.gate import Scanner
from sandbox.verdict import judge


@dataclass(frozen=True, slots=True)
class Program:
    """A request whose language and limits are known to be right."""

    request: Request
    language: Language
    entry: str
    files: tuple[tuple[str, bytes], ...]
    limits: Ceilings

    @property
    def sha256(self) -> str:
        """Of language, names and contents."""
        digest = hashlib.sha256(self.language.name.encode())
        for name, content in sorted(self.files):
            digest.update(b"\0" + name.encode() + b"\0" + str(len(content)).encode() + b"\0" + content)
        return digest.hexdigest()


def ceilings(settings: Settings) -> Ceilings:
    """What the operator allows."""
    return Ceilings(settings.sandbox_memory_mb, settings.sandbox_cpus, settings.sandbox_seconds)


def program(request: Request, allowed: Ceilings) -> Program:
    """Raises UserError: unknown language, no entry, a limit above the operator's."""
    spoken = language(request.language)
    entry = _entry(request, spoken)
    source = {entry: request.code} if request.code is not None else request.files
    files = tuple((name, text.encode()) for name, text in source.items())
    return Program(request, spoken, entry, files, _limits(request, allowed))


def _entry(request: Request, spoken: Language) -> str:
    if request.entry:
        return request.entry
    if request.code is not None or spoken.entry in request.files:
        return spoken.entry
    if len(request.files) == 1:
        return next(iter(request.files))
    raise UserError(
        "it is not said which file is run",
        allowed=f"entry, or a file {spoken.entry}",
        found=", ".join(sorted(request.files))[:200],
        next="name the entry",
    )


def _limits(request: Request, allowed: Ceilings) -> Ceilings:
    seconds, memory = request.timeout or allowed.seconds, request.memory_mb or allowed.memory_mb
    for name, wanted, most in (("timeout", seconds, allowed.seconds), ("memory_mb", memory, allowed.memory_mb)):
        if wanted > most:
            raise UserError(
                f"{name} is above what the operator allows",
                allowed=f"at most {most:g}",
                found=f"{wanted:g}",
                next=f"lower {name}, or leave it out",
            )
    return replace(allowed, seconds=seconds, memory_mb=memory)


class House:
    """Opened where an engine answers. Its methods belong to one event loop."""

    def __init__(self, settings: Settings, warm: int | None = None, languages: list[str] | None = None) -> None:
        """warm: containers kept for each language. Raises PrerequisiteError: no engine, no images, no runtime."""
        self.settings, self.allowed = settings, ceilings(settings)
        self.api = engine.connect()
        spoken = [all_languages()[name] for name in languages or all_languages()]
        engine.require_images(self.api, [one.image for one in spoken])
        engine.require_runtime(self.api, settings.sandbox_runtime)
        reap(self.api)
        size = settings.sandbox_warm if warm is None else warm
        self.background = Background()
        self.pools = {one.name: Pool(self._maker(one), size, self.background) for one in spoken}
        self.line = Line(settings.sandbox_slots, settings.sandbox_queue)
        self.runners = ThreadPoolExecutor(settings.sandbox_slots, "run")
        self.scanner = Scanner(settings.sandbox_scan)
        self.reaper = Reaper(self.api)
        for pool in self.pools.values():
            pool.fill()
        self.runners.submit(self.scanner.scan, "python", [("main.py", b"")])  # its first look takes most of a second

    def _maker(self, spoken: Language) -> Callable[[], Box]:
        def make() -> Box:
            return Box(
                self.api, spoken, self.allowed, owner.labels(self.allowed.seconds), self.settings.sandbox_runtime
            )

        return make

    async def answer(self, request: Request) -> list[Answer]:
        """One answer an input. Raises UserError and FullError; a broken sandbox is an answer of that status."""
        wanted = program(request, self.allowed)
        async with self.line.places(len(request.runs)):
            findings = await self._in_thread(self.scanner.scan, wanted.language.name, wanted.files)
            if self.scanner.refuses(findings):
                return [refused(wanted, findings) for _ in request.runs]
            return list(await asyncio.gather(*(self._one(wanted, given, findings) for given in request.runs)))

    async def stream(self, request: Request, listener: Listener, started: Callable[[Box], None]) -> Answer:
        """One run whose output is told as it comes; `started` gets its container, for more input and to cancel it."""
        wanted = program(request, self.allowed)
        async with self.line.places(1):
            findings = await self._in_thread(self.scanner.scan, wanted.language.name, wanted.files)
            if self.scanner.refuses(findings):
                return refused(wanted, findings)
            return await self._one(wanted, request.runs[0], findings, listener, started)

    async def _one(self, wanted: Program, given: Input, findings: list[Finding], *live: Any) -> Answer:
        async with self.line.turn():
            return await self._in_thread(self._run, wanted, given, findings, *live)

    async def _in_thread(self, work: Callable[..., Any], *args: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self.runners, functools.partial(work, *args))

    def _run(
        self,
        wanted: Program,
        given: Input,
        findings: list[Finding],
        listener: Listener | None = None,
        started: Callable[[Box], None] | None = None,
    ) -> Answer:
        """In a thread: take, run, give away to be ended."""
        asked = uuid.uuid4()
        box: Box | None = None
        try:
            box = self.pools[wanted.language.name].take()
            if started:
                started(box)
            argv = (wanted.entry, *given.args)
            job = Job(wanted.files, argv, given.stdin.encode(), wanted.limits, more_input=started is not None)
            outcome = box.run(job, listener)
            return answered(asked, wanted, box.id, outcome, judge(outcome, wanted.limits), findings)
        except BrokenError as error:
            return unanswered(asked, wanted, box.id if box else None, error, findings)
        finally:
            if box:
                self.background.end(box)

    def close(self) -> None:
        """End every container; returns when they are gone."""
        self.reaper.stop()
        self.runners.shutdown(wait=True)
        self.background.stopping.set()
        self.background.makers.shutdown(wait=True)
        for pool in self.pools.values():
            pool.empty()
        self.background.stop()
        self.scanner.close()
        self.api.close()
