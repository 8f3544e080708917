"""The night: every task that has a reason is made again; the reason stands in the run's tags. Once a week all is
confirmed: the same runs, in which each stage sees that nothing changed, so that an asset's age says something.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

import dagster as dg
from sqlalchemy import Engine

from modelmill.records import name_within
from modelmill.settings import Settings, load
from modelmill.task import Task, all_tasks
from orchestration.jobs import INTAKE, train_name
from orchestration.unfinished import unfinished

WEEKLY = "0 3 * * 0"
SUNDAY = 6
CONFIRMED = "nothing changed: confirmed once a week"


def schedules() -> Sequence[dg.ScheduleDefinition]:
    """One a task, so that each night can be switched off by itself."""
    return [*(nightly(task) for task in all_tasks().values()), weekly_corpora]


@dg.schedule(
    cron_schedule=WEEKLY,
    job_name=INTAKE,
    description="Every corpus that is taken in, looked at once more on Sundays at 03:00 UTC, also if nothing changed.",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def weekly_corpora(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest]:
    day = context.scheduled_execution_time.date().isoformat()
    tenant = load().tenant
    for key in sorted(context.instance.get_dynamic_partitions("corpora")):
        if name_within(tenant, key):
            yield dg.RunRequest(run_key=f"{key}:{day}", partition_key=key, tags={"reason": CONFIRMED})


def nightly(task: Task) -> dg.ScheduleDefinition:
    """At MILL_NIGHT: a run if the task's data, code or dial changed since it was last made, else why there is none.

    None either while one of a night before waits or works: what that one sees too late is the next night's reason. A
    second behind it would train nothing, and say no once more where the gate said no.
    """
    name = f"nightly_{task.name}"

    @dg.schedule(
        cron_schedule=load().night,
        job_name=train_name(task.name),
        name=name,
        description=f"{task.title}: trained again at night where something changed.",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
    def due(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        earlier = unfinished(context.instance, **{"dagster/schedule_name": name})
        if earlier:
            return dg.SkipReason(
                f"the run {earlier[0].run_id} of a night before has not ended: the next night looks again"
            )
        return _due(task, context.scheduled_execution_time)

    return due


def _due(task: Task, when: datetime) -> dg.RunRequest | dg.SkipReason:
    from modelmill import plan
    from modelmill.monitor import drift
    from modelmill.store import database

    settings = load()
    db = database.engine(settings)
    why = plan.task_reasons(settings, db, task, settings.profile, settings.seed)
    seen = drift.drift(db, task.name)
    moved = f"its questions have moved (index {seen.psi:.2f}, n {seen.n})" if seen and seen.moved else ""
    if why:
        said = "; ".join(filter(None, (plan.said(why), moved)))
        return dg.RunRequest(run_key=run_key(task.name, when), tags={"reason": said})
    if missing := plan.waiting(settings, db, task):
        return dg.SkipReason("; ".join(filter(None, (moved, f"waits: {missing}"))))
    if _to_confirm(settings, db, task, when):
        # By the day: where there are many nights in it, the first.
        return dg.RunRequest(run_key=f"{task.name}:{when.date()}", tags={"reason": CONFIRMED})
    if moved:
        # The same data would make the same model.
        return dg.SkipReason(f"nothing new to learn from for {task.name}, though {moved}: add data or feedback")
    return dg.SkipReason(f"nothing changed for {task.name}")


def run_key(task: str, tick: datetime) -> str:
    """By which Dagster sees that a night was asked for already."""
    return f"{task}:{tick:%Y-%m-%dT%H:%M}"


def _to_confirm(settings: Settings, db: Engine, task: Task, when: datetime) -> bool:
    """On Sundays, unless the newest candidate was refused: its gate would only say no once more."""
    from modelmill.store import candidates

    standing = candidates.standing(settings, db, task.name)
    return when.weekday() == SUNDAY and standing.champion is not None and standing.challenger is None
