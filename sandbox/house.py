"""The sandbox of a process: pools, line, scan and reaper together. What the service and the command both ask."""

from __future__ import annotations

import asyncio
import functools
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from modelmill.errors import PrerequisiteError
from modelmill.settings import Settings
from sandbox import engine, owner
from sandbox.answering import answered, refused, unanswered
from sandbox.box import Box, BrokenError, Job, Listener
from sandbox.contract import Answer, Finding, Input, Request
from sandbox.languages import Language, offered
from sandbox.line import Line
from sandbox.pool import Background, Pool
from sandbox.probe import probe
from sandbox.program import Program, ceilings, program
from sandbox.reaper import Reaper, reap
from sandbox.scan.gate import Scanner
from sandbox.verdict import judge


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
