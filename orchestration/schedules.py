"""The night: every task that has a reason is made again; the reason stands in the run's tags."""

from collections.abc import Sequence

import dagster as dg

from modelmill.task import Task, all_tasks
from orchestration.jobs import train_name

NIGHTLY = "0 2 * * *"


def schedules() -> Sequence[dg.ScheduleDefinition]:
    """One a task, so that each night can be switched off by itself."""
    return [nightly(task) for task in all_tasks().values()]


def nightly(task: Task) -> dg.ScheduleDefinition:
    """At 02:00 UTC: a run if the task's data, code or dial changed since it was last made, else the reason for none."""

    @dg.schedule(
        cron_schedule=NIGHTLY,
        job_name=train_name(task.name),
        name=f"nightly_{task.name}",
        description=f"{task.title}: trained again at 02:00 UTC where something changed.",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
    def due(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        from modelmill import plan
        from modelmill.monitor import drift
        from modelmill.settings import load
        from modelmill.store import database

        settings = load()
        db = database.engine(settings)
        why = plan.task_reasons(settings, db, task, settings.profile, settings.seed)
        seen = drift.drift(db, task.name)
        moved = f"its questions have moved (index {seen.psi:.2f}, n {seen.n})" if seen and seen.moved else ""
        if not why and moved:
            # The same data would make the same model.
            return dg.SkipReason(f"nothing new to learn from for {task.name}, though {moved}: add data or feedback")
        if not why:
            return dg.SkipReason(f"nothing changed for {task.name}")
        day = context.scheduled_execution_time.date().isoformat()
        return dg.RunRequest(
            run_key=f"{task.name}:{day}", tags={"reason": "; ".join(filter(None, (plan.said(why), moved)))}
        )

    return due
