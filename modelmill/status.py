"""What an installation has and does: its corpora, its tasks, its programs, and what a run would make again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine

from modelmill import plan, programs, readiness, supervise
from modelmill.errors import MillError
from modelmill.monitor import drift
from modelmill.monitor.traffic import Traffic, traffic
from modelmill.records import corpus_key
from modelmill.settings import PROFILES, Settings
from modelmill.store import corpora, overview, releases, runs
from modelmill.task import all_tasks

SHOWN = 5  # failed runs


def parts(settings: Settings, db: Engine) -> Iterator[Any]:
    """Tables, in the order in which they are read."""
    yield _corpora(settings, db)
    yield _tasks(settings, db)
    yield from _traffic(traffic(db, settings.tenant))
    yield _programs(settings, db)
    yield _runs(settings, db)
    yield _due(settings, db)
    yield f"profile {settings.profile} (of {', '.join(PROFILES)}), seed {settings.seed}, home {settings.home_dir}"


def as_dict(settings: Settings, db: Engine) -> dict[str, Any]:
    """The same for programs."""
    running, failed = runs.standing(runs.lately(db))
    asked = overview.predictions(db, settings.tenant)
    due = _reasons(settings, db)
    return {
        "corpora": overview.corpora(db, settings.tenant),
        "tasks": [_task(db, name, asked.get(name)) for name in all_tasks()],
        "traffic": [asdict(one) for one in traffic(db, settings.tenant)],
        "programs": [{"program": name, "state": state.lower()} for name, state in _states(settings).items()],
        "running": [asdict(run) for run in running],
        "failed": [asdict(run) for run in failed],
        "due": [str(reason) for reason in due],
        "waiting": {name: error.as_dict() for name, error in _waiting(settings, db, due).items()},
        "profile": settings.profile,
        "seed": settings.seed,
        "home": str(settings.home_dir),
    }


def _task(db: Engine, name: str, asked: tuple[int, datetime] | None) -> dict[str, Any]:
    made, champion = overview.task_assets(db, name), releases.champion(db, name)
    seen = drift.drift(db, name)
    return {
        "task": name,
        **{noun: known.sha256 if (known := made[noun]) else None for noun in ("dataset", "candidate")},
        "release": champion.name if champion else None,
        "answered": asked[0] if asked else 0,
        "drift": {"psi": seen.psi, "n": seen.n, "moved": seen.moved} if seen and seen.n >= drift.FEWEST else None,
    }


def _corpora(settings: Settings, db: Engine) -> Any:
    from rich.table import Table

    header = ("corpus", "kind", "training", "documents", "units", "revision", "taken in")
    table = Table(*header, title="Corpora", title_justify="left")
    last = overview.published(db, "documents")
    for row in overview.corpora(db, settings.tenant):
        consent = "yes" if row["consent_to_train"] else "no"
        revision = (row["revision"] or "never read")[:16]
        key = corpus_key(settings.tenant, row["name"])
        age = ago(last[key]) if key in last else "never"
        table.add_row(row["name"], row["kind"], consent, str(row["documents"]), str(row["units"]), revision, age)
    return table


def ago(then: datetime) -> str:
    """As a person says it: 5 min ago, 3 h ago, 12 d ago."""
    minutes = max(0, int((datetime.now(UTC) - then).total_seconds() // 60))
    if minutes < 60:
        return f"{minutes} min ago"
    return f"{minutes // 60} h ago" if minutes < 48 * 60 else f"{minutes // (24 * 60)} d ago"


def _runs(settings: Settings, db: Engine) -> Any:
    """What runs, what failed in the last day and was not made good since, and where one reads why."""
    from rich.table import Table

    running, failed = runs.standing(runs.lately(db))
    if not running and not failed:
        return "no run is under way, none failed in the last 24 h"
    table = Table("run", "of", "state", "began", "because", title="Runs", title_justify="left")
    for run in (*running, *failed[:SHOWN]):
        of = f"{run.job} {run.partition}".strip()
        table.add_row(run.id[:8], of, run.status.lower(), ago(run.began), run.reason or "-")
    more = f", and {len(failed) - SHOWN} more failed" if len(failed) > SHOWN else ""
    table.caption = f"{settings.address(settings.dagster_port)}/runs while `mill up` runs{more}"
    table.caption_justify = "left"
    return table


def _tasks(settings: Settings, db: Engine) -> Any:
    from rich.table import Table

    header = ("task", "dataset", "candidate", "release", "answered", "drift")
    table = Table(*header, title="Tasks", title_justify="left")
    asked = overview.predictions(db, settings.tenant)
    for task in all_tasks().values():
        made = overview.task_assets(db, task.name)
        champion = releases.champion(db, task.name)
        shas = [(known.sha256[:12] if known else "-") for known in (made["dataset"], made["candidate"])]
        count = asked[task.name][0] if task.name in asked else 0
        table.add_row(
            task.name, *shas, champion.name if champion else "-", str(count), _drift(drift.drift(db, task.name))
        )
    return table


def _traffic(seen: Sequence[Traffic]) -> Iterator[Any]:
    """How the releases answered, and what people said of it; no table where nobody asked."""
    from rich.table import Table

    if not seen:
        return
    header = ("release", "answers", "p50, ms", "p95, ms", "sure", "said right", "said wrong")
    table = Table(*header, title="Answers of the last 24 h", title_justify="left")
    for one in seen:
        sure = "-" if one.mean_confidence is None else f"{one.mean_confidence:.2f}"
        cells = (one.predictions, f"{one.p50_ms:.1f}", f"{one.p95_ms:.1f}", sure, one.right, one.wrong)
        table.add_row(f"{one.task}@{one.version}", *map(str, cells))
    yield table


def _drift(seen: drift.Drift | None) -> str:
    """The index with how many answers it is of, and whether that is too much."""
    if seen is None:
        return "-"
    if seen.n < drift.FEWEST:
        return f"{seen.n} of {drift.FEWEST} answers needed"
    return f"{seen.psi:.2f} ({'moved' if seen.moved else 'steady'}, n {seen.n})"


def _due(settings: Settings, db: Engine) -> str:
    """What `mill run` would make again."""
    due = _reasons(settings, db)
    waiting = [f"waits: {error.failed}: {error.found}" for error in _waiting(settings, db, due).values()]
    if not due:
        return "\n".join(["nothing changed: `mill run` would make nothing, nor does the night", *waiting])
    return "\n".join(
        [
            f"`mill run` would make now, and the night ({settings.night}, UTC) while `mill up` runs:",
            *(f"  {reason}" for reason in due),
            *waiting,
        ]
    )


def _reasons(settings: Settings, db: Engine) -> Sequence[plan.Reason]:
    names = [corpus.name for corpus in corpora.all_corpora(db, settings.tenant)]
    return plan.reasons(settings, db, corpora=names, tasks=list(all_tasks()))


def _waiting(settings: Settings, db: Engine, due: Sequence[plan.Reason]) -> Mapping[str, MillError]:
    """Of the tasks that nothing is to be made of, those that have nothing to learn from."""
    idle = [task for task in all_tasks().values() if task.name not in {reason.of for reason in due}]
    return {task.name: error for task in idle if (error := plan.waiting(settings, db, task))}


def _states(settings: Settings) -> dict[str, str]:
    """Of the programs that are kept here, in all parts."""
    states: dict[str, str] = {}
    for one in supervise.kept(settings):
        supervisor = supervise.control(one)
        states |= supervisor.states() if supervisor else {}
    return states


def _programs(settings: Settings, db: Engine) -> Any:
    """One line when nothing runs; else each program with its state and whether its address answers."""
    from rich.table import Table

    states = _states(settings)
    if not states:
        return "nothing runs here; `mill up` starts the programs"
    known = {one.name: one for one in [*programs.platform_programs(settings), *programs.live_programs(settings, db)]}
    table = Table("program", "state", "answers", "address", title="Programs", title_justify="left")
    for name, state in states.items():
        program = known.get(name)
        answers = "-" if program is None or not program.probe else "yes" if readiness.answers(program) else "no"
        table.add_row(name, state.lower(), answers, (program.address if program else "") or "-")
    return table
