"""`mill run`: the main job, end to end. Takes in what changed, trains what has a reason, serves it and asks it.

Dagster does the work as a program, so that what a person starts and what the night starts is one and the same, with the
same runs in the UI. The models are asked over HTTP, through the gateway, as an application would.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import Engine

from modelmill import asking, launching, plan, programs, readiness, scoreboard, setup, supervise
from modelmill.datasets import pin
from modelmill.launching import Selection
from modelmill.programs import Program
from modelmill.records import Release
from modelmill.settings import Settings
from modelmill.task import Task, all_tasks, get_task

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True, slots=True)
class Answered:
    """One question as it was really asked, and the gateway's reply."""

    task: Task
    body: dict[str, Any]
    reply: dict[str, Any]


def run(settings: Settings, selected: Selection, console: Console, stages: Sequence[str] = ()) -> int:
    """Do it; the exit code: 0, or that of the first part of it that failed. Raises the four-part errors.

    stages: those of a training's up to the one to end with, and then nothing is served or asked; empty: all.
    """
    start = time.monotonic()
    tasks = [get_task(name) for name in selected.tasks] or list(all_tasks().values())
    db = setup.prepare(settings)
    corpora = _corpora(settings, db, selected)
    if missing := pin.lacking(settings):
        console.print(f"warning: corpora are taken in, but {missing}", markup=False, soft_wrap=True)
    code = _take_in(settings, db, selected, corpora, console) or _train(settings, db, selected, tasks, stages, console)
    if not stages:
        show(settings, db, tasks, console)
    console.print(f"done in {time.monotonic() - start:.0f} s" + (f"; a part failed (exit code {code})" if code else ""))
    return code


def _corpora(settings: Settings, db: Engine, selected: Selection) -> list[str]:
    from modelmill.store import corpora

    if selected.corpora:
        return [corpora.get(db, settings.tenant, name).name for name in selected.corpora]
    return [corpus.name for corpus in corpora.all_corpora(db, settings.tenant)]


def _take_in(settings: Settings, db: Engine, selected: Selection, corpora: Sequence[str], console: Console) -> int:
    """Extract, normalize and embed the corpora that changed."""
    why = plan.reasons(settings, db, corpora=corpora, force=selected.force)
    return _launch(settings, "intake", corpora, why, selected.force, console)


def _train(
    settings: Settings, db: Engine, selected: Selection, tasks: Sequence[Task], stages: Sequence[str], console: Console
) -> int:
    """Build, train, measure and release the tasks that have a reason, judged by the corpora as they are now.

    One that has nothing to learn from is told so and passed over; where it was asked for by its name, it is refused.
    """
    names = [task.name for task in tasks]
    why = plan.reasons(settings, db, tasks=names, force=selected.force)
    why = tuple(reason for reason in why if not stages or reason.stage in stages)
    idle = [task for task in tasks if task.name not in {reason.of for reason in why}]
    waiting = {task.name: error for task in idle if (error := plan.waiting(settings, db, task))}
    if selected.tasks:
        why = (*why, *(plan.Reason("datasets", name, "asked for by its name") for name in waiting))
    else:
        for error in waiting.values():
            console.print(f"waits: {error}", markup=False, soft_wrap=True)
        names = [name for name in names if name not in waiting]
    return _launch(settings, "train", names, why, selected.force, console, stages[-1] if stages else "")


def _launch(
    settings: Settings,
    what: Literal["intake", "train"],
    names: Sequence[str],
    why: Sequence[plan.Reason],
    force: bool,
    console: Console,
    stage: str = "",
) -> int:
    """One Dagster program for all that has a reason, up to a stage; none when nothing has."""
    due = [name for name in names if any(reason.of == name for reason in why)]
    idle = [name for name in names if name not in due]
    if idle:
        console.print(f"nothing changed: {', '.join(idle)}", markup=False)
    for reason in why:
        console.print(str(reason), markup=False)
    if not due:
        return 0
    request = launching.Request(what, due, plan.said(why), force, stage)
    return launching.launch(settings, request.argv(settings), console)


def show(settings: Settings, db: Engine, tasks: Sequence[Task], console: Console) -> None:
    """Ask each released task its sample question over HTTP; print answers, scores and where to look."""
    for answered in _asked(settings, db, tasks, console):
        _print_answer(answered, console)
    rows = [row for row in scoreboard.rows(db) if row["task"] in {task.name for task in tasks}]
    if rows:
        console.print(scoreboard.table(rows))
    console.print("look: `make up` starts the UIs; mill search WORDS, mill report, mill status, mill lineage ID")


def _asked(settings: Settings, db: Engine, tasks: Sequence[Task], console: Console) -> list[Answered]:
    from modelmill.store import releases

    champions = [found for task in tasks if (found := releases.champion(db, task.name)) is not None]
    released = [task for task in tasks if task.name in {champion.task for champion in champions}]
    if not released:
        console.print("nothing is released yet, so there is nothing to ask")
        return []
    if supervise.control(settings) is not None:
        supervise.reconcile(settings, db)
        return _ask(settings, db, released, _wanted(settings, champions), console)
    wanted = _wanted(settings, champions)
    with supervise.supervised(settings, wanted):
        return _ask(settings, db, released, wanted, console)


def _wanted(settings: Settings, champions: Sequence[Release]) -> list[Program]:
    return [programs.gateway(settings), *programs.release_programs(settings, champions)]


def _ask(
    settings: Settings, db: Engine, tasks: Sequence[Task], wanted: Sequence[Program], console: Console
) -> list[Answered]:
    def notice(program: Program, seconds: float) -> None:
        console.print(f"  {program.title}: answers at {program.address} after {seconds:.0f} s", markup=False)

    readiness.wait_ready(settings, wanted, notice)
    with asking.passing_key(settings, db) as key:
        return [_one(settings, task, key) for task in tasks]


def _one(settings: Settings, task: Task, key: str) -> Answered:
    body = dict(task.sample)
    return Answered(task, body, asking.over_http(settings, task, body, key))


def _print_answer(answered: Answered, console: Console) -> None:
    reply = answered.reply
    console.print(f"\nPOST /api/v1/{answered.task.route} {json.dumps(answered.body)}", markup=False, style="bold")
    told = {name: reply[name] for name in ("release", "prediction_id", "latency_ms", "confidence") if name in reply}
    console.print(
        json.dumps({**told, "answer": _brief(reply.get("answer"))}, indent=2, ensure_ascii=False), markup=False
    )


def _brief(value: Any) -> Any:
    """The answer, its lists cut to three and its texts to a line: the whole of it is one `mill predict` away."""
    if isinstance(value, dict):
        return {name: _brief(part) for name, part in value.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, list):
        return [_brief(part) for part in value[:3]]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, str) and len(value) > 100:
        return value[:100] + "…"
    return value
