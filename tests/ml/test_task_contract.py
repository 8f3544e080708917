"""What every task in `modelmill/tasks/` must hold; a new file there is held to it by being there."""

from __future__ import annotations

import importlib
import json
import random
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import BaseModel, ValidationError

from modelmill.finetune.recipe import get_recipe
from modelmill.records import Example, Split, Unit
from modelmill.settings import CHECKOUT, PROFILES
from modelmill.task import Task, all_tasks, get_task

pytestmark = pytest.mark.usefixtures("checkout_data")


class Constant:
    """A model that can be checked by hand: it gives the same answer to everything."""

    def __init__(self, answer: BaseModel) -> None:
        self.answer = answer

    def index(self, units: object) -> object:
        return units

    def predict(self, inputs: list[object], index: object = None) -> list[BaseModel]:
        return [self.answer for _ in inputs]


def constant(task: Task) -> Constant:
    """The emptiest answer that the task's Output allows."""
    fields = task.output.model_fields
    values: dict[str, Any] = {
        "results": [], "label": "out_of_scope", "kind": "out_of_scope", "confidence": 0.25, "alternatives": [],
        "industry": None, "use_case": None,
    }  # fmt: skip
    assert fields.keys() <= values.keys(), "teach this test an answer of the new task"
    return Constant(task.output(**{name: values[name] for name in fields}))


def make_examples(task: Task, units: Sequence[Unit], seed: int = 1) -> list[Example]:
    """The task's examples at the profile tiny."""
    wanted = [u for u in units if not task.kinds or u.kind in task.kinds]
    return list(task.examples(wanted, random.Random(seed), "tiny"))


def docstring(task: Task) -> str:
    return importlib.import_module(f"modelmill.tasks.{task.name}").__doc__ or ""


def test_the_sample_request_fits_the_input(task: Task) -> None:
    task.input.model_validate_json(json.dumps(dict(task.sample)))


def test_a_request_with_an_unknown_field_is_refused(task: Task) -> None:
    with pytest.raises(ValidationError):
        task.input.model_validate({**task.sample, "no_such_field": 1})


@pytest.mark.parametrize("text", ["", "   ", "x" * 2001, None, 7, ["a"]])
def test_a_request_with_no_text_or_too_much_is_refused(task: Task, text: object) -> None:
    field = next(name for name, value in task.sample.items() if isinstance(value, str))
    with pytest.raises(ValidationError):
        task.input.model_validate({**task.sample, field: text})


def test_every_answer_has_a_confidence_and_alternatives(task: Task) -> None:
    assert {"confidence", "alternatives"} <= task.output.model_fields.keys()


def test_the_examples_follow_from_units_and_seed_alone(task: Task, units: list[Unit]) -> None:
    shuffled = random.Random(5).sample(units, len(units))
    first, second = make_examples(task, units), make_examples(task, shuffled)
    assert [e.sha256 for e in first] == [e.sha256 for e in second]
    assert first
    assert [e.split for e in first] == [e.split for e in second]


def test_every_example_fits_the_input_is_json_and_names_real_units(task: Task, units: list[Unit]) -> None:
    keys = {unit.key for unit in units}
    for example in make_examples(task, units):
        task.input.model_validate(example.input)
        assert json.loads(json.dumps([example.input, example.target])) == [dict(example.input), dict(example.target)]
        assert set(example.units) <= keys
        assert isinstance(example.split, Split)


def test_examples_say_whether_they_carry_their_split(task: Task, units: list[Unit]) -> None:
    splits = {example.split for example in make_examples(task, units)}
    assert splits >= {Split.VALIDATION, Split.TEST} if task.given_splits else splits <= {Split.TRAIN, Split.POOL}


def test_no_unit_gives_no_training_example(task: Task) -> None:
    assert not [e for e in make_examples(task, []) if e.units]


def test_measure_gives_each_score_one_number_an_example(task: Task, units: list[Unit]) -> None:
    made = make_examples(task, units)
    asked = [e for e in made if e.split is (Split.TEST if task.given_splits else Split.TRAIN)][:20]
    numbers = task.measure(constant(task), asked, [e for e in made if e.split is Split.POOL][:5])
    wanted = {score.name for score in task.scores} | ({task.certain, "confidence"} if task.certain else set())
    assert wanted <= numbers.keys()
    assert all(np.asarray(values).shape == (len(asked),) for values in numbers.values())
    assert np.isfinite(numbers[task.main_score.name]).all()
    if task.certain:
        assert set(np.asarray(numbers[task.certain]).tolist()) <= {0.0, 1.0}


def test_the_main_score_comes_first_and_every_score_has_a_unit(task: Task) -> None:
    assert task.main_score == task.scores[0]
    assert len({score.name for score in task.scores}) == len(task.scores)
    assert all(score.unit for score in task.scores)


def test_the_recipe_is_there_with_parameters_for_every_profile(task: Task) -> None:
    assert set(task.params) == set(PROFILES)
    assert get_recipe(task.recipe).VERSION >= 1
    json.dumps({profile: dict(values) for profile, values in task.params.items()})


def test_the_files_it_reads_are_there(task: Task) -> None:
    assert all((CHECKOUT / "data" / name).is_file() for name in task.files)


def test_the_docstring_names_the_method_by_link_and_the_licence(task: Task) -> None:
    assert re.search(r"https://\S+", docstring(task))
    assert re.search(r"licence", docstring(task), re.IGNORECASE)


def test_the_docstring_shows_one_real_record(task: Task) -> None:
    text = docstring(task)
    record = json.loads(text[text.index('{"input"') :].strip())
    task.input.model_validate(record["input"])
    assert record["target"]


def test_names_agree(task: Task) -> None:
    assert get_task(task.route) is get_task(task.name) is all_tasks()[task.name]
    assert re.fullmatch(r"[a-z][a-z0-9_]*", task.name)
    assert task.question.endswith("?")
    assert task.title
    assert task.baseline_name


def test_a_gate_that_lets_a_worse_model_through_is_no_gate(task: Task) -> None:
    assert task.gate.min_gain >= 0
    assert 0 <= task.gate.max_loss <= 0.05
    assert 0 <= task.gate.max_slice_loss <= 0.2


def test_importing_all_tasks_is_quick_and_loads_nothing_heavy() -> None:
    code = (
        "import sys, time; start = time.process_time(); from modelmill.task import all_tasks; all_tasks();"
        "assert not {'torch', 'numpy', 'sklearn', 'pandas', 'transformers'} & set(sys.modules), 'heavy';"
        "print(time.process_time() - start)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(CHECKOUT))
    assert float(done.stdout) < 1.0  # .25 s on a quiet machine
