"""The assets of the tasks: dataset, candidate, report, release, and the checks between them.

Each file in `modelmill/tasks/` adds its own; nothing here names a task.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import dagster as dg

from assets import results, show
from assets.freshness import FRESH
from assets.mill import Mill
from assets.normalize import units
from assets.versions import code_version
from modelmill import guard, plan
from modelmill.task import Task, all_tasks

Noun = Literal["dataset", "candidate", "report", "release"]
STAGES: dict[Noun, str] = {
    "dataset": "datasets",
    "candidate": "finetune",
    "report": "evaluate",
    "release": "deploy",
}
KINDS: dict[Noun, set[str]] = {
    "dataset": {"parquet", "dvc"},
    "candidate": {"torch", "mlflow"},
    "report": {"numpy", "mlflow"},
    "release": {"bentoml", "postgres"},
}
GATE = "gate"  # the check of a report, which lets its candidate through or not


# Who materialises a candidate alone, from the Launchpad, gets its report, and what the gate lets through is released,
# as the night would do it. A job that holds all of them has made these already when its candidate is seen.
FOLLOWS = (dg.AutomationCondition.eager() & dg.AutomationCondition.all_deps_blocking_checks_passed()).with_label(
    "follows what it is made from, once its checks have passed"
)


@dataclass(frozen=True, slots=True)
class TaskAssets:
    """What one task file adds."""

    task: Task
    assets: Sequence[dg.AssetsDefinition]
    checks: Sequence[dg.AssetChecksDefinition]


def task_assets() -> list[TaskAssets]:
    """One entry a task, in the order of the task files."""
    return [_of(task) for task in all_tasks().values()]


def _of(task: Task) -> TaskAssets:
    made = dataset(task), candidate(task), report(task), release(task)
    return TaskAssets(task, made, (*(dataset_check(task, one) for one in guard.DATASET), gate(task)))


def key(task: Task, noun: Noun) -> dg.AssetKey:
    """<task>/<noun>, as in the publications."""
    return dg.AssetKey([task.name, noun])


def _asset(
    task: Task,
    noun: Noun,
    does: str,
    deps: Sequence[dg.AssetsDefinition | dg.AssetKey],
    output_required: bool = True,
) -> Callable[[Callable[..., Any]], dg.AssetsDefinition]:
    """`dg.asset`, with what all assets of a task say about themselves."""
    stage = STAGES[noun]
    return dg.asset(
        key=key(task, noun),
        deps=deps,
        pool="train",
        output_required=output_required,
        group_name=stage,
        owners=["team:models"],
        kinds=KINDS[noun],
        tags={"task": task.name, "stage": stage},
        code_version=code_version(stage, task.name),
        freshness_policy=FRESH,
        automation_condition=FOLLOWS if noun in ("report", "release") else None,
        description=f"**{task.title}.** {task.question}\n\n{does}",
    )


def _check(task: Task, noun: Noun, name: str, does: str) -> Callable[[Callable[..., Any]], dg.AssetChecksDefinition]:
    """`dg.asset_check`, blocking: when it says no, nothing downstream runs."""
    return dg.asset_check(asset=key(task, noun), name=name, description=does, blocking=True)


def dataset(task: Task) -> dg.AssetsDefinition:
    """Units -> frozen examples. While there is nothing to learn from its page says so, and what follows is skipped."""
    said = "Its examples, split by group and duplicate cluster, frozen as Parquet with a manifest, pinned by DVC."

    @_asset(task, "dataset", said, deps=[units], output_required=False)
    def made(
        context: dg.AssetExecutionContext, mill: Mill
    ) -> Iterator[dg.MaterializeResult[Any] | dg.AssetObservation]:
        from modelmill.datasets.stage import build

        with mill.at_work(context) as at:
            dial = at.settings
            if missing := plan.waiting(dial, at.db, task):
                context.log.warning(f"waits: {missing}")
                why = f"waits: {missing.failed}"
                yield dg.AssetObservation(context.asset_key, metadata=missing.as_dict(), description=why)
                return
            built = build(dial, at.db, task, dial.profile, dial.seed, at.progress, force=at.force)
            yield results.dataset(at.db, built.dataset, built.fresh)

    return made


def candidate(task: Task) -> dg.AssetsDefinition:
    """Dataset -> trained model, in a process of its own."""
    said = f"A model trained by the recipe `{task.recipe}`: safetensors and JSON, not released yet."

    @_asset(task, "candidate", said, deps=[key(task, "dataset")])
    def made(context: dg.AssetExecutionContext, mill: Mill) -> dg.MaterializeResult[Any]:
        from modelmill.finetune.stage import finetune
        from modelmill.store import datasets

        with mill.at_work(context) as at:
            dial, data = at.settings, datasets.load(at.db, task)
            trained = finetune(dial, at.db, task, data, dial.profile, dial.seed, at.progress, force=at.force)
            return results.candidate(at.settings, trained.candidate, trained.fresh)

    return made


def report(task: Task) -> dg.AssetsDefinition:
    """Candidate -> scores beside baseline and champion."""
    said = f"`{task.main_score.name}` ({task.main_score.unit}) on the frozen test set beside {task.baseline_name} and "
    said += "the champion, with paired bootstrap intervals."

    @_asset(task, "report", said, deps=[key(task, "candidate")])
    def made(context: dg.AssetExecutionContext, mill: Mill) -> dg.MaterializeResult[Any]:
        from modelmill.evaluate.stage import evaluate
        from modelmill.store import candidates

        with mill.at_work(context) as at:
            newest = candidates.newest(at.settings, at.db, task.name)
            measured = evaluate(at.settings, at.db, task, newest, at.progress)
            return results.report(at.settings, at.db, task, measured.report, measured.fresh)

    return made


def release(task: Task) -> dg.AssetsDefinition:
    """Report -> champion, if the gate lets it through; the gate is looked up once more where the release is made."""
    said = "What answers: the candidate that beat the baseline and is not worse than the champion before it."

    @_asset(task, "release", said, deps=[key(task, "report")])
    def made(context: dg.AssetExecutionContext, mill: Mill) -> dg.MaterializeResult[Any]:
        from modelmill.deploy.stage import deploy

        with mill.at_work(context) as at:
            deployed = deploy(at.settings, at.db, task, at.progress, by=f"dagster/{context.run.run_id}")
            return results.release(at.settings, at.db, deployed.made(task.name), deployed.reason, deployed.fresh)

    return made


def dataset_check(task: Task, one: guard.Check[Task]) -> dg.AssetChecksDefinition:
    """What must hold of a frozen set before anything is trained on it."""

    @_check(task, "dataset", one.name, one.does)
    def checked(context: dg.AssetCheckExecutionContext, mill: Mill) -> dg.AssetCheckResult:
        with mill.at_work(context) as at:
            judged = one.run(at.settings, at.db, task, at.force)
        return show.verdict(not judged.failures, judged.failures, **judged.told)

    return checked


def gate(task: Task) -> dg.AssetChecksDefinition:
    """Better than the baseline, not worse than the champion, slices, latency, size."""
    says = "Better than the baseline, not worse than the champion, no slice lost, fast and small (paired bootstrap)."

    @_check(task, "report", GATE, says)
    def checked(context: dg.AssetCheckExecutionContext, mill: Mill) -> dg.AssetCheckResult:
        from modelmill.evaluate import reports

        with mill.at_work(context) as at:
            newest = reports.latest(at.db, task)
        return results.gate(newest)

    return checked
