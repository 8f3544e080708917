"""What the gateway keeps between requests: settings, the database, keys and releases as they were a moment ago."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable, Sequence
from functools import partial
from typing import Any, TypeVar

import anyio
import anyio.to_thread
from sqlalchemy import Engine
from sqlalchemy.exc import DataError, DBAPIError, ProgrammingError, SQLAlchemyError

from modelmill.errors import PrerequisiteError
from modelmill.failures import database_disk_full, explained
from modelmill.monitor import drift
from modelmill.monitor.drift import Drift
from modelmill.records import Release
from modelmill.settings import Settings, load
from modelmill.store import database, keys, predictions, releases, runs
from modelmill.store.dedicated import Dedicated
from modelmill.store.keys import Key
from modelmill.store.predictions import Prediction
from modelmill.store.runs import Run
from modelmill.task import all_tasks
from serving.batcher import Batcher, Item, Result, SharedError

T = TypeVar("T")

KEY_SECONDS = 2.0  # a revoked key is refused after at most this long
RELEASE_SECONDS = 1.0  # a new champion answers after at most this long
WATCHED_SECONDS = 10.0  # the metrics are open: asking them often must not ask the database often
DATABASE_SECONDS = 5.0  # then it counts as not answering
CACHED = 10_000  # entries, then all are forgotten: wrong keys must not fill the memory
LOG_BATCH = 200


class AwayError(PrerequisiteError, SharedError):
    """The database answers nobody, or has no tables: whoever was asked for together need not be asked for alone."""


class Cache:
    """Values that may be `seconds` old. Failures are not kept."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.kept: dict[Hashable, tuple[float, Any]] = {}
        self.making: dict[Hashable, asyncio.Task[Any]] = {}

    async def get(self, name: Hashable, make: Callable[[], T]) -> T:
        """The value called `name`, made in a thread when it is too old: once for all who ask meanwhile."""
        found = self.kept.get(name)
        if found and time.monotonic() - found[0] < self.seconds:
            return found[1]
        making = self.making.get(name)
        if making is None:
            making = self.making[name] = asyncio.create_task(self._make(name, make))
            making.add_done_callback(lambda done: done.cancelled() or done.exception())  # who asked may have gone
        return await asyncio.shield(making)

    async def _make(self, name: Hashable, make: Callable[[], T]) -> T:
        start = time.monotonic()  # it may be as old as the question
        try:
            value = await in_thread(make)
        finally:
            del self.making[name]
        if len(self.kept) >= CACHED:
            self.kept.clear()
        self.kept[name] = (start, value)
        return value


class State:
    """Made once a process; touches nothing before the first request."""

    def __init__(self) -> None:
        self.settings: Settings = load()
        self._keys = Cache(KEY_SECONDS)
        self._releases = Cache(RELEASE_SECONDS)
        self._watched = Cache(WATCHED_SECONDS)
        self._log = Dedicated(self.db)
        self.write = Batcher(batches(self._write), LOG_BATCH)

    def db(self) -> Engine:
        """The database; starts or joins the embedded one. Raises PrerequisiteError. Blocking: call it in a thread."""
        return database.engine(self.settings)

    async def key(self, presented: str) -> Key | None:
        """The live key; None for a wrong one."""
        return await self._keys.get(presented, lambda: keys.check(self.settings, self.db(), presented))

    async def live_releases(self) -> list[Release]:
        """Champions and the releases kept warm behind them."""
        return await self._releases.get("live", lambda: releases.live(self.db()))

    async def runs(self) -> tuple[list[Run], list[Run]]:
        """The pipeline's runs under way, and those that failed in the last day and were not made good."""
        return await self._watched.get("runs", lambda: runs.standing(runs.lately(self.db())))

    async def drifts(self) -> list[Drift]:
        """Of every task's champion that was asked lately."""
        names = list(all_tasks())
        found = await self._watched.get("drift", lambda: [drift.drift(self.db(), name) for name in names])
        return [one for one in found if one is not None]

    async def ask(self, question: Callable[[Engine], T]) -> T:
        """Run something on the database in a thread. Raises PrerequisiteError when it does not answer."""
        return await in_thread(lambda: question(self.db()))

    def _write(self, made: Sequence[Prediction]) -> list[None]:
        self._log.run(lambda conn: predictions.log(conn, made))
        return [None] * len(made)


def batches(
    work: Callable[[Sequence[Item]], Sequence[Result]],
) -> Callable[[Sequence[Item]], Awaitable[Sequence[Result]]]:
    """Work on the database, for a batcher."""

    async def worked(batch: Sequence[Item]) -> Sequence[Result]:
        return await in_thread(partial(work, batch))

    return worked


async def in_thread(work: Callable[[], T]) -> T:
    """Blocking work on the database, with a limit of time and its failures told apart. Raises AwayError."""
    try:
        with anyio.fail_after(DATABASE_SECONDS):
            return await anyio.to_thread.run_sync(work, abandon_on_cancel=True)
    except TimeoutError as error:
        raise _silent(f"no answer in {DATABASE_SECONDS:.0f} s") from error
    except DataError:  # it answers: that it cannot take this value
        raise
    except ProgrammingError as error:  # it answers: that it has not the tables
        raise AwayError(**explained(error).as_dict()) from error
    except SQLAlchemyError as error:
        full = database_disk_full(error) if isinstance(error, DBAPIError) else None
        raise (AwayError(**full.as_dict()) if full else _silent(type(error).__name__)) from error


def _silent(found: str) -> AwayError:
    return AwayError("the database does not answer", allowed="a running PostgreSQL", found=found, next="mill doctor")
