"""Start a run and stay with it: `python -m orchestration.launch intake --corpus X` or `train --task Y --profile P`.

What a person starts and what the night starts is the same job on the same instance, so the run shows in the UI.
Progress goes to standard output, a failure as its four parts to standard error; the exit code says what kind it was. A
task that waits for something to learn from gets no run.
"""

from __future__ import annotations

import argparse
import atexit
import gc
import logging
import os
import signal
import sys
import time
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import FrameType
from typing import TYPE_CHECKING, Any

from modelmill import errors
from modelmill.errors import MillError, RefusedError, UserError
from modelmill.failures import explained

if TYPE_CHECKING:
    from dagster import AssetKey, DagsterInstance, ExecuteInProcessResult
    from sqlalchemy import Engine

    from modelmill.settings import Settings

INTAKE_STAGES = {"extract": "documents", "normalize": "units", "embed": "vectors"}
GARBAGE_LOOKED_FOR = 50_000  # objects made until the next look for garbage, of which a run makes little
INTERRUPTED = 130  # what shells say after Ctrl-C


def main(argv: Sequence[str] | None = None) -> int:
    """Run what was asked for, one after the other; the first failure's exit code. A refused candidate hides none."""
    # What is imported is no garbage: looking for some costs a sixth of importing it, and at the end as much again.
    gc.disable()
    from modelmill.settings import load

    asked = _arguments(argv)
    warnings.filterwarnings("ignore", module="dagster")  # what is new in Dagster is no business of who waits here
    # Ended from outside, the run must not stay "started" for ever: unwind as for Ctrl-C.
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return _launch(asked, load())
    except MillError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("interrupted; nothing half done was published", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:  # Dagster's own, as when it cannot write its events: no step is there to tell it
        if os.environ.get("MILL_DEBUG"):
            raise
        told = explained(error)
        print(f"error: {told}", file=sys.stderr)
        return told.exit_code
    finally:
        gc.freeze()  # it all goes with the process


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    signal.raise_signal(signal.SIGINT)


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    from modelmill.settings import PROFILES

    parser = argparse.ArgumentParser(prog="python -m orchestration.launch", description=(__doc__ or "").split("\n")[0])
    words = parser.add_subparsers(dest="what", required=True)
    intake = words.add_parser("intake", help="take in corpora: extract, normalize, embed")
    intake.add_argument("--corpus", action="append", default=[], help="may be given several times; left out: all")
    intake.add_argument("--stage", choices=tuple(INTAKE_STAGES), help="up to this stage")
    train = words.add_parser("train", help="train tasks: datasets, finetune, evaluate, deploy")
    train.add_argument("--task", action="append", default=[], help="may be given several times; left out: all")
    train.add_argument("--stage", choices=("datasets", "finetune", "evaluate", "deploy"), help="up to this stage")
    for word in (intake, train):
        word.add_argument("--only", action="store_true", help="of --stage that one alone")
        word.add_argument("--profile", choices=PROFILES)
        word.add_argument("--seed", type=int)
        word.add_argument("--trials", type=int)
        word.add_argument("--force", action="store_true", help="also what has not changed")
        word.add_argument("--reason", default="asked for by a person", help="kept as a tag of the run")
    return parser.parse_args(argv)


def _launch(asked: argparse.Namespace, settings: Settings) -> int:
    if settings.run_launcher != "process":
        raise _started_elsewhere(settings)
    from modelmill import setup

    db = setup.prepare(settings)
    names = _named(asked, settings, db)
    waiting = _waiting(asked, settings, db, names)
    told = _tell_waiting(asked, waiting)
    names = [name for name in names if name not in waiting]
    if not names:
        return told
    from orchestration import instance, jobs
    from orchestration.turns import turn

    if asked.what == "intake":
        wanted = [(jobs.INTAKE, name, _intake_keys(asked.stage, asked.only)) for name in names]
    else:
        wanted = [(jobs.train_name(name), None, _train_keys(name, asked.stage, asked.only)) for name in names]
    with instance.connect(settings) as made, turn(settings, made, asked.what):
        gc.freeze()
        gc.set_threshold(GARBAGE_LOOKED_FOR)
        gc.enable()
        codes = [told, *(_run(made, settings, asked, *one) for one in wanted)]
    return worst(codes)


def worst(codes: Sequence[int]) -> int:
    """The first that is of a failure; that a candidate was refused only where nothing else failed."""
    return next((code for code in sorted(codes, key=lambda code: code == RefusedError.exit_code) if code), 0)


def _named(asked: argparse.Namespace, settings: Settings, db: Engine) -> list[str]:
    """The corpora (by key) or tasks asked for, all when none was named. Raises UserError for one that is not there."""
    if asked.what == "intake":
        from modelmill.store import corpora

        there = [corpora.get(db, settings.tenant, name) for name in asked.corpus]
        return [one.key for one in there or corpora.all_corpora(db, settings.tenant)]
    from modelmill.task import all_tasks, get_task

    return [get_task(name).name for name in asked.task] or list(all_tasks())


def _waiting(asked: argparse.Namespace, settings: Settings, db: Engine, names: Sequence[str]) -> dict[str, MillError]:
    """The tasks whose run could only fail: it would begin with a dataset, and there is nothing to make one of."""
    if asked.what != "train" or (asked.task and asked.only and asked.stage not in (None, "datasets")):
        return {}
    from modelmill import plan
    from modelmill.task import get_task

    return {name: error for name in names if (error := plan.waiting(settings, db, get_task(name)))}


def _tell_waiting(asked: argparse.Namespace, waiting: Mapping[str, MillError]) -> int:
    """An error of those that were asked for by name; of all tasks, these are passed over."""
    for error in waiting.values():
        print(f"{'error' if asked.task else 'waits'}: {error}", file=sys.stderr, flush=True)
    return next((error.exit_code for error in waiting.values() if asked.task), 0)


def _started_elsewhere(settings: Settings) -> UserError:
    """Dagster's run monitoring would look for the Job of a run that works here, find none and end the run."""
    return UserError(
        "a run cannot work in this process",
        allowed="runs that Dagster starts: from its UI, by a schedule or a sensor, or over its GraphQL endpoint",
        found=f"MILL_RUN_LAUNCHER={settings.run_launcher}",
        next=f"start it at {settings.address(settings.dagster_port)}/jobs, or set MILL_RUN_LAUNCHER=process",
    )


def _intake_keys(stage: str | None, only: bool) -> list[AssetKey] | None:
    from dagster import AssetKey

    chosen = _chosen(tuple(INTAKE_STAGES), stage, only)
    return [AssetKey(INTAKE_STAGES[one]) for one in chosen] if chosen else None


def _train_keys(task: str, stage: str | None, only: bool) -> list[AssetKey] | None:
    from dagster import AssetKey

    from assets.tasks import STAGES

    chosen = _chosen(tuple(STAGES.values()), stage, only)
    return [AssetKey([task, noun]) for noun, name in STAGES.items() if name in chosen] if chosen else None


def _chosen(stages: Sequence[str], stage: str | None, only: bool) -> Sequence[str]:
    """A stage with those before it, or alone; nothing where that is the whole job."""
    at = len(stages) - 1 if stage is None else stages.index(stage)
    chosen = stages[at if only and stage else 0 : at + 1]
    return chosen if len(chosen) < len(stages) else ()


def _run(
    instance: DagsterInstance,
    settings: Settings,
    asked: argparse.Namespace,
    job: str,
    partition: str | None,
    keys: list[AssetKey] | None,
) -> int:
    from orchestration.definitions import defs

    if partition is not None:
        instance.add_dynamic_partitions("corpora", [partition])
    title = f"{job} {partition}" if partition else job
    print(title, flush=True)
    start = time.monotonic()
    result = defs.get_job_def(job).execute_in_process(
        instance=instance,
        partition_key=partition,
        asset_selection=keys,
        run_config=_config(asked),
        tags={"reason": asked.reason},
        raise_on_error=False,
    )
    if not result.success:
        error = failure(settings, result)
        print(f"error: {error}", file=sys.stderr, flush=True)
        return error.exit_code
    print(f"{title}: done in {time.monotonic() - start:.1f} s (run {result.run_id})", flush=True)
    return 0


def _config(asked: argparse.Namespace) -> dict[str, Any]:
    """The dial for the resource, and a console that leaves the words to us."""
    dial = {name: getattr(asked, name) for name in ("profile", "seed", "trials")} | {"force": asked.force or None}
    given = {name: value for name, value in dial.items() if value is not None}
    return {"resources": {"mill": {"config": given}}, "loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def failure(settings: Settings, result: ExecuteInProcessResult) -> MillError:
    """Why the run failed, in four parts: a check that said no, else the first step that failed."""
    from assets.tasks import GATE

    run = f"{settings.address(settings.dagster_port)}/runs/{result.run_id}"
    for check in result.get_asset_check_evaluations():
        if not check.passed:
            return (RefusedError if check.check_name == GATE else UserError)(
                f"the check {check.check_name} of {check.asset_key.to_user_string()} said no: nothing after it is made",
                allowed="a check that passes: what it asks for stands on the asset's page",
                found=check.description or "no details",
                next=f"mill report, or look at {run} while `mill up` runs",
            )
    for event in result.all_events:
        if event.is_step_failure:
            return _step_failure(event.step_failure_data, str(event.step_key), run)
    return MillError(
        "the run failed before its first step", allowed="-", found=str(result.run_id), next=f"look at {run}"
    )


def _step_failure(data: Any, step: str, run: str) -> MillError:
    """Raises KeyboardInterrupt when the step did not fail but was interrupted."""
    told = data.user_failure_data
    parts = {name: entry.value for name, entry in (told.metadata if told else {}).items()}
    if {"failed", "allowed", "found", "next"} <= set(parts):
        kind = getattr(errors, str(parts.get("kind")), MillError)
        return kind(parts["failed"], allowed=parts["allowed"], found=parts["found"], next=parts["next"])
    error = data.error.cause or data.error if data.error else None
    if error and error.cls_name == "DagsterExecutionInterruptedError":
        raise KeyboardInterrupt
    found = told.description if told else error.message.strip() if error else ""
    return MillError(
        f"the step {step} failed",
        allowed="a step that ends well",
        found=str(found),
        next=f"look at {run} while `mill up` runs",
    )


def _leave(said: Sequence[int]) -> None:
    """End the process with the code that was said, if one was, when all else that is to be done at the end is done.

    Python would take apart what it imported before it all goes: .05 of the 2 CPU-s of a small run.
    """
    if said:
        logging.shutdown()
        with suppress(OSError, ValueError):  # nobody reads any more
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(said[0])


if __name__ == "__main__":
    code: list[int] = []
    atexit.register(_leave, code)  # before any other, so after all others
    code.append(main())
    sys.exit(code[0])
