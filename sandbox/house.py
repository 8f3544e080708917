"""The sandbox of a process: pools, line, scan and reaper together. What the service and the command both ask."""

from __future__ import annotations

import asyncio
import functools
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from modelmill.errors import PrerequisiteError, UserError
from modelmill.settings import Settings
from sandbox import engine, owner
from sandbox.answering import answered, refused, unanswered
from sandbox.box import Box, BrokenError, Job, Listener
from sandbox.contract import Answer, Ceilings, Finding, Input, Request
from sandbox.languages import Language, language, offered
from sandbox.line import Line
from sandbox.pool import Background, Pool
from sandbox.probe import probe
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


def ceilings(settings: Settings) -> Ceilings:
    """What the operator allows."""
    return Ceilings(settings.sandbox_memory_mb, settings.sandbox_cpus, settings.sandbox_seconds)


def program(request: Request, allowed: Ceilings, among: Mapping[str, Language]) -> Program:
    """Raises UserError: a language not among these, no entry, a limit above the operator's or too low to begin."""
    spoken = language(request.language, among)
    entry = _entry(request, spoken)
    source = {entry: request.code} if request.code is not None else request.files
    files = tuple((name, text.encode()) for name, text in source.items())
    return Program(request, spoken, entry, files, _limits(request, allowed, spoken.least_memory_mb))


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


def _limits(request: Request, allowed: Ceilings, least_mb: int) -> Ceilings:
    seconds, memory = request.timeout or allowed.seconds, request.memory_mb or allowed.memory_mb
    for name, wanted, most in (("timeout", seconds, allowed.seconds), ("memory_mb", memory, allowed.memory_mb)):
        if wanted > most:
            said = f"{name} is above what the operator allows"
            raise UserError(
                said, allowed=f"at most {most:g}", found=f"{wanted:g}", next=f"lower {name}, or leave it out"
            )
    if memory < least_mb:
        said = f"{request.language} does not begin with so little memory"
        raise UserError(said, allowed=f"memory_mb of at least {least_mb}", found=f"{memory}", next="raise memory_mb")
    return replace(allowed, seconds=seconds, memory_mb=memory)


class House:
    """Opened where an engine answers. Its methods belong to one event loop."""

    def __init__(self, settings: Settings, warm: int | None = None, languages: list[str] | None = None) -> None:
        """warm: containers kept for each language. languages: instead of those that the operator offers.
        Raises PrerequisiteError: no engine, no images, no runtime; and UserError: no such language."""
        self.settings, self.allowed = settings, ceilings(settings)
        self.spoken = offered(",".join(languages) if languages else settings.sandbox_languages)
        self.api = self._engine()
        size = settings.sandbox_warm if warm is None else warm
        self.background = Background()
        makers = {name: self._maker(one, self.api) for name, one in self.spoken.items()}
        self.pools = {name: Pool(make, size, self.background) for name, make in makers.items()}
        self.line = Line(settings.sandbox_slots, settings.sandbox_queue)
        self.runners = ThreadPoolExecutor(settings.sandbox_slots, "run")
        self.scans = ThreadPoolExecutor(1, "scan")  # its own: a look must not wait for a program's end
        self.scanner = Scanner(settings.sandbox_scan)
        self.reaper = Reaper(self.api, self._tend)
        self._tend()
        self.scans.submit(self.scanner.scan, "python", [("main.py", b"")])  # starts its worker

    def _engine(self) -> Any:
        """With all that is needed, and without what others left there."""
        api = engine.connect()
        try:
            with engine.answering():
                engine.require_images(api, [one.image for one in self.spoken.values()])
                engine.require_runtime(api, self.settings.sandbox_runtime)
                reap(api)
            if self.settings.sandbox_runtime:
                probe(self._maker(next(iter(self.spoken.values())), api))
        except PrerequisiteError:
            api.close()
            raise
        return api

    def _tend(self) -> None:
        for pool in self.pools.values():
            pool.tend()

    def _maker(self, spoken: Language, api: Any) -> Callable[[], Box]:
        def make() -> Box:
            return Box(api, spoken, self.allowed, owner.labels(self.allowed.seconds), self.settings.sandbox_runtime)

        return make

    async def answer(self, request: Request) -> list[Answer]:
        """One answer an input. Raises UserError and FullError; a broken sandbox is an answer of that status."""
        wanted = program(request, self.allowed, self.spoken)
        async with self.line.places(len(request.runs)):
            findings = await self._looked(wanted)
            if self.scanner.refuses(findings):
                return [refused(wanted, findings) for _ in request.runs]
            return list(await asyncio.gather(*(self._one(wanted, given, findings) for given in request.runs)))

    async def stream(self, request: Request, listener: Listener, started: Callable[[Box], None]) -> Answer:
        """One run whose output is told as it comes; `started` gets its container, for more input and to cancel it."""
        wanted = program(request, self.allowed, self.spoken)
        async with self.line.places(1):
            findings = await self._looked(wanted)
            if self.scanner.refuses(findings):
                return refused(wanted, findings)
            return await self._one(wanted, request.runs[0], findings, listener, started)

    async def _one(self, wanted: Program, given: Input, findings: list[Finding], *live: Any) -> Answer:
        async with self.line.turn():
            return await _in_thread(self.runners, self._run, wanted, given, findings, *live)

    async def _looked(self, wanted: Program) -> list[Finding]:
        return await _in_thread(self.scans, self.scanner.scan, wanted.language.name, wanted.files)

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
        """End every container; returns when they are gone, or the engine says that it is removing them."""
        self.reaper.stop()
        self.scans.shutdown(wait=True)
        self.runners.shutdown(wait=True)
        self.background.stop_making()
        for pool in self.pools.values():
            pool.empty()
        self.background.stop()
        self.scanner.close()
        self.api.close()


async def _in_thread(threads: ThreadPoolExecutor, work: Callable[..., Any], *args: Any) -> Any:
    return await asyncio.get_running_loop().run_in_executor(threads, functools.partial(work, *args))
