"""Scores, intervals, calibration and the gate, on cases small enough to be worked out by hand."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from colours import Colours, pair

from modelmill.errors import DataError
from modelmill.evaluate import compare, gate, labels, ranking, reliability, reports
from modelmill.evaluate.bootstrap import interval
from modelmill.predictors import calibration
from modelmill.predictors.bm25 import WordSearch
from modelmill.predictors.matrix_index import MatrixIndex, candidates
from modelmill.predictors.search import UNFITTED, Confidence, SearchPredictor
from modelmill.records import Example, Interval, Report, Split
from modelmill.task import Score, get_task
from modelmill.tasks.intent_classification import Output as Intent
from modelmill.tasks.semantic_search import Input, Output

SEARCH, INTENT = get_task("semantic_search"), get_task("intent_classification")

ASKED = [pair("red", "one", "red red"), pair("green", "two", "red green"), pair("blue", "three", "green")]
POOL = [pair("x", "four", "blue"), pair("y", "five", "blue green")]


def test_ranks_are_counted_among_asked_and_pool() -> None:
    predictor = SearchPredictor(Colours(), UNFITTED, Output)
    numbers = ranking.rank(predictor, [Input(query=str(e.input["query"]), k=100) for e in ASKED], ASKED, POOL)
    # red: one first. green: three (1.0), then two and five (.71 each). blue: three has none: the three without it come
    # after four and five. Alike ones stand in the order of their hashes: five, two; and one, three, two.
    assert numbers["mrr"].tolist() == [1.0, 1 / 3, 1 / 4]
    assert numbers["recall_at_1"].tolist() == [1.0, 0.0, 0.0]
    assert numbers["recall_at_10"].tolist() == [1.0, 1.0, 1.0]


def test_what_is_not_among_the_results_scores_nothing() -> None:
    predictor = SearchPredictor(Colours(), UNFITTED, Output)
    numbers = ranking.rank(predictor, [Input(query="blue", k=2)], ASKED[2:], POOL)
    assert numbers["mrr"].tolist() == [0.0]


def test_the_index_in_memory_filters() -> None:
    units = candidates([*ASKED, replace(POOL[0], target={**POOL[0].target, "kind": "class"})])
    index = MatrixIndex(units, Colours().encode([unit.text for unit in units]))
    found = index.nearest(Colours().encode(["blue"]), 10, {"kind": "class"})
    assert [hit.unit.name for hit in found[0]] == ["four"]
    assert found[0][0].score == pytest.approx(1.0)


def test_word_search_finds_by_rare_words() -> None:
    search = WordSearch(Output)
    index = search.index(candidates([*ASKED, *POOL]))
    found = search.predict([Input(query="red and green", k=2), Input(query="nothing known")], index)
    assert [result.name for result in found[0].results] == ["two", "one"]
    assert len(found[1].results) == 5


def test_a_confidence_grows_with_score_and_lead() -> None:
    sure = Confidence(-6.0, 10.0, 10.0, 1, 1)
    near = candidates(ASKED)
    hits = MatrixIndex(near, Colours().encode([unit.text for unit in near])).nearest(Colours().encode(["red"]), 2, {})
    lead = 1 - math.sqrt(0.5)
    assert sure.of(hits[0]) == pytest.approx(1 / (1 + math.exp(6 - 10 - 10 * lead)), abs=1e-6)
    assert sure.of([]) == 0.0


def said(label: str, confidence: float) -> Intent:
    return Intent(label=label, kind=label.split(":")[0], confidence=confidence, alternatives=[])  # type: ignore[arg-type]


def asked(label: str) -> Example:
    return Example({"text": "t"}, {"label": label}, Split.TEST, group=label)


def test_labels_are_compared_one_by_one() -> None:
    wanted = [asked("use_case:a"), asked("use_case:a"), asked("use_case:a"), asked("out_of_scope")]
    given = [said("use_case:a", 0.9), said("use_case:a", 0.6), said("action:b", 0.5), said("out_of_scope", 0.8)]
    numbers = labels.compare(given, wanted)
    assert numbers["accuracy"].tolist() == [1, 1, 0, 1]
    assert np.nanmean(numbers["in_scope_accuracy"]) == pytest.approx(2 / 3)
    assert np.nanmean(numbers["out_of_scope_recall"]) == 1.0
    assert numbers["balanced_accuracy"].mean() == pytest.approx((2 / 3 + 1) / 2)
    assert numbers["brier"].tolist() == pytest.approx([0.01, 0.16, 0.25, 0.04])


def test_a_score_that_applies_to_no_example_is_missing_and_not_zero() -> None:
    unchanged = {"flips_when_typed": np.zeros(1), "flips_when_worded": np.zeros(1)}
    numbers = labels.compare([said("use_case:a", 0.9)], [asked("use_case:a")]) | unchanged
    found = compare.scores(INTENT, {"candidate": numbers})
    assert found["out_of_scope_recall"]["candidate"] is None
    assert found["industry_accuracy"]["candidate"] is None
    assert found["accuracy"]["candidate"] == 1.0


def test_the_calibration_error_is_the_mean_gap() -> None:
    confidence, right = np.array([0.95, 0.95, 0.55, 0.55]), np.array([1.0, 1.0, 1.0, 0.0])
    assert reliability.expected_calibration_error(confidence, right) == pytest.approx(0.05)
    assert [one["n"] for one in reliability.bins(confidence, right)] == [2, 2]
    assert reliability.bins(np.array([1.0, 0.0]), np.array([1.0, 0.0]))[-1]["right"] == 1.0


def answers(n: int, slip: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Confidences and whether they were right, which is `slip` less likely for those above .5 than they say."""
    rng = np.random.default_rng(seed)
    confidence = rng.uniform(0, 1, n)
    return confidence, (rng.random(n) < np.where(confidence > 0.5, confidence - slip, confidence)).astype(float)


def test_the_calibration_error_by_chance_is_what_true_confidences_get() -> None:
    confidence, _ = answers(439, 0.0, 0)
    rng = np.random.default_rng(1)
    drawn = [
        reliability.expected_calibration_error(confidence, (rng.random(439) < confidence).astype(float))
        for _ in range(300)
    ]
    told = reliability.calibration(reliability.bins(*answers(439, 0.0, 0)), seed=17)
    assert told.n == 439
    assert told.by_chance == pytest.approx(np.mean(drawn), abs=0.003)
    assert told.by_chance_at_most == pytest.approx(np.percentile(drawn, 95), abs=0.006)
    assert told.error < told.by_chance_at_most, "a true confidence is not accused"
    assert reliability.calibration(reliability.bins(*answers(439, 0.3, 0)), 17).error > told.by_chance_at_most
    assert told == reliability.calibration(reliability.bins(*answers(439, 0.0, 0)), seed=17), "seeded"


def test_the_interval_of_a_calibration_error_holds_the_true_one() -> None:
    within = 0
    for seed in range(100):
        told = reliability.calibration(reliability.bins(*answers(439, 0.2, seed)), seed)
        within += told.low <= 0.1 <= told.high  # half of the answers are .2 off
        assert 0 <= told.low <= told.high
    assert within >= 85


def test_a_dozen_right_answers_do_not_make_every_answer_certain() -> None:
    right = np.arange(12) % 3
    logits = np.eye(3)[right] * 8.0
    sure = [
        calibration.probabilities(logits, 2, calibration.fit(np.tile(logits, (n, 1)), np.tile(right, n), 2)).max()
        for n in (1, 100)
    ]
    assert 0.85 < sure[0] < 0.96 < sure[1] < 1


def test_a_fitted_calibration_undoes_overconfidence_and_finds_the_threshold() -> None:
    rng = np.random.default_rng(0)
    right = rng.integers(0, 3, 3000)
    logits = rng.normal(size=(3000, 3))
    logits[np.arange(3000), right] += 1.5
    fitted = calibration.fit(logits * 4, right, out_of_scope=2)
    chances = calibration.probabilities(logits * 4, 2, fitted)
    assert fitted.temperature > 2
    assert chances.sum(axis=1) == pytest.approx(np.ones(3000))
    sure = (chances.max(axis=1), (chances.argmax(axis=1) == right).astype(float))
    assert reliability.expected_calibration_error(*sure) < 0.03


def test_the_threshold_makes_unsure_answers_out_of_scope() -> None:
    logits = np.array([[2.0, 0.0, -9.0], [9.0, 0.0, -9.0]])
    strict = calibration.Calibration(temperature=1.0, threshold=5.0, n=1)
    assert calibration.probabilities(logits, 2, strict).argmax(axis=1).tolist() == [2, 0]


def test_how_many_validation_queries_are_out_of_scope_changes_nothing() -> None:
    rng = np.random.default_rng(0)
    right = rng.integers(0, 3, 2000)
    logits = rng.normal(size=(2000, 3))
    logits[np.arange(2000), right] += 2.0
    logits[:, 2] -= 3.0  # hardly ever answered out of scope by itself
    few = np.r_[np.flatnonzero(right != 2), np.flatnonzero(right == 2)[:40]]
    whole, thinned = (calibration.fit(logits[of], right[of], 2, 0.3) for of in (slice(None), few))
    assert thinned.threshold == pytest.approx(whole.threshold, abs=0.5)
    asis = calibration.fit(logits[few], right[few], 2, None)
    assert asis.threshold < thinned.threshold - 0.5, "3 in 100 out of scope ask for a lower one"
    assert calibration.fit(logits[few], right[few], 2, (right[few] == 2).mean()) == asis


def test_validation_without_a_query_out_of_scope_still_calibrates() -> None:
    logits, right = np.eye(3)[[0, 1, 0, 1]] * 3, np.array([0, 1, 0, 1])
    assert calibration.fit(logits, right, 2) == calibration.fit(logits, right, 2, None)


def test_an_interval_is_what_theory_says() -> None:
    values = np.random.default_rng(1).normal(size=1000)
    found = interval(values, seed=17)
    assert found == interval(values, seed=17)
    assert found.value == pytest.approx(values.mean())
    assert found.high - found.low == pytest.approx(2 * 1.96 * values.std() / math.sqrt(1000), rel=0.08)


def test_a_constant_difference_has_no_width() -> None:
    assert interval(np.full(40, 0.25), seed=1) == Interval(0.25, 0.25, 0.25)


@pytest.mark.parametrize("values", [[], [1.0, math.nan], [math.inf]])
def test_no_number_gets_no_interval(values: list[float]) -> None:
    with pytest.raises(DataError, match="interval"):
        interval(np.array(values), seed=1)


GOOD = gate.Measured(
    value=Interval(0.7, 0.65, 0.75),
    delta_baseline=Interval(0.08, 0.05, 0.11),
    delta_champion=Interval(0.01, -0.01, 0.03),
    slices={"function": {"n": 100, "candidate": 0.7, "baseline": 0.6}},
    latency_ms=30.0,
    size_bytes=90_000_000,
)
LOST = {"n": 400, "value": -0.2, "low": -0.25, "high": -0.031}
BAD = {
    "no better than the baseline": {"delta_baseline": Interval(0.01, -0.01, 0.03)},
    "equal to the baseline": {"delta_baseline": Interval(0.0, 0.0, 0.0)},
    "worse than the champion": {"delta_champion": Interval(-0.03, -0.05, -0.01)},
    "a slice broken": {"slices": {"class": {"n": 100, "candidate": 0.3, "baseline": 0.6}}},
    "slow": {"latency_ms": 501.0},
    "huge": {"size_bytes": 500_000_001},
    "another score lost for certain": {"gains": {"code_mrr": {"champion": {**LOST, "n": 30}}}},
    "another score that is no number": {"gains": {"code_mrr": {"baseline": {**LOST, "high": math.nan}}}},
    "a confidence that is broken": {"calibration_loss": 0.21},
    "not a number": {"delta_baseline": Interval(math.nan, math.nan, math.nan)},
}


def test_a_better_model_passes_and_is_told_why() -> None:
    decision = gate.decide(SEARCH, GOOD)
    assert decision.passed
    assert len(decision.reasons) == 5


@pytest.mark.parametrize("flaw", BAD)
def test_a_flawed_model_is_refused_with_its_reason(flaw: str) -> None:
    decision = gate.decide(SEARCH, replace(GOOD, **BAD[flaw]))
    assert not decision.passed
    assert decision.reasons


def test_all_reasons_are_told_at_once() -> None:
    decision = gate.decide(SEARCH, replace(GOOD, **BAD["slow"], **BAD["huge"], **BAD["equal to the baseline"]))
    assert len(decision.reasons) == 3


def test_the_first_release_needs_no_champion_and_a_small_slice_decides_nothing() -> None:
    few = {"class": {"n": 29, "candidate": 0.0, "baseline": 1.0}}
    assert gate.decide(SEARCH, replace(GOOD, delta_champion=None, slices=few)).passed


def test_another_score_may_be_traded_and_over_few_examples_it_decides_nothing() -> None:
    for name, changed in (("code_mrr", {"high": -0.03}), ("code_mrr", {"n": 29}), ("dense_mrr", {})):
        assert gate.decide(SEARCH, replace(GOOD, gains={name: {"baseline": {**LOST, **changed}}})).passed
    told = gate.decide(SEARCH, replace(GOOD, gains={"code_mrr": {"baseline": {**LOST, "high": 0.1}}})).reasons
    assert any("code_mrr over baseline" in reason for reason in told)


def test_gains_of_other_scores_are_paired_turned_round_and_over_what_they_apply_to() -> None:
    task = replace(
        SEARCH, scores=(
            SEARCH.main_score, Score("dense_mrr", "", may_lose=0.1),
            Score("brier", "", higher_is_better=False, may_lose=0.1), Score("free", ""),
        ),
    )  # fmt: skip
    dense, brier = [0.5, math.nan, 0.5, 0.5], [0.5, 0.5, 0.5, 0.5]
    sides = {
        "candidate": {"dense_mrr": np.array(dense), "brier": np.array(brier)},
        "baseline": {"dense_mrr": np.array(dense) - 0.25, "brier": np.array(brier) - 0.25},
        "champion": {"dense_mrr": np.array([math.nan] * 4), "brier": np.array(brier)},
        "bm25": {},
    }
    found = compare.gains(task, sides, 1, unseen=np.array([True, False, False, True]))
    same = {"value": 0.25, "low": 0.25, "high": 0.25}
    assert found == {
        "dense_mrr": {"baseline": {"n": 3, **same}},
        "brier": {
            "baseline": {"n": 4, "value": -0.25, "low": -0.25, "high": -0.25},
            "champion": {"n": 2, "value": 0.0, "low": 0.0, "high": 0.0},
        },
    }


def test_where_less_is_better_the_difference_is_turned_round() -> None:
    task = replace(SEARCH, scores=(replace(SEARCH.main_score, higher_is_better=False), *SEARCH.scores[1:]))
    less, more = {"mrr": np.array([0.1, 0.1])}, {"mrr": np.array([0.3, 0.3])}
    assert compare.difference(task, less, more, seed=1).value == pytest.approx(0.2)
    lost = {"function": {"n": 50, "candidate": 0.6, "baseline": 0.3}}
    assert not gate.decide(task, replace(GOOD, slices=lost)).passed


def test_slices_and_failures_are_the_examples_own() -> None:
    examples = [pair("a", "one", "t", "function"), pair("b", "two", "t", "class")]
    names = ("mrr", "recall_at_1", "confidence")
    candidate, baseline = ([1.0, 0.0], [1.0, 0.0], [0.9, 0.8]), ([0.5, 0.5], [0.0, 0.0], [0.1, 0.1])
    sides = {
        side: dict(zip(names, map(np.array, numbers), strict=True))
        for side, numbers in (("candidate", candidate), ("baseline", baseline))
    }
    assert compare.slices(SEARCH, examples, sides)["class"] == {"n": 1, "candidate": 0.0, "baseline": 0.5}
    beside = compare.details(SEARCH, examples, sides)
    assert beside.failures[0]["input"] == {"query": "b"}
    assert beside.confusions == [{"group": "g", "n": 2, "wrong": 1}]


def test_a_report_survives_json() -> None:
    made = Report(
        id=3, task="t", candidate_sha256="a", dataset_sha256="b", main_score="mrr", unit="u",
        value=Interval(0.7, 0.6, 0.8), baseline=0.6, champion=None, delta_baseline=Interval(0.1, 0.0, 0.2),
        delta_champion=None, n=5, seed=17, scores={"mrr": {"candidate": 0.7, "champion": None}}, slices={},
        latency_ms=3.0, size_bytes=9, passed=True, reasons=("well",),
    )  # fmt: skip
    assert reports.from_json(json.loads(json.dumps(reports.to_json(made)))) == made
