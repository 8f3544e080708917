"""Progress of long work, as plain data: the CLI draws it, Dagster logs it, tests collect it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Step:
    """`done` of `total` (None: not known) after `seconds`; `note` says what is being done."""

    what: str
    done: int
    total: int | None
    seconds: float
    note: str = ""

    @property
    def eta_seconds(self) -> float | None:
        """Seconds left at the rate so far; None before anything is known."""
        if not self.done or self.total is None:
            return None
        return self.seconds / self.done * (self.total - self.done)

    def __str__(self) -> str:
        of = f"/{self.total}" if self.total is not None else ""
        speed = self.done / self.seconds if self.seconds > 0 else 0.0
        rate = f", {speed:.0f}/s" if speed >= 10 else f", {speed:.1f}/s" if speed else ""
        eta = f", {self.eta_seconds:.0f} s left" if self.eta_seconds is not None else ""
        note = f" ({self.note})" if self.note else ""
        return f"{self.what}: {self.done}{of}{rate}{eta}{note}"


Progress = Callable[[Step], None]


def silent(step: Step) -> None:
    """For callers that do not want to know."""


def follow(
    items: Iterable[T], what: str, progress: Progress, total: int | None = None, every: float = 1.0
) -> Iterator[T]:
    """Yield the items and report at most once in `every` seconds, and at the end."""
    start = last = time.monotonic()
    done = 0
    for item in items:
        yield item
        done += 1
        now = time.monotonic()
        if now - last >= every:
            last = now
            progress(Step(what, done, total, now - start))
    progress(Step(what, done, total if total is not None else done, time.monotonic() - start))
