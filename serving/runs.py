"""Every run that the gateway asks for is a row before the program is handed over, and its end is written before it is
told. What a gateway that was killed left open is closed by the next one, or by another of the same database."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress

from modelmill import logs
from modelmill.errors import MillError
from modelmill.store import executions
from modelmill.store.keys import Key
from sandbox.contract import Answer, Request
from serving.problems import Problem
from serving.state import State

EVERY_SECONDS = 30.0


class Handed:
    """A request that was handed over: one row an input. `refused`: nothing of it was run."""

    def __init__(self, state: State, rows: Sequence[executions.Execution]) -> None:
        self.state, self.rows = state, rows
        self.refused = False

    @property
    def ids(self) -> list[uuid.UUID]:
        """One an input."""
        return [one.id for one in self.rows]

    async def ended(self, answers: Sequence[Answer]) -> list[Answer]:
        """The answers under the ids of their rows, which are written. Raises PrerequisiteError: they could not be."""
        named = [one.model_copy(update={"id": str(row.id)}) for one, row in zip(answers, self.rows, strict=True)]
        who = [(row.tenant, row.key_prefix, row.files) for row in self.rows]
        made = [executions.of(one.model_dump(mode="json"), *rest) for one, rest in zip(named, who, strict=True)]
        await self.state.ask(lambda db: executions.finish(db, made))
        return named


class Runs:
    """The runs of this process."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.at_work: set[uuid.UUID] = set()

    @asynccontextmanager
    async def handed(self, key: Key, asked: Request, first: uuid.UUID | None = None) -> AsyncGenerator[Handed]:
        """Within it the rows are open; the first is called `first`. A Problem that leaves it, or `refused`, takes them
        back: nothing was run. Raises PrerequisiteError: they could not be written, and nothing may be run."""
        handed = Handed(self.state, _rows(key, asked, first or uuid.uuid4()))
        self.at_work.update(handed.ids)  # before they are written, so that `tend` never takes them for lost
        try:
            await self.state.ask(lambda db: executions.begin(db, handed.rows, self.state.settings.sandbox_days))
            try:
                yield handed
            except Problem:
                handed.refused = True
                raise
        finally:
            if handed.refused:
                with suppress(MillError):  # then it is closed as one whose end is not known
                    await self.state.ask(lambda db: executions.withdraw(db, handed.ids))
            self.at_work.difference_update(handed.ids)

    async def tend(self) -> None:
        """Close what nobody will end any more: at once, and every half a minute until it is cancelled."""
        while True:
            try:
                if closed := await self.state.ask(lambda db: executions.close_lost(db, self.at_work)):
                    logs.logger().warning("closed the records of %d runs that were lost", closed)
            except Exception as error:  # noqa: BLE001  (the database may be away; it is tried again)
                logs.logger().warning("the records of lost runs were not looked at: %s", str(error))
            await asyncio.sleep(EVERY_SECONDS)


def _rows(key: Key, asked: Request, first: uuid.UUID) -> list[executions.Execution]:
    """One an input; the code with them only where the caller consented."""
    files = (dict(asked.files) or {asked.entry or "code": asked.code or ""}) if asked.keep_code else None
    ids = [first, *(uuid.uuid4() for _ in asked.runs[1:])]
    return [executions.opened(one, asked.language, asked.sha256, key.tenant, key.prefix, files) for one in ids]
