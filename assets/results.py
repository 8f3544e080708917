"""What a data scientist sees on the page of a task's asset: the numbers that decide, as tables, plots and curves."""

from collections.abc import Mapping
from typing import Any

import dagster as dg
from sqlalchemy import Engine

from assets import show
from modelmill.records import Candidate, Dataset, Interval, Release, Report
from modelmill.settings import Settings
from modelmill.store import publications
from modelmill.task import Task

SIDES = ("candidate", "baseline", "champion")


def dataset(db: Engine, made: Dataset, fresh: bool) -> dg.MaterializeResult[Any]:
    """Counts a split, which corpora at which revision it was made of, and whether DVC holds it."""
    published = publications.current(db, f"{made.task}/dataset")
    detail = published.detail if published else {}
    sources: list[Mapping[str, Any]] = list(made.manifest.get("sources", []))
    rows = [[source.get("corpus"), source.get("revision"), source.get("licence")] for source in sources]
    return show.result(
        made.sha256,
        fresh,
        **{f"examples_{split}": count for split, count in made.counts.items()},
        picture=show.bars(f"{made.task}: examples", made.counts),
        sources=show.table(["corpus", "revision", "licence"], rows),
        pinned="by DVC" if detail.get("pinned") else f"no: {detail.get('not_pinned_because', 'not published')}",
        path=dg.MetadataValue.path(made.path),
    )


def candidate(settings: Settings, made: Candidate, fresh: bool) -> dg.MaterializeResult[Any]:
    """The parameters, and the curves that MLflow recorded."""
    from modelmill import tracking

    shown: dict[str, Any] = {}
    if made.mlflow_run_id and fresh:
        curves = tracking.curves(settings, made.mlflow_run_id)
        shown["curves"] = show.curves(f"{made.task}: training", curves) if curves else "none recorded"
        shown["mlflow"] = dg.MetadataValue.url(tracking.page(settings, made.mlflow_run_id))
    return show.result(
        made.sha256,
        fresh,
        profile=made.profile,
        seed=made.seed,
        dataset_sha256=made.dataset_sha256,
        params=show.table(["parameter", "value"], made.params.items()),
        path=dg.MetadataValue.path(made.path),
        **shown,
    )


def report(task: Task, made: Report, fresh: bool) -> dg.MaterializeResult[Any]:
    """The main score as numbers over time, all scores and slices as tables, the sides as a picture."""
    sides = {"candidate": made.value.value, task.baseline_name: made.baseline}
    if made.champion is not None:
        sides["champion"] = made.champion
    rows = [[name, *(by_side.get(side) for side in SIDES)] for name, by_side in made.scores.items()]
    slices = [[name, *(numbers.get(side) for side in ("n", *SIDES))] for name, numbers in made.slices.items()]
    return show.result(
        made.candidate_sha256,
        fresh,
        passed=made.passed,
        reasons="; ".join(made.reasons) or "none given",
        # Three plain numbers, so that the page plots them from run to run; the same with their intervals below.
        **{made.main_score: round(made.value.value, 5), "baseline": round(made.baseline, 5)},
        gain=round(made.delta_baseline.value, 5),
        interval=_interval(made.value, ""),
        gain_over_baseline=_interval(made.delta_baseline),
        gain_over_champion=_interval(made.delta_champion) if made.delta_champion else "there is no champion yet",
        n=made.n,
        seed=made.seed,
        latency_ms=made.latency_ms,
        size_mb=round(made.size_bytes / 1e6, 1),
        engines=show.table(["side", "run by"], made.engines.items()),
        scores=show.table(["score", *SIDES], rows),
        slices=show.table(["slice", "n", *SIDES], slices),
        picture=show.bars(f"{made.task}: {made.main_score}, n = {made.n}", sides, made.unit),
    )


def gate(newest: Report | None) -> dg.AssetCheckResult:
    """The report's own verdict. Without a report nothing passes."""
    if newest is None:
        return show.verdict(False, [{"reason": "there is no report"}])
    return show.verdict(
        newest.passed,
        [] if newest.passed else [{"reason": reason} for reason in newest.reasons],
        gain_over_baseline=_interval(newest.delta_baseline),
        gain_over_champion=_interval(newest.delta_champion) if newest.delta_champion else "there is no champion yet",
        candidate_sha256=newest.candidate_sha256,
    )


def release(made: Release | None, reason: str, fresh: bool) -> dg.MaterializeResult[Any]:
    """Which release answers now. Raises Failure when the candidate was refused."""
    if made is None:
        raise dg.Failure(description=f"nothing was released: {reason}", allow_retries=False)
    return show.result(
        made.candidate_sha256,
        fresh,
        release=made.name,
        number=made.number,
        status=made.status,
        bento=made.bento_tag or "none",
        reason=reason,
        dataset_sha256=made.dataset_sha256,
    )


def _interval(of: Interval, sign: str = "+") -> str:
    return f"{of.value:{sign}.4f} [{of.low:{sign}.4f}, {of.high:{sign}.4f}] (95 %)"
