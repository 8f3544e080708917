"""Progress of long work on a terminal (bars) or in a log (a line now and then)."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import TaskID

    from modelmill.progress import Progress, Step

LINE_EVERY = 5.0  # seconds between two lines of the same work in a log


@contextmanager
def drawn() -> Generator[Progress]:
    """A Progress to hand to a stage; draws on stderr."""
    from rich.console import Console

    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield _lines(console)
        return
    with _bars(console) as progress:
        yield progress


def _lines(console: Console) -> Progress:
    last: dict[str, float] = {}

    def say(step: Step) -> None:
        now = time.monotonic()
        finished = step.total is not None and step.done >= step.total
        if finished or now - last.get(step.what, 0.0) >= LINE_EVERY:
            last[step.what] = now
            console.print(str(step), markup=False)

    return say


@contextmanager
def _bars(console: Console) -> Generator[Progress]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.fields[note]}"), console=console) as bars:
        known: dict[str, TaskID] = {}

        def draw(step: Step) -> None:
            if step.what not in known:
                known[step.what] = bars.add_task(step.what, total=step.total, note=step.note)
            bars.update(known[step.what], completed=step.done, total=step.total, note=step.note)

        yield draw
