"""Queries that are code: told from words, and weighed by themselves."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from colours import Colours, pair

from modelmill.finetune.recipe import Job, get_recipe
from modelmill.predictors import code, hybrid, lexicon, search
from modelmill.predictors.matrix_index import MatrixIndex, candidates
from modelmill.predictors.search import found
from modelmill.records import Example, Split, Unit
from modelmill.settings import CHECKOUT, Settings
from modelmill.tasks.semantic_search import Input, Output

CODE = """name of it
def first(red):
    # where it begins
    a = red
    b = red
    c = blue
    d = red
    return red"""

PROGRAMS = {
    "python": "def read(path):\n    # Read it, if it is there.\n    # Otherwise there is nothing.\n    if not path:\n"
    "        return None",
    "signature": "def _worker(\n    call_queue,\n    result_queue,\n    timeout,\n)",
    "javascript": "export const read = async (path) => {\n  if (!path) return null;\n  const text = await load(path);",
    "java": "public int total() {\n    int sum = 0;\n    for (Coin coin : coins) sum += coin.value();",
    "sql": "SELECT name, sum(value)\nFROM coins\nWHERE owner = 'me'",
    "shell": 'for file in *.txt; do\n  wc -l "$file"\ndone',
    "jsx": '<Card title="Coins">\n  <Sum of={coins} />\n</Card>',
}
WORDS = {
    "a call in a line": "what does json.loads(text) return when text = ''",
    "a mail": "Hello,\nI am looking for the thing that reads a purse.\nIt should be quick:\nthank you",
    "a list": "- read a file\n- count its words\n- sort them by how often they are there",
    "a paragraph": "Return the coins of a purse.\n\nThe purse may be empty (then there are none)",
    "nothing": "  \n ",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_is_told_from_words(name: str) -> None:
    assert code.is_code(PROGRAMS[name])


@pytest.mark.parametrize("name", WORDS)
def test_words_are_told_from_a_program(name: str) -> None:
    assert not code.is_code(WORDS[name])


def test_no_question_that_people_ask_is_taken_for_code() -> None:
    lines = (CHECKOUT / "data/eval/semantic_search/asked.jsonl").read_text(encoding="utf-8").splitlines()
    assert not [line for line in lines if code.is_code(str(json.loads(line)["query"]))]


def test_code_is_torn_in_the_middle_without_its_heading() -> None:
    first, rest = (
        "def first(red):\n    # where it begins\n    a = red",
        "    b = red\n    c = blue\n    d = red\n    return red",
    )
    assert code.halves(pair("q", "first", CODE)) == (first, rest)
    made = code.torn(pair("q", "first", CODE))
    assert made is not None
    assert (made.input["query"], made.target["passage"], made.target["name"]) == (first, rest, "first")
    assert code.torn(pair("q", "short", "name\ndef f():\n    return 1")) is None
    assert code.halves(pair("q", "entry", CODE, "entry")) is None


class Coloured(Colours):
    """Makes indexes too."""

    def index(self, units: list[Unit]) -> MatrixIndex:
        return MatrixIndex(units, self.encode([unit.text for unit in units]))


def named(name: str) -> Example:
    """A function whose halves share a name that vectors do not see: by colours alone all of them are the same."""
    return pair("the red thing", name, "\n".join(["heading", *[f"{name} = red"] * 6]))


def test_code_gets_a_weight_of_its_own_and_words_keep_theirs() -> None:
    asked = [named("alpha"), named("omega")]
    words = lexicon.learn([str(one.target["passage"]) for one in asked])
    fitted = hybrid.fitted_to_code(words, Coloured(), asked, [])
    assert fitted.code_weight is not None
    assert 0 < fitted.code_weight < hybrid.POINT, "two queries"
    assert (fitted.weight, fitted.n, fitted.code_n) == (0.0, 0, 2)
    alpha, omega = code.all_torn(asked)
    query = str(omega.input["query"])
    assert (fitted.weight_for(query), fitted.weight_for("the red thing")) == (fitted.code_weight, 0.0)
    index = Coloured().index(candidates([alpha, omega]))
    for words_or_none, first in ((fitted, "omega"), (words, "alpha"), (None, "alpha")):
        [hits] = found(index, Coloured().encode([query]), words_or_none, [query], 1, {})
        assert [hit.unit.name for hit in hits] == [first]


def test_where_nothing_can_be_torn_code_weighs_as_words_do() -> None:
    words = lexicon.learn(["a red car"])
    assert hybrid.fitted_to_code(words, Coloured(), [pair("red", "car", "a red car")], []) == words
    assert words.weight_for(PROGRAMS["java"]) == words.weight


def test_a_model_from_before_has_one_weight(tmp_path: Path) -> None:
    (tmp_path / lexicon.FILE).write_text('{"weight": 0.01, "mean": 3.0, "unknown": 1.0, "rarity": {}, "n": 5}')
    words = lexicon.load(tmp_path)
    assert words is not None
    assert words.weight_for(PROGRAMS["python"]) == 0.01


def test_how_sure_it_is_of_code_is_told_by_a_confidence_of_its_own() -> None:
    sure, unsure = (search.Confidence(bias, 0.0, 0.0, 1, 1) for bias in (9.0, -9.0))
    predictor = search.SearchPredictor(Coloured(), sure, Output, code_confidence=unsure)  # type: ignore[arg-type]
    index = predictor.index(candidates([pair("red", "car", "a red car")]))
    asked = [Input(query=query) for query in ("red", PROGRAMS["java"])]
    assert [round(answer.confidence, 2) for answer in predictor.predict(asked, index)] == [1.0, 0.0]
    assert replace(predictor, code_confidence=None).predict(asked, index)[1].confidence > 0.99, "made before"


def programs(split: Split) -> list[Example]:
    """Each function has a name of its own in all of its lines."""
    made: list[Example] = []
    for number in range(24):
        name = "".join("abcdefgh"[number // 8**place % 8] for place in range(5))
        lines = [f"{name} = {name}({line})" for line in range(8)]
        target = {"corpus": "c", "path": "a.py", "name": name, "kind": "function", "language": "python",
                  "lines": [1, 9], "passage": "\n".join([name, *lines])}  # fmt: skip
        made.append(Example({"query": f"what is {name}"}, target, split, (name,), f"g{number % 3}"))
    return made


class Silent:
    def step(self, what: str, done: int, total: int, note: str = "") -> None: ...

    def metric(self, name: str, value: float, step: int) -> None: ...


def test_a_training_weighs_words_for_code(tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILL_ENGINE", "torch")
    params = {"pairs": 16, "epochs": 1, "batch": 8, "learning_rate": 1e-3, "frozen_layers": 0}
    settings = Settings(threads=1)  # type: ignore[call-arg]
    examples = programs(Split.TRAIN), programs(Split.VALIDATION)
    job = Job("semantic_search", settings, str(tiny_base), params, 7, *examples, tmp_path, Silent())
    made = get_recipe("contrastive").train(job)
    assert 0 < made["validation_code_mrr"] <= 1
    predictor = search.load(tmp_path, Output)
    assert predictor.words is not None
    assert (predictor.words.code_weight, predictor.words.code_n) == (made["code_words_weight"], 24)
    assert predictor.code_confidence is not None
    assert (predictor.code_confidence.n, predictor.code_confidence.among) == (24, 32), "eight that were not trained on"
