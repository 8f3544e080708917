"""What releases answered before, for who asks the same again: one hop and the model's work less.

An output is kept under its release, the tenant and the hash of what was asked, and is given again as long as nothing
of what is searched has changed: the database is asked so each time, once for all who wait, because what was erased must
not be told any more. Every answer is logged like any other.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic_core import to_json

from modelmill.records import Release, canonical_json, sha256_text
from modelmill.store import publications
from modelmill.store.dedicated import Dedicated
from modelmill.store.predictions import Stored, stored
from modelmill.store.publications import Stamp
from modelmill.task import Task
from serving.batcher import Batcher
from serving.state import State, batches
from serving.switch import Switch

MOST = 1024  # outputs; of 10 results with a snippet each, that is 15 MB: as it came, as it is told and as it is logged
AT_ONCE = 256

Name = tuple[int, str, str]


@dataclass
class Known:
    """An output, and what was searched when it was made. again: it was given before."""

    release: Release
    stamp: Stamp | None
    output: Mapping[str, Any]
    again: bool = False

    @cached_property
    def told(self) -> dict[str, Any]:
        """The answer, and what else it might have been."""
        rest = {name: value for name, value in self.output.items() if name not in ("confidence", "alternatives")}
        return {"answer": rest, "alternatives": self.output.get("alternatives") or []}

    @cached_property
    def said(self) -> bytes:
        """`told` as JSON."""
        return to_json(self.told)

    @property
    def log(self) -> Mapping[str, Any]:
        """`told` for the log: as it takes it where that pays; else who writes it cleans it, in a thread."""
        return self._stored if self.again else self.told

    @cached_property
    def _stored(self) -> Stored:
        return stored(self.told)


class Answers:
    """`ask` of the switch, remembered."""

    def __init__(self, state: State, switch: Switch) -> None:
        self.state, self.switch = state, switch
        self.kept: OrderedDict[Name, Known] = OrderedDict()
        self.asks = Dedicated(state.db)
        self.searched = Batcher(batches(self._searched), AT_ONCE)

    async def ask(self, task: Task, tenant: str, asked: Mapping[str, Any]) -> Known:
        """The release that answered, and its output. Raises Problem as the switch does."""
        live = await self.state.live_releases()
        searched = self._now if task.indexes else _nothing
        what = sha256_text(canonical_json(asked))
        first = await self.switch.first(task.name, live)
        if first and (known := self.kept.get((first.id, tenant, what))) and known.stamp == await searched():
            known.again = True
            return self._keep((first.id, tenant, what), known)
        release, told = await self.switch.ask(task.name, live, tenant, asked, searched)
        return self._keep((release.id, tenant, what), Known(release, told.searched, told.output))

    def _keep(self, name: Name, known: Known) -> Known:
        self.kept[name] = known
        self.kept.move_to_end(name)
        if len(self.kept) > MOST:
            self.kept.popitem(last=False)
        return known

    async def _now(self) -> Stamp:
        return await self.searched(None)

    def _searched(self, batch: Sequence[None]) -> list[Stamp]:
        return [self.asks.run(publications.stamp)] * len(batch)


async def _nothing() -> None:
    """What is searched by a task that searches nothing."""
