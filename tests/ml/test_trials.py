"""A search for parameters: by the recipe's score on validation, from the task's own on, never twice."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from modelmill.errors import DataError
from modelmill.finetune.recipe import get_recipe
from modelmill.finetune.trials import Choice, Chosen, Ranges, Span, search
from modelmill.settings import PROFILES
from modelmill.task import Task, all_tasks

RANGES: Ranges = {"rate": Span(1e-4, 1e-1, log=True), "layers": Span(0, 4), "how": Choice(("a", "b", "c"))}
OWN = {"rate": 1e-3, "layers": 0, "how": "a", "epochs": 3}


class KilledError(Exception):
    """The process is killed."""


class Hill:
    """Highest at rate .02, layers 3, how b. Counts what it was asked; ends after `most` answers."""

    def __init__(self, most: int = 1000) -> None:
        self.most = most
        self.asked: list[Mapping[str, Any]] = []

    def __call__(self, place: int, params: Mapping[str, Any]) -> float:
        if len(self.asked) == self.most:
            raise KilledError
        self.asked.append(params)
        return -abs(math.log10(params["rate"] / 0.02)) - abs(params["layers"] - 3) - (params["how"] != "b")


def test_what_is_chosen_is_the_best_asked_and_better_than_the_own(tmp_path: Path) -> None:
    hill = Hill()
    chosen = search(OWN, RANGES, 30, 17, tmp_path, hill)
    assert hill.asked[0] == OWN
    assert chosen.own == Hill()(0, OWN) < chosen.score == max(Hill()(0, params) for params in hill.asked)
    assert chosen.score == Hill()(0, chosen.params)
    assert all(RANGES[name].holds(params[name]) for params in hill.asked for name in RANGES)
    assert {params["epochs"] for params in hill.asked} == {3}, "what has no range stays"


def test_one_trial_is_the_own_and_the_same_seed_tries_the_same(tmp_path: Path) -> None:
    assert search(OWN, RANGES, 1, 17, tmp_path / "one", Hill()) == Chosen(OWN, Hill()(0, OWN), Hill()(0, OWN))
    tried = [Hill() for _ in range(3)]
    for number, (hill, seed) in enumerate(zip(tried, (17, 17, 18), strict=True)):
        search(OWN, RANGES, 12, seed, tmp_path / f"{number}", hill)
    assert tried[0].asked == tried[1].asked != tried[2].asked


def test_a_search_that_was_killed_goes_on_and_ends_like_one_that_was_not(tmp_path: Path) -> None:
    whole = Hill()
    undisturbed = search(OWN, RANGES, 15, 17, tmp_path / "whole", whole)
    first, rest = Hill(most=6), Hill()
    with pytest.raises(KilledError):
        search(OWN, RANGES, 15, 17, tmp_path / "killed", first)
    assert search(OWN, RANGES, 15, 17, tmp_path / "killed", rest) == undisturbed
    assert first.asked + rest.asked == whole.asked


def test_a_trial_that_goes_astray_is_no_choice_unless_it_is_the_own(tmp_path: Path) -> None:
    def astray(place: int, params: Mapping[str, Any]) -> float:
        if params["how"] == "b" or params["epochs"] == 0:
            raise DataError("the loss is no number", allowed="-", found="nan", next="-")
        return Hill()(place, params)

    assert search(OWN, RANGES, 20, 17, tmp_path / "some", astray).params["how"] != "b"
    with pytest.raises(DataError):
        search({**OWN, "epochs": 0}, RANGES, 5, 17, tmp_path / "own", astray)


def test_only_what_the_task_names_is_tried(tmp_path: Path) -> None:
    hill = Hill()
    search(
        {"rate": 1e-3, "layers": 1, "how": "b"},
        {"rate": RANGES["rate"], "typos": Span(0.0, 0.3)},
        8,
        17,
        tmp_path,
        hill,
    )
    assert {(params["layers"], params["how"], "typos" in params) for params in hill.asked} == {(1, "b", False)}
    assert len({params["rate"] for params in hill.asked}) == 8


@pytest.mark.parametrize("task", all_tasks().values(), ids=lambda task: task.name)
def test_the_parameters_of_every_task_lie_in_the_ranges_of_its_recipe(task: Task) -> None:
    ranges = get_recipe(task.recipe).RANGES
    for profile in PROFILES:
        named = {name: one for name, one in ranges.items() if name in task.params[profile]}
        assert named, "a search would have nothing to try"
        assert all(one.holds(task.params[profile][name]) for name, one in named.items())
