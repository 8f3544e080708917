"""A candidate's report as one HTML file that needs nothing else: what a person reads before they trust a model.

Data, licences, curves, scores with intervals beside baseline and champion, slices, mistakes, certainty, the worst
answers with their texts, latency, size and hashes. No script, no address that leaves the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import starmap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine

from modelmill import drawing, tracking
from modelmill.evaluate import compare, reliability
from modelmill.evaluate.reliability import Calibration
from modelmill.records import Candidate, Dataset, Interval, Report
from modelmill.settings import Settings
from modelmill.store import artifacts, candidates, datasets
from modelmill.task import Task

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes

NAME = "report.html"
SIDES = ("candidate", "baseline", "champion")
GAP = "mean gap between confidence and share that is right"  # what the calibration error is
REMOVED = {  # in a manifest's word, and in a reader's
    "copies": "copies of texts in other splits",
    "leaks": "leaks: near a text of a split that is kept more strictly",
    "beyond": "beyond the most that are tested",
}
NEWER: Mapping[str, Any] = {"cuts": {}, "mistaken": ()}  # what older reports' details lack
MISTAKES = 15  # rows
LABELS = 20  # of the confusion's picture


def write(settings: Settings, db: Engine, task: Task, report: Report) -> Path:
    """The report's page, as `<home>/reports/<task>-<candidate>.html`; written whole or not at all."""
    path = place(settings, report)
    path.parent.mkdir(parents=True, exist_ok=True)
    temp = path.with_suffix(".tmp")
    temp.write_text(html(settings, db, task, report), encoding="utf-8")
    return temp.replace(path)


def place(settings: Settings, report: Report) -> Path:
    """Where `write` puts it."""
    return settings.home_dir / "reports" / f"{report.task}-{report.candidate_sha256[:12]}.html"


def html(settings: Settings, db: Engine, task: Task, report: Report) -> str:
    """The page. Raises DataError when the report or the candidate's artifact is not there any more."""
    from jinja2 import Environment, StrictUndefined

    from modelmill.evaluate import reports

    candidate = candidates.get(settings, db, report.candidate_sha256)
    dataset = datasets.get(db, report.dataset_sha256)
    details: dict[str, Any] = {**NEWER, **reports.details(db, report.id)}
    sides = [side for side in _sides(report) if any(values.get(side) is not None for values in report.scores.values())]
    house = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    house.filters["number"] = drawing.number
    template = house.from_string((Path(__file__).parent / NAME).read_text(encoding="utf-8"))
    return template.render(
        task=task, report=report, candidate=candidate, dataset=dataset, details=details, sides=sides,
        scores=_scores(task, report, sides), calibrations=_calibrations(report, details),
        slices=_rows(report.slices, sorted(report.slices), sides),
        cuts={trait: _rows(values, _order(values), sides) for trait, values in details["cuts"].items()},
        engines={side: report.engines[side] for side in sides if side in report.engines},
        mistaken=_mistaken(details["mistaken"]), failures=_failures(details["failures"]),
        sources=_sources(dataset), removed=_removed(dataset),
        files=artifacts.read_manifest(candidate.path)["files"],
        pictures=pictures(task, report, details, _curves(settings, candidate)),
        mlflow=tracking.page(settings, candidate.mlflow_run_id) if candidate.mlflow_run_id else "",
    )  # fmt: skip


def pictures(
    task: Task, report: Report, details: Mapping[str, Any], curves: Mapping[str, list[tuple[int, float]]]
) -> dict[str, dict[str, str]]:
    """By name: the address that holds the picture, and the same in words. What there are no numbers for is left out."""
    against = {f"over {task.baseline_name}": report.delta_baseline}
    if report.delta_champion:
        against["over the champion"] = report.delta_champion
    said = "; ".join(f"{name} {_interval(one)}" for name, one in against.items())
    drawn = {"gains": (drawing.gains(f"gain in {report.main_score}, 95 % intervals", against, report.unit), said)}
    if curves:
        drawn["curves"] = (drawing.curves("training", curves), f"curves of {', '.join(curves)}")
    if details["curves"]:
        shown = {side: details["curves"][side] for side in SIDES if side in details["curves"]}
        told = "; ".join(starmap(_told, _calibrations(report, details).items()))
        drawn["reliability"] = (drawing.reliability("is it as often right as it says?", shown), told)
    names, cells = mistaken_most(details["mistaken"])
    if names:  # a model without a mistake has nothing to show
        drawn["confusion"] = (drawing.confusion("labels that are mistaken most", names, cells), ", ".join(names))
    if "words" in details["cuts"]:
        values = details["cuts"]["words"]
        counts = {words: int(values[words]["n"]) for words in _order(values)}
        lengths = ", ".join(f"{words} words: {n}" for words, n in counts.items())
        drawn["words"] = (drawing.histogram("test examples by length", counts, "words asked"), lengths)
    return {name: {"address": _address(name, draw), "said": words} for name, (draw, words) in drawn.items()}


def mistaken_most(pairs: list[Mapping[str, Any]]) -> tuple[list[str], list[list[int]]]:
    """The labels with the most mistakes, and how often each was answered (columns) for each that was right (rows)."""
    from collections import Counter

    wrong: Counter[str] = Counter()
    for one in pairs:
        if one["right"] != one["answered"]:
            wrong.update({one["right"]: one["n"], one["answered"]: one["n"]})
    names = [name for name, _ in sorted(wrong.items(), key=lambda item: (-item[1], item[0]))[:LABELS]]
    times = {(one["right"], one["answered"]): int(one["n"]) for one in pairs}
    return names, [[times.get((right, said), 0) for said in names] for right in names]


def _address(name: str, draw: Callable[[Axes], None]) -> str:
    size = (7.0, 6.0) if name == "confusion" else drawing.SIZE
    return drawing.data_uri(drawing.png(draw, size, dpi=2 * drawing.DPI))


def _sides(report: Report) -> list[str]:
    """Candidate, baseline and champion first, then what else was measured beside."""
    others = sorted({side for values in report.scores.values() for side in values} - set(SIDES))
    return [*SIDES, *others]


def _scores(task: Task, report: Report, sides: list[str]) -> list[list[Any]]:
    """In the task's order, the main score first: the database keeps the names of an object in an order of its own."""
    units = {score.name: score.unit for score in task.scores}
    ours = [name for name in units if name in report.scores]
    names = [*ours, *sorted(set(report.scores) - set(ours))]
    return [[name, units.get(name, GAP), *map(report.scores[name].get, sides)] for name in names]


def _order(values: Mapping[str, Any]) -> list[str]:
    """Numbers of words as they grow, other traits by name."""
    return [said for _, said in compare.WORDS if said in values] or sorted(values)


def _rows(values: Mapping[str, Mapping[str, float]], names: list[str], sides: list[str]) -> list[list[Any]]:
    return [[name, int(values[name]["n"]), *(values[name].get(side) for side in sides)] for name in names]


def _mistaken(pairs: list[Mapping[str, Any]]) -> list[list[Any]]:
    wrong = [one for one in pairs if one["right"] != one["answered"]]
    return [[one["right"], one["answered"], one["n"]] for one in sorted(wrong, key=lambda one: -one["n"])[:MISTAKES]]


def _failures(worst: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Without the right answers that stood among the worst of a small test set in reports of before."""
    return [one for one in worst if not compare.is_right(one)]


def _sources(dataset: Dataset) -> list[list[Any]]:
    names = ("corpus", "revision", "licence", "units")
    return [[source.get(name) for name in names] for source in dataset.manifest.get("sources", [])]


def _removed(dataset: Dataset) -> list[list[Any]]:
    by_reason: Mapping[str, Mapping[str, int]] = dataset.manifest.get("removed", {})
    return [
        [REMOVED.get(reason, reason), split, count]
        for reason, counts in by_reason.items()
        for split, count in counts.items()
        if count
    ]


def _curves(settings: Settings, candidate: Candidate) -> Mapping[str, list[tuple[int, float]]]:
    return tracking.curves(settings, candidate.mlflow_run_id) if candidate.mlflow_run_id else {}


def _calibrations(report: Report, details: Mapping[str, Any]) -> dict[str, Calibration]:
    """By side, where it has a confidence. From the curves on record, so of reports of before too."""
    curves = details["curves"]
    return {side: reliability.calibration(curves[side], report.seed) for side in SIDES if curves.get(side)}


def _told(side: str, of: Calibration) -> str:
    interval = f"{of.error:.3f} [{of.low:.3f}, {of.high:.3f}]"
    return f"calibration error of the {side} {interval}, by chance alone {of.by_chance:.3f} (n {of.n})"


def _interval(of: Interval) -> str:
    return f"{of.value:+.4f} [{of.low:+.4f}, {of.high:+.4f}]"
