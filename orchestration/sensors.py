"""Corpora as they come, change and go: the table `corpus` becomes partitions, and what changed is taken in."""

import socket
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import dagster as dg

from assets.extract import corpora as partitions
from modelmill.errors import PrerequisiteError
from orchestration.jobs import HOST_TAG, INTAKE
from orchestration.unfinished import unfinished

if TYPE_CHECKING:
    from modelmill.plan import Reason

# Looking at a corpus means listing it, and hashing it where it has no revision of its own.
EVERY_SECONDS = 300
FOLLOW_SECONDS = 60
WEBHOOK_SECONDS = 10.0
WEBHOOK_RETRIES = 3


def sensors() -> Sequence[dg.SensorDefinition]:
    """All of them."""
    return [changed_corpora, failed_runs, followers()]


def followers() -> dg.AutomationConditionSensorDefinition:
    """Starts what declares that it follows: report and release (assets/tasks.py, FOLLOWS)."""
    return dg.AutomationConditionSensorDefinition(
        "followers",
        target=dg.AssetSelection.all(),
        run_tags={HOST_TAG: socket.gethostname(), "reason": "what it is made from was made again"},
        minimum_interval_seconds=FOLLOW_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Measures a candidate that was made alone, and releases it if the gate lets it through.",
    )


@dg.run_failure_sensor(
    name="failed_runs",
    default_status=dg.DefaultSensorStatus.RUNNING,
    monitor_all_code_locations=True,
    description="Tells the address MILL_FAILURE_WEBHOOK of every run that failed; without an address it does nothing.",
)
def failed_runs(context: dg.RunFailureSensorContext) -> dg.SkipReason | None:
    """One POST a failed run, as JSON: run, job, partition, reason, error, page. No content of corpora is in it."""
    from modelmill.settings import load

    settings = load()
    if settings.failure_webhook is None:
        return dg.SkipReason("MILL_FAILURE_WEBHOOK is not set")
    run = context.dagster_run
    body = {
        "run": run.run_id,
        "job": run.job_name,
        "partition": run.tags.get("dagster/partition", ""),
        "reason": run.tags.get("reason", ""),
        "error": first_line(context.failure_event.message or ""),
        "page": f"{settings.address(settings.dagster_port)}/runs/{run.run_id}",
    }
    tell(settings.failure_webhook.get_secret_value(), body)
    return None


def first_line(message: str) -> str:
    """What may leave the machine: one line, cut; not the traceback, which can hold values."""
    return (message.strip().splitlines() or [""])[0][:300]


def tell(url: str, body: Mapping[str, str]) -> None:
    """POST it; a connection that fails is tried WEBHOOK_RETRIES times more.

    Raises PrerequisiteError when it was not accepted. The sensor's tick then shows why, without the address: who knows
    that may write there. Dagster does not call it a second time for that run, but `mill status` and the metrics go on
    showing it.
    """
    import httpx

    transport = httpx.HTTPTransport(retries=WEBHOOK_RETRIES, trust_env=False)
    try:
        with httpx.Client(
            transport=transport, timeout=WEBHOOK_SECONDS, follow_redirects=False, trust_env=False
        ) as client:
            status = client.post(url, json=body).status_code
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise _untold(type(error).__name__) from None
    if not httpx.codes.is_success(status):
        raise _untold(f"HTTP {status}")


def _untold(found: str) -> PrerequisiteError:
    return PrerequisiteError(
        "nobody was told of a failed run",
        allowed="an address in MILL_FAILURE_WEBHOOK that answers a POST of JSON with 2xx",
        found=found,
        next="mill status shows the run; correct the address, then `mill down` and `mill up`",
    )


@dg.sensor(
    job_name=INTAKE,
    minimum_interval_seconds=EVERY_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Keeps the partitions equal to the table of corpora, and takes in a corpus that is new or changed.",
)
def changed_corpora(context: dg.SensorEvaluationContext) -> dg.SensorResult:
    from modelmill import plan
    from modelmill.records import name_within
    from modelmill.settings import load
    from modelmill.store import corpora, database

    settings = load()
    db = database.engine(settings)
    known = {corpus.name: corpus.key for corpus in corpora.all_corpora(db, settings.tenant)}
    stored = {key for key in context.instance.get_dynamic_partitions("corpora") if name_within(settings.tenant, key)}
    why = plan.reasons(settings, db, corpora=list(known), tasks=())
    requests = list(_requests(why, known, _under_way(context.instance)))
    return dg.SensorResult(
        run_requests=requests,
        skip_reason=None if requests else "no corpus changed",
        dynamic_partitions_requests=[
            partitions.build_add_request(sorted({*known.values()} - stored)),
            partitions.build_delete_request(sorted(stored - {*known.values()})),
        ],
    )


def _requests(why: "Iterable[Reason]", keys: Mapping[str, str], busy: set[str]) -> Iterable[dg.RunRequest]:
    """One a corpus. The same state of it is asked for only once, so that a corpus that fails is not tried for ever.

    keys: by a corpus's name its key, which its partition is called by.
    """
    first: dict[str, Reason] = {}
    for reason in why:
        first.setdefault(reason.of, reason)
    for name, reason in first.items():
        key = keys[name]
        if key not in busy:
            yield dg.RunRequest(run_key=f"{key}:{reason.state}", partition_key=key, tags={"reason": str(reason)})


def _under_way(instance: dg.DagsterInstance) -> set[str]:
    return {run.tags.get("dagster/partition", "") for run in unfinished(instance, INTAKE)}
