"""What a data scientist sees on the page of a task's asset: the numbers that decide, as tables, plots and curves."""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import dagster as dg
from sqlalchemy import Engine

from assets import show
from modelmill.records import Candidate, Dataset, Interval, Release, Report, Split
from modelmill.settings import Settings
from modelmill.store import candidates, publications
from modelmill.task import Task, get_task

SIDES = ("candidate", "baseline", "champion")
AGAINST = "against champion, else baseline"
SAME = 0.0005  # what the third digit does not show is no difference
WORST = 8  # rows


def dataset(db: Engine, made: Dataset, fresh: bool) -> dg.MaterializeResult[Any]:
    """Counts a split and a label or kind, which corpora at which revision it was made of, and whether DVC holds it."""
    from modelmill.datasets.difference import balance
    from modelmill.store import datasets

    by_split = {split: balance(datasets.read_examples(made, split)) for split in Split if made.counts.get(split)}
    together = sum(by_split.values(), Counter[str]())
    labels = sorted(together, key=lambda label: (-together[label], label))
    published = publications.current(db, f"{made.task}/dataset")
    detail = published.detail if published else {}
    sources: list[Mapping[str, Any]] = list(made.manifest.get("sources", []))
    rows = [[source.get("corpus"), source.get("revision"), source.get("licence")] for source in sources]
    return show.result(
        made.sha256,
        fresh,
        **{f"examples_{split}": count for split, count in made.counts.items()},
        picture=show.bars(f"{made.task}: examples", made.counts),
        balance=show.table(
            ["label or kind", *by_split], [[label, *(count[label] for count in by_split.values())] for label in labels]
        ),
        sources=show.table(["corpus", "revision", "licence"], rows),
        pinned="by DVC" if detail.get("pinned") else f"no: {detail.get('not_pinned_because', 'not published')}",
        path=dg.MetadataValue.path(made.path),
    )


def candidate(settings: Settings, made: Candidate, fresh: bool) -> dg.MaterializeResult[Any]:
    """The parameters, and the curves that MLflow recorded."""
    from modelmill import tracking

    shown = _links(settings, made)
    if made.mlflow_run_id:
        curves = tracking.curves(settings, made.mlflow_run_id)
        shown["curves"] = show.curves(f"{made.task}: training", curves) if curves else "none recorded"
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


def report(settings: Settings, db: Engine, task: Task, made: Report, fresh: bool) -> dg.MaterializeResult[Any]:
    """The main score as numbers over time, all scores and slices as tables with an arrow against the champion, the
    pictures of the report's page, and where that page is.
    """
    from modelmill.evaluate import page, reports

    beside = reports.details(db, made.id)
    path = page.place(settings, made)  # evaluation wrote it, unless the report is of before
    shown = page.pictures(task, made, {**page.NEWER, **beside}, {})
    return show.result(
        made.candidate_sha256,
        fresh,
        passed=made.passed,
        reasons=show.table(["reason"], [[reason] for reason in made.reasons]),
        **_numbers(made),
        **_tables(task, made),
        worst=show.table(["asked", "right", "answered", made.main_score], _worst(beside)),
        picture=show.bars(f"{made.task}: {made.main_score}, n = {made.n}", _main_by_side(task, made), made.unit),
        **{f"picture_{name}": show.drawn(one) for name, one in shown.items()},
        page=dg.MetadataValue.path(path if path.is_file() else page.write(settings, db, task, made)),
        **_links(settings, candidates.get(settings, db, made.candidate_sha256)),
    )


def _numbers(made: Report) -> dict[str, Any]:
    """First three plain ones, so that the page plots them from run to run; then the same with their intervals."""
    return {
        made.main_score: round(made.value.value, 5),
        "baseline": round(made.baseline, 5),
        "gain": round(made.delta_baseline.value, 5),
        "interval": _interval(made.value, ""),
        **_gains(made),
        "n": made.n,
        "seed": made.seed,
        "latency_ms": made.latency_ms,
        "size_mb": round(made.size_bytes / 1e6, 1),
    }


def _gains(made: Report) -> dict[str, str]:
    return {
        "gain_over_baseline": _interval(made.delta_baseline),
        "gain_over_champion": _interval(made.delta_champion) if made.delta_champion else "there is no champion yet",
    }


def _tables(task: Task, made: Report) -> dict[str, Any]:
    """All scores and all slices, side by side."""
    better = {score.name: score.higher_is_better for score in task.scores}
    scores = [[name, *_beside(by_side, better.get(name, False))] for name, by_side in made.scores.items()]
    main_better = task.main_score.higher_is_better
    slices = [[name, by_side.get("n"), *_beside(by_side, main_better)] for name, by_side in made.slices.items()]
    return {
        "engines": show.table(["side", "run by"], made.engines.items()),
        "scores": show.table(["score", *SIDES, AGAINST], scores),
        "slices": show.table(["slice", "n", *SIDES, AGAINST], slices),
    }


def _beside(by_side: Mapping[str, float | None], higher_is_better: bool) -> list[Any]:
    return [*(by_side.get(side) for side in SIDES), _arrow(by_side, higher_is_better)]


def _main_by_side(task: Task, made: Report) -> dict[str, float]:
    sides = {"candidate": made.value.value, task.baseline_name: made.baseline}
    return sides if made.champion is None else {**sides, "champion": made.champion}


def _worst(beside: Mapping[str, Any]) -> list[list[Any]]:
    return [
        [" ".join(map(str, one["input"].values())), one.get("right"), one.get("answered"), one["score"]]
        for one in beside["failures"][:WORST]
    ]


def _arrow(by_side: Mapping[str, float | None], higher_is_better: bool) -> str:
    """Better or worse than the champion; against the baseline while there is none."""
    own, champion = by_side.get("candidate"), by_side.get("champion")
    other = by_side.get("baseline") if champion is None else champion
    if own is None or other is None:
        return ""
    if abs(own - other) < SAME:
        return "="
    return "▲ better" if (own > other) == higher_is_better else "▼ worse"


def _links(settings: Settings, made: Candidate) -> dict[str, Any]:
    """The run in MLflow, where the same page lies beside the curves."""
    from modelmill import tracking

    if not made.mlflow_run_id:
        return {}
    return {"mlflow": dg.MetadataValue.url(tracking.page(settings, made.mlflow_run_id))}


def gate(newest: Report | None) -> dg.AssetCheckResult:
    """The report's own verdict. Without a report nothing passes."""
    if newest is None:
        return show.verdict(False, [{"reason": "there is no report"}])
    return show.verdict(
        newest.passed,
        [] if newest.passed else [{"reason": reason} for reason in newest.reasons],
        **_gains(newest),
        candidate_sha256=newest.candidate_sha256,
    )


def release(settings: Settings, db: Engine, made: Release, reason: str, fresh: bool) -> dg.MaterializeResult[Any]:
    """Which release answers now, where, and how one asks it."""
    from modelmill.evaluate import page, reports

    task = get_task(made.task)
    door = settings.address(settings.gateway_port)
    words = f"curl {door}/api/v1/{task.route}", "-H 'Authorization: Bearer KEY'", f"--json '{json.dumps(task.sample)}'"
    ask = " \\\n  ".join(words)  # one line would be wider than the page, which then cuts every value off
    return show.result(
        made.candidate_sha256,
        fresh,
        release=made.name,
        number=made.number,
        status=made.status,
        bento=made.bento_tag or "none",
        reason=reason,
        dataset_sha256=made.dataset_sha256,
        endpoint=dg.MetadataValue.url(f"{door}/docs"),
        ask=dg.MetadataValue.md(f"```\n{ask}\n```\nwith a key of `mill key create`"),
        page=dg.MetadataValue.path(page.place(settings, reports.get(db, made.report_id))),
        **_links(settings, candidates.get(settings, db, made.candidate_sha256)),
    )


def _interval(of: Interval, sign: str = "+") -> str:
    return f"{of.value:{sign}.4f} [{of.low:{sign}.4f}, {of.high:{sign}.4f}] (95 %)"
