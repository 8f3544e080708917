"""From every side's numbers per example to one Report: means, intervals, slices, and what a reader wants beside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from modelmill.evaluate import reliability
from modelmill.evaluate.bootstrap import interval
from modelmill.evaluate.reports import Details
from modelmill.records import Example, Interval
from modelmill.task import Score, Task

if TYPE_CHECKING:
    import numpy as np

Side = Mapping[str, "np.ndarray"]
FAILURES = 20
CONFUSIONS = 20
CUT = 300  # characters of a text shown
# At most so many words, and how that is called.
WORDS = ((4, "1-4"), (8, "5-8"), (14, "9-14"), (24, "15-24"), (1_000_000, "25 or more"))


def scores(task: Task, sides: Mapping[str, Side]) -> dict[str, dict[str, float | None]]:
    """Per score, per side the mean over the examples it applies to; with a confidence also its calibration error."""
    import numpy as np

    found: dict[str, dict[str, float | None]] = {
        score.name: {side: _mean(numbers[score.name]) for side, numbers in sides.items()} for score in task.scores
    }
    if task.certain:
        found["calibration_error"] = {
            side: reliability.expected_calibration_error(numbers["confidence"], np.asarray(numbers[task.certain]))
            for side, numbers in sides.items()
        }
    return found


def difference(task: Task, one: Side, other: Side, seed: int, among: np.ndarray | None = None) -> Interval:
    """Main score of `one` minus that of `other`, paired; turned round where less is better, so that more is better.

    among: (n,) bool, which examples count; all when left out.
    """
    return _difference(task.main_score, one, other, seed, among)


def _difference(score: Score, one: Side, other: Side, seed: int, among: np.ndarray | None = None) -> Interval:
    gained = (one[score.name] - other[score.name]) * (1 if score.higher_is_better else -1)
    return interval(gained if among is None else gained[among], seed)


def gains(
    task: Task, sides: Mapping[str, Side], seed: int, unseen: np.ndarray
) -> dict[str, dict[str, dict[str, float]]]:
    """Per score that may lose only so much, per side that decides: n, and the difference as above, over the examples
    that the score applies to. unseen: (n,) bool, on which a comparison with the champion is fair.
    """
    import numpy as np

    found: dict[str, dict[str, dict[str, float]]] = {}
    own = sides["candidate"]
    fair = {"baseline": np.ones(len(unseen), dtype=bool), "champion": unseen}
    for score in task.scores[1:]:
        if score.may_lose is None:
            continue
        for side in fair.keys() & sides.keys():
            among = fair[side] & np.isfinite(own[score.name] - sides[side][score.name])
            if among.any():
                gain = _difference(score, own, sides[side], seed, among)
                found.setdefault(score.name, {})[side] = {"n": int(among.sum()), **asdict(gain)}
    return found


def slices(task: Task, examples: Sequence[Example], sides: Mapping[str, Side]) -> dict[str, dict[str, float]]:
    """Per slice (the examples' kind): n, and every side's main score."""
    import numpy as np

    kinds = np.array([example.kind for example in examples])
    found: dict[str, dict[str, float]] = {}
    for kind in sorted(set(kinds.tolist())):
        found[kind or "all"] = means(task, sides, kinds == kind)
    return found


def means(task: Task, sides: Mapping[str, Side], among: np.ndarray) -> dict[str, float]:
    """How many examples are `among` (n,) bool, and every side's main score over them."""
    name = task.main_score.name
    return {"n": int(among.sum()), **{side: float(numbers[name][among].mean()) for side, numbers in sides.items()}}


def details(task: Task, examples: Sequence[Example], sides: Mapping[str, Side]) -> Details:
    """Reliability curves by side; the candidate's worst examples, those that it was surest about first; the main score
    by language, corpus and length; which labels it mistakes for which, where it answers labels.
    """
    curves: dict[str, Any] = {}
    if task.certain:
        curves = {
            side: reliability.bins(numbers["confidence"], numbers[task.certain]) for side, numbers in sides.items()
        }
    candidate = sides["candidate"]
    main, sure = candidate[task.main_score.name], candidate.get("confidence")
    sign = 1 if task.main_score.higher_is_better else -1
    wrong = [i for i in range(len(main)) if not is_right(_words(candidate, i))]
    order = sorted(wrong, key=lambda i: (sign * main[i], -sure[i] if sure is not None else 0.0))
    failures = [_failure(examples[i], float(main[i]), _words(candidate, i)) for i in order[:FAILURES]]
    return Details(
        curves, _confusions(examples, main), failures, cuts(task, examples, sides), _mistaken(examples, candidate)
    )


def cuts(task: Task, examples: Sequence[Example], sides: Mapping[str, Side]) -> dict[str, dict[str, dict[str, float]]]:
    """Per trait of the examples, per its value: n, and every side's main score. For the reader: the gate looks at the
    slices alone, so that a trait with many small values does not refuse by chance.
    """
    import numpy as np

    traits = [_traits(example) for example in examples]
    found: dict[str, dict[str, dict[str, float]]] = {}
    for trait in ("language", "corpus", "words"):
        values = np.array([one.get(trait, "") for one in traits])
        order = [said for _, said in WORDS] if trait == "words" else sorted(set(values.tolist()) - {""})
        present = [value for value in order if (values == value).any()]
        if present:
            found[trait] = {value: means(task, sides, values == value) for value in present}
    return found


def _traits(example: Example) -> dict[str, str]:
    """language and corpus of what is looked for, where the target names them; how many words were asked."""
    named = {name: str(example.target[name]) for name in ("language", "corpus") if example.target.get(name)}
    asked = " ".join(value for value in example.input.values() if isinstance(value, str))
    count = len(asked.split())
    return {**named, "words": next(said for limit, said in WORDS if count <= limit)}


def _confusions(examples: Iterable[Example], main: Iterable[float]) -> list[dict[str, Any]]:
    """Groups in which most goes wrong: how many examples, how many with a score of 0."""
    total: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    for example, number in zip(examples, main, strict=True):
        total[example.group] += 1
        wrong[example.group] += int(number == 0)
    return [
        {"group": group, "n": total[group], "wrong": count} for group, count in wrong.most_common(CONFUSIONS) if count
    ]


def _mistaken(examples: Sequence[Example], candidate: Side) -> list[dict[str, Any]]:
    """How often each label was answered for each, right answers too; nothing where the targets are no labels."""
    if "answered" not in candidate or not all("label" in example.target for example in examples):
        return []
    counted = Counter(zip(candidate["right"].tolist(), candidate["answered"].tolist(), strict=True))
    return [{"right": right, "answered": said, "n": count} for (right, said), count in sorted(counted.items())]


def _words(candidate: Side, i: int) -> dict[str, str]:
    return {name: str(candidate[name][i])[:CUT] for name in ("right", "answered") if name in candidate}


def is_right(words: Mapping[str, Any]) -> bool:
    """Whether the answer is told and is the right one."""
    return "answered" in words and words["answered"] == words.get("right")


def _failure(example: Example, score: float, words: Mapping[str, str]) -> dict[str, Any]:
    cut = {name: value[:CUT] if isinstance(value, str) else value for name, value in example.target.items()}
    return {"input": dict(example.input), "target": cut, "kind": example.kind, "score": round(score, 4), **words}


def _mean(values: np.ndarray) -> float | None:
    """None where the score applies to no example: a missing score is not a zero."""
    import numpy as np

    applies = values[~np.isnan(values)]
    return float(applies.mean()) if len(applies) else None
