"""Pairs for search: the query's words are not in the passage, and one query has one answer."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from modelmill.datasets.pairs import DISTRACTORS, pairs, query_of, without_docstring
from modelmill.normalize.language import all_languages
from modelmill.records import Dropped, Split, Unit

CODE = '''def dedent(text):
    """Remove common leading whitespace.

    >>> dedent("  a")
    """
    lines = text.split("\\n")
    return "\\n".join(line.strip() for line in lines)
'''


def function(name: str = "dedent", text: str = CODE, docstring: str = "Remove common leading whitespace.") -> Unit:
    return Unit("demo", f"{name}.py", name, "function", "python", text, "demo", f"def {name}(text):", docstring)


def test_the_docstring_is_cut_out_of_the_code() -> None:
    bare = without_docstring(function())
    assert bare is not None
    assert "whitespace" not in bare.text
    assert bare.text.splitlines()[0] == "def dedent(text):"
    assert 'lines = text.split("\\n")' in bare.text
    assert bare.docstring == ""


def test_a_method_is_cut_too_although_it_is_indented() -> None:
    indented = "\n".join("    " + line for line in CODE.splitlines())
    bare = without_docstring(function(text=indented))
    assert bare is not None
    assert "whitespace" not in bare.text


def test_a_summary_that_is_no_program_loses_the_docstrings_lines() -> None:
    summary = (
        'class Reader:\n    """\n    Reads rows of a table.\n    """\n    def next(self): ...\n    not python at all'
    )
    bare = without_docstring(function("Reader", summary, "Reads rows of a table."))
    assert bare is not None
    assert "rows of a table" not in bare.text
    assert "def next(self)" in bare.text


ABOVE = {
    "javascript": """/**
 * Adds the prices of a basket.
 * @param {Basket} basket
 */
function total(basket) {
  let sum = 0;
  for (const item of basket) { sum += item.price; }
  return sum;
}
""",
    "typescript": """// Adds the prices of a basket.
export function total(basket: Item[]): number {
  let sum = 0;
  for (const item of basket) { sum += item.price; }
  return sum;
}
""",
    "go": """package shop

// Total adds the prices of a basket.
// It is never negative.
func Total(basket []Item) int {
	sum := 0
	for _, item := range basket {
		sum += item.Price
	}
	return sum
}
""",
    "java": """class A {
    /** Adds the prices of a basket. */
    int total(List<Item> basket) {
        int sum = 0;
        for (Item item : basket) { sum += item.price; }
        return sum;
    }
}
""",
    "bash": """# Adds the prices of a basket.
total() {
  local sum=0
  for price in "$@"; do sum=$((sum + price)); done
  echo "$sum"
}
""",
}


@pytest.mark.parametrize("language", ABOVE)
def test_a_comment_above_a_function_is_asked_for_and_cut_out_in_every_language(language: str) -> None:
    path = f"shop{all_languages()[language].suffixes[0]}"
    found = all_languages()[language].units(path, ABOVE[language])
    drafts = [one for one in found if not isinstance(one, Dropped)]
    draft = next(one for one in drafts if one.name.split(".")[-1].lower() == "total")
    unit = Unit("demo", path, draft.name, draft.kind, language, draft.text, "demo", draft.signature, draft.docstring,
                meta=draft.meta)  # fmt: skip
    (pair,) = pairs([unit], random.Random(17), "tiny")
    assert "prices of a basket" in pair.input["query"]
    assert "prices of a basket" not in pair.target["passage"] and "sum" in pair.target["passage"]
    moved = replace(unit, text="#" + unit.text)
    assert without_docstring(moved) is None or "prices" not in (without_docstring(moved) or unit).text


def test_where_the_words_cannot_be_cut_out_there_is_no_pair() -> None:
    summary = "class Reader: # Reads rows of a table. Quickly!\n    def next(self) not python"
    assert without_docstring(function("Reader", summary, "Reads rows of a table.")) is None


@pytest.mark.parametrize(
    ("docstring", "query"),
    [
        ("Remove whitespace from text.\n\nMore.", "Remove whitespace from text."),
        ("Use :class:`~json.Decoder` and ``loads`` for it.", "Use json.Decoder and loads for it."),
        ("Add two numbers\n    :param a: one", "Add two numbers"),
        ("Two words", ""),
        ("", ""),
        ("Call a function later:\n\n    t = Timer()", "Call a function later"),
    ],
)
def test_a_query_is_the_first_paragraph_as_plain_words(docstring: str, query: str) -> None:
    assert query_of(docstring) == query


def test_a_long_first_paragraph_ends_with_a_sentence() -> None:
    query = query_of("This sentence is short. " + "This one goes on and on " * 20)
    assert query == "This sentence is short."


def test_the_same_question_twice_is_asked_once() -> None:
    twins = [function("first", CODE.replace("dedent", "first")), function("second", CODE.replace("dedent", "second"))]
    made = pairs(twins, random.Random(1), "full")
    assert [example.units for example in made] == [("demo:first.py::first",)]


def test_tests_and_special_methods_are_not_asked_for() -> None:
    special = function("Table.__init__")
    test = Unit("demo", "tests/test_x.py", "check", "function", "python", CODE, "demo", "", "Check that all is well.")
    assert pairs([special, test], random.Random(1), "full") == []


def test_undocumented_code_only_distracts() -> None:
    bare = "def shuffle(items):\n    random.shuffle(items)\n    return items\n"
    made = pairs([function("shuffle", bare, "")], random.Random(1), "full")
    assert [example.split for example in made] == [Split.POOL]


def test_a_catalog_entrys_passage_holds_none_of_its_queries(units: list[Unit]) -> None:
    entries = [u for u in units if u.kind == "entry"]
    made = [e for e in pairs(entries, random.Random(1), "full") if e.split is not Split.POOL]
    assert len(made) > 100
    told = [e for e in made if str(e.input["query"]).lower() in str(e.target["passage"]).lower()]
    assert len(told) <= 3  # a title that somebody also types


def test_a_profile_bounds_the_distractors(units: list[Unit]) -> None:
    made = pairs(units, random.Random(1), "tiny")
    silent = [e for e in made if e.split is Split.POOL]
    assert 0 < sum(e.kind != "entry" for e in silent) <= DISTRACTORS["tiny"]
    entries = {u.key for u in units if u.kind == "entry"}
    assert {e.units[0] for e in silent if e.kind == "entry"} == entries, "each entry is looked through"


def test_a_small_change_of_the_code_is_a_small_change_of_the_set(units: list[Unit]) -> None:
    before = pairs(units, random.Random(1), "tiny")
    after = pairs(units[: len(units) // 2] + units[len(units) // 2 + 3 :], random.Random(1), "tiny")
    changed = {example.sha256 for example in before} ^ {example.sha256 for example in after}
    assert len(changed) <= 12, "three units less: each takes at most its own pairs away and lets as many in"
