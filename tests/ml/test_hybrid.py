"""Vectors and words together, on cases small enough to be worked out by hand; and what a search is measured by."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from colours import Colours, pair
from hypothesis import given
from hypothesis import strategies as st

from modelmill.embed.texts import words
from modelmill.evaluate import searching
from modelmill.predictors import hybrid, lexicon
from modelmill.predictors.bm25 import WordSearch
from modelmill.predictors.matrix_index import MatrixIndex, candidates
from modelmill.predictors.search import UNFITTED, SearchPredictor
from modelmill.records import Example
from modelmill.tasks.semantic_search import Input, Output

# By colours alone the first two are the same thing.
CARS = [pair("red car", "car", "a red car"), pair("red van", "van", "a red van"), pair("blue", "sky", "blue sky")]


def index(examples: Sequence[Example]) -> MatrixIndex:
    units = candidates(examples)
    return MatrixIndex(units, Colours().encode([unit.text for unit in units]))


def test_words_are_worth_what_bm25_says() -> None:
    learned = lexicon.learn([str(one.target["passage"]) for one in CARS])
    units = candidates(CARS)
    search = WordSearch(Output)
    found = {hit.unit.name: hit.score for hit in search.index(units).search("red vans and a van", 3)}
    points = learned.points("red vans and a van", units, lambda unit: unit.text)
    assert dict(zip([unit.name for unit in units], points, strict=True)) == pytest.approx(found, abs=1e-3)


@given(st.text(st.sampled_from("aAbBzZ019_. -éİ\u212a\n"), max_size=40))
def test_terms_are_the_words_of_a_passage(text: str) -> None:
    assert lexicon.terms(text) == words(text).lower().split()


def test_words_put_right_what_vectors_cannot_tell() -> None:
    words = hybrid.fitted(Colours(), index(CARS), CARS, CARS)
    assert 0 < words.weight < hybrid.POINT, "three queries"
    assert words.n == 3
    predictor = SearchPredictor(Colours(), UNFITTED, Output, words)  # type: ignore[arg-type]
    answers = predictor.predict([Input(query=str(one.input["query"]), k=1) for one in CARS], index(CARS))
    assert [answer.results[0].name for answer in answers] == ["car", "van", "sky"]
    assert [len(answer.results) for answer in answers] == [1, 1, 1], "a hundred are looked at, one was asked for"
    alone = predictor.by_vectors().predict([Input(query="red van", k=1)], index(CARS))
    assert alone[0].results[0].name == "car"


def test_words_that_lead_astray_weigh_nothing() -> None:
    misleading = [
        pair("red van", "car", "a red car"),
        pair("blue sky", "sea", "blue sea"),
        pair("x", "van", "green van sky"),
    ]
    words = hybrid.fitted(Colours(), index(misleading), misleading[:2], misleading)
    assert words.weight == 0.0
    hits = index(misleading).nearest(Colours().encode(["red van"]), 3, {})[0]
    assert words.reorder("red van", hits, lambda unit: unit.text, 10) == hits


@pytest.mark.parametrize("weight", [0.0, 0.005, 0.02])
def test_the_weight_is_the_one_that_the_right_ones_were_drawn_by(weight: float) -> None:
    drawn = drawn_by(weight, queries=3000)
    assert hybrid.likeliest(*drawn) == pytest.approx(weight, abs=0.0015)
    fewer = (one[:, :40].copy() for one in drawn)
    cosine, points, right = fewer
    cosine[:, 20:] = -np.inf
    kept = right[:, :20].any(axis=1)
    right[:, 20:] = False
    assert hybrid.likeliest(cosine[kept], points[kept], right[kept]) == pytest.approx(weight, abs=0.003), "of fewer"


def test_few_queries_leave_words_at_little() -> None:
    one, many = ([np.repeat(part[:1], n, axis=0) for part in lucky()] for n in (1, 200))
    assert 0 < 2 * hybrid.likeliest(*one) < hybrid.likeliest(*many)


def test_where_cosines_tell_nothing_words_order() -> None:
    cosine, points, right = drawn_by(0.01, queries=200)
    assert 0 < hybrid.likeliest(np.zeros_like(cosine), points, right) < np.inf


def drawn_by(weight: float, queries: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cosines and points of fifty passages a query; the right one drawn by what both make likely."""
    rng = np.random.default_rng(3)
    cosine, points = rng.normal(0.3, 0.1, (queries, 50)), rng.gamma(1.0, 4.0, (queries, 50))
    noisy = hybrid.SCALE * (cosine + weight * points) + rng.gumbel(size=cosine.shape)
    return cosine, points, noisy.argmax(axis=1)[:, None] == np.arange(50)


def lucky() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A query whose right passage has its words, though it is not the nearest."""
    return np.array([[0.5, 0.45, 0.4]]), np.array([[0.0, 9.0, 0.0]]), np.array([[False, True, False]])


def test_without_validation_words_weigh_nothing() -> None:
    assert hybrid.fitted(Colours(), index(CARS), [], CARS).weight == 0.0


def test_a_lexicon_comes_back_as_it_was_and_a_model_without_has_none(tmp_path: Path) -> None:
    assert lexicon.load(tmp_path) is None
    words = replace(lexicon.learn(["parseHeader of a mail", "größe"]), weight=0.01, n=7)
    lexicon.save(words, tmp_path)
    assert lexicon.load(tmp_path) == words
    assert words.rarity["heade"] == words.rarity["mail"]
    assert words.unknown > words.rarity["mail"]


def test_words_are_cut_and_what_is_usual_in_questions_is_not_rare() -> None:
    words = lexicon.learn(
        ["def connect(header)", "def show(the)"], ["connected to the header", "the end", "show the end"]
    )
    assert words.rarity["conne"] == words.rarity["show"] < words.unknown
    assert words.rarity["the"] < words.rarity["def"], "four of five texts, and two"
    [unit] = candidates([pair("", "connect", "def connection(header)")])
    [points] = words.points("connected", [unit], lambda unit: unit.text)
    assert points == words.points("connect", [unit], lambda unit: unit.text)[0] > 0


def test_a_model_from_before_reads_whole_words(tmp_path: Path) -> None:
    rarity = '{"weight": 0.01, "mean": 3.0, "unknown": 1.0, "rarity": {"headers": 2.0}, "n": 5}'
    (tmp_path / lexicon.FILE).write_text(rarity)
    words = lexicon.load(tmp_path)
    assert words is not None
    units = candidates([pair("", "one", "a header"), pair("", "many", "headers")])
    one, many = words.points("headers", units, lambda unit: unit.text)
    assert (one, many > 0) == (0.0, True)


def test_what_is_known_is_forgotten_when_it_is_not_there_any_more() -> None:
    words = replace(lexicon.learn([]), weight=0.01)
    words.know(candidates(CARS), lambda unit: unit.text)
    assert {name for _, _, name, _ in words.kept} == {"car", "van", "sky"}
    words.know(candidates(CARS[:1]), lambda unit: unit.text)
    assert {name for _, _, name, _ in words.kept} == {"car"}


def test_what_was_said_of_nothing_is_no_division_by_nothing() -> None:
    words = replace(lexicon.learn([]), weight=0.01)
    [hit] = index(CARS[:1]).nearest(Colours().encode(["red"]), 1, {})[0]
    assert words.reorder("red", [hit], lambda unit: unit.text, 1)[0].score >= hit.score
    assert words.reorder("red", [], lambda unit: unit.text, 1) == []


CODE = "name of it\ndef first(red):\n    a = red\n    b = red\n    c = blue\n    d = red\n    return red"


def test_each_score_counts_where_it_applies() -> None:
    asked = [pair("red", "first", CODE), pair("green", "second", CODE.replace("red", "green")), CARS[2]]
    asked.append(pair("blue thing", "thing", "blue", "entry"))
    pool = [pair("x", "other", "green", "entry"), pair("y", "silent", "blue")]
    words = replace(lexicon.learn([CODE]), weight=0.01)
    found = searching.scores(SearchPredictor(Colours(), UNFITTED, Output, words), Input, asked, pool)  # type: ignore[arg-type]
    assert found["entry_mrr"].tolist()[-1] == 1.0, "two entries, and only they are looked through"
    assert [math.isnan(one) for one in found["entry_mrr"]] == [True, True, True, False]
    assert [math.isnan(one) for one in found["code_mrr"]] == [False, False, True, True]
    assert found["code_mrr"].tolist()[:2] == [1.0, 1.0]
    assert np.isfinite(found["mrr"]).all()
    assert np.isfinite(found["dense_mrr"]).all()
    by_words = searching.scores(WordSearch(Output), Input, asked, pool)
    assert np.isnan(by_words["dense_mrr"]).all()


def test_a_query_is_looked_for_among_a_thousand() -> None:
    pool = [pair("x", f"n{number}", "blue") for number in range(1200)]
    found = searching.scores(Counting(), Input, CARS, pool)
    assert np.isfinite(found["mrr"]).all()
    assert Counting.sizes[0] == searching.AMONG


class Counting(WordSearch):
    """Word search that notes how large its indexes are."""

    sizes: list[int] = []  # noqa: RUF012

    def __init__(self) -> None:
        super().__init__(Output)

    def index(self, units: Sequence[object]) -> object:  # type: ignore[override]
        self.sizes.append(len(units))
        return super().index(units)  # type: ignore[arg-type]
