"""What holds for every language, found by being there: names, places, words, and that no text brings it down."""

from __future__ import annotations

import ast
import gc
import json
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from language_samples import OPENAPI, SAMPLES, Sample

from modelmill.normalize import code, grammar
from modelmill.normalize.definitions import Definition
from modelmill.normalize.language import Draft, all_languages, language_of, unique_names
from modelmill.normalize.python import GRAMMAR
from modelmill.records import Dropped

LANGUAGES = list(all_languages())
READ_BY_GRAMMAR = ["python", "javascript", "typescript", "tsx", "java", "go", "sql", "bash"]
HOSTILE = 100_000


def read(name: str, text: str) -> dict[str, Draft | Dropped]:
    """What the language makes of a text, by name."""
    return dict(unique_names(all_languages()[name].units(SAMPLES[name].path, text)))


def survive(name: str, text: str) -> None:
    """Read it, in a second or so; a ValueError is an answer too, and the stage's reason to leave the file out."""
    start = time.process_time()
    try:
        read(name, text)
    except ValueError as error:
        assert str(error)
    assert time.process_time() - start < 8


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a second instead of five, so that the tests are over soon."""
    monkeypatch.setattr(grammar, "LIMIT_SECONDS", 0.5)


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    """Each language's name."""
    assert request.param in SAMPLES, f"tests/intake/language_samples.py has no sample for {request.param}"
    return request.param


def test_its_units_have_the_expected_names_and_kinds(language: str) -> None:
    sample = SAMPLES[language]
    found = read(language, sample.text)
    assert {name: one.kind for name, one in found.items() if isinstance(one, Draft)} == sample.kinds
    assert {name for name, one in found.items() if isinstance(one, Dropped)} == sample.trivial
    assert all(one.reason == "trivial" for one in found.values() if isinstance(one, Dropped))


def test_its_units_lie_where_they_say(language: str) -> None:
    sample = SAMPLES[language]
    lines = sample.text.split("\n")
    for one in read(language, sample.text).values():
        if not isinstance(one, Draft):
            continue
        assert 1 <= one.start_line <= one.end_line <= len(lines)
        if one.kind in ("function", "method", "interface", "statement") and language != "notebook":
            first, *_, last = one.text.split("\n") * 2
            assert first.strip() in lines[one.start_line - 1]
            assert last.strip() in lines[one.end_line - 1]


def test_what_it_says_of_a_unit_can_be_stored_and_taken_out(language: str) -> None:
    for one in read(language, SAMPLES[language].text).values():
        if not isinstance(one, Draft):
            continue
        assert json.loads(json.dumps(one.meta)) == one.meta
        assert one.text.strip() and one.signature == " ".join(one.signature.split())
        if "docstring_at" in one.meta:
            first, last = one.meta["docstring_at"]
            assert one.docstring.splitlines()[0] in one.text[first:last]
            assert one.docstring.splitlines()[0] not in one.text[:first] + one.text[last:]


@pytest.mark.parametrize("name", [name for name in SAMPLES if SAMPLES[name].broken])
def test_a_broken_file_gives_what_can_be_read_and_a_note(name: str) -> None:
    sample: Sample = SAMPLES[name]
    found = read(name, sample.broken)
    assert isinstance(found[sample.survives], Draft)
    note = found["(file)"]
    assert isinstance(note, Dropped)
    assert note.reason == "does not parse in part"
    line = int(note.detail.removeprefix("line "))
    whole, broken = sample.text.split("\n"), sample.broken.split("\n")
    assert abs(line - next(n for n, row in enumerate(broken, 1) if n > len(whole) - 1 or row != whole[n - 1])) <= 2
    assert not all_languages()[name].parses(sample.broken)
    assert all_languages()[name].parses(sample.text)


@pytest.mark.parametrize("text", ["", "\n\n", "\ufeff", "\0", "\u202e\u2066 x", "}{)(][", "\\", "é" * 50])
def test_no_text_is_too_strange(language: str, text: str) -> None:
    survive(language, text)


@pytest.mark.parametrize("bracket", ["(", "[", "{"])
def test_a_hundred_thousand_brackets_are_survived(language: str, bracket: str) -> None:
    survive(language, "x = " + bracket * HOSTILE + {"(": ")", "[": "]", "{": "}"}[bracket] * HOSTILE)


@pytest.mark.parametrize("text", ["(" * HOSTILE, "- " * HOSTILE, "? " * HOSTILE, '{"a":' * HOSTILE])
def test_nothing_else_that_nests_brings_it_down(language: str, text: str) -> None:
    survive(language, text)


def test_a_line_of_a_megabyte_is_read_in_seconds(language: str) -> None:
    survive(language, "x = " + "1 + " * 250_000 + "1\n")


@pytest.mark.parametrize("name", READ_BY_GRAMMAR)
def test_twice_the_definitions_take_twice_the_time_and_not_four_times(name: str) -> None:
    sample = SAMPLES[name].text
    read(name, sample)
    few = min(_cpu_seconds(name, sample * 100) for _ in range(3))
    many = [_cpu_seconds(name, sample * 400)]
    while min(many) >= (allowed := 4 * few * 2 + 0.5) and len(many) < 3:  # who else works only adds
        many.append(_cpu_seconds(name, sample * 400))
    assert min(many) < allowed, (few, many)


def _cpu_seconds(name: str, text: str) -> float:
    gc.collect()  # or the heap of all tests before is looked through meanwhile
    start = time.process_time()
    read(name, text)
    return time.process_time() - start


def test_text_that_takes_too_long_is_given_up() -> None:
    start = time.process_time()
    with pytest.raises(ValueError, match="not read within"):
        read("bash", "<" * HOSTILE)
    assert time.process_time() - start < 5
    assert "wait_for" in read("bash", SAMPLES["bash"].text)


def test_every_unit_of_code_says_what_it_calls_and_needs() -> None:
    said = {name: read(name, SAMPLES[name].text) for name in READ_BY_GRAMMAR}
    expected = {
        ("python", "read"): (["path.exists", "D", "json.loads", "path.read_text"], ["json", "decimal"], [], 3),
        ("javascript", "read"): (["fs.readFile", "JSON.parse"], ["fs"], [], 3),
        ("typescript", "count"): ([], [], [], 2),
        ("java", "Purse.total"): ([], [], ["Override"], 2),
        ("java", "Purse.Purse"): ([], ["java.util.List"], [], 1),
        ("go", "Read"): (["js.Unmarshal", "fmt.Errorf"], ["fmt", "encoding/json"], [], 2),
        ("bash", "wait_for"): (["nc", "sleep", "echo"], [], [], 3),
        ("sql", "orders"): (["count"], [], [], 1),
        ("python", "Purse.total"): (["sum"], [], ["property"], 1),
    }
    for (name, unit), facts in expected.items():
        meta = said[name][unit].meta
        assert (meta["calls"], meta["imports"], meta["annotations"], meta["complexity"]) == facts, (name, unit)


def test_a_bomb_of_aliases_costs_no_more_than_its_bytes() -> None:
    bomb = "a0: &a0 [some words, more words]\n"
    bomb += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))
    start = time.process_time()
    assert set(read("yaml", bomb)) == {"a0"}
    assert time.process_time() - start < 2


def test_python_finds_the_functions_that_ast_finds_with_the_same_lines() -> None:
    checked = 0
    for file in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))[:60]:
        source = file.read_bytes()
        lines = source.decode().split("\n")
        found = {(one.name, one.node.start_point.row + 1): one for one in _functions(code.read(GRAMMAR, source).top)}
        theirs = {(node.name, node.lineno): node.end_lineno for node in _by_ast(ast.parse(source))}
        assert found.keys() == theirs.keys(), file.name
        for key, one in found.items():
            end = one.node.end_point.row + 1
            # Comments indented like the body belong to it; ast knows no comments.
            assert all(not line.strip() or line.lstrip()[0] == "#" for line in lines[theirs[key] or 0 : end]), key
            checked += 1
    assert checked > 1500


def _functions(found: list[Definition]) -> Iterator[Definition]:
    for one in found:
        if one.kind == "function":
            yield one
        yield from _functions(one.members)


def _by_ast(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Functions that are not inside of another one."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node
        else:
            yield from _by_ast(node)


def test_an_interface_description_gives_its_operations_and_schemas() -> None:
    language = language_of("api.yaml")
    assert language is not None
    found = dict(unique_names(language.units("api.yaml", OPENAPI)))
    assert {name: (one.start_line, one.end_line) for name, one in found.items()} == {
        "GET /coins/{id}": (6, 10),
        "Coin": (14, 15),
    }
    assert found["GET /coins/{id}"].text.splitlines() == [
        "GET /coins/{id}", "One coin of the purse", "Parameters:", "- id (string): Which one", "Answers:",
        "- 200: The coin",
    ]  # fmt: skip


REFERRING = {
    "openapi": "3.1.0",
    "info": {"title": "Claims", "version": "1", "description": "Takes in and sorts claims."},
    "paths": {
        "/claims": {
            "parameters": [{"$ref": "#/components/parameters/Tenant"}],
            "post": {
                "summary": "File a claim",
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Claim"}}}},
                "responses": {"default": {"$ref": "#/components/responses/a~1b"}, "404": {"$ref": "other.json#/x"}},
            },
        }
    },
    "webhooks": {"closed": {"post": {"summary": "A claim was closed"}}},
    "components": {
        "parameters": {"Tenant": {"name": "X-Tenant", "in": "header", "description": "Whose claims"}},
        "responses": {"a/b": {"description": "What went wrong"}},
        "schemas": {
            "New": {"properties": {"text": {"type": "string", "description": "What happened"}}},
            "Claim": {
                "allOf": [{"$ref": "#/components/schemas/New"}, {"properties": {"id": {"type": "string"}}}],
                "properties": {"again": {"$ref": "#/components/schemas/Claim"}},
            },
            "Claims": {"type": "array", "items": {"$ref": "#/components/schemas/New"}},
        },
    },
}


def test_what_an_interface_description_refers_to_is_told_where_it_does() -> None:
    found = {name: one.text.splitlines()[1:] for name, one in read("json", json.dumps(REFERRING)).items()}
    text = "- text (string): What happened"
    assert found == {
        "info": ["Claims", "Takes in and sorts claims."],
        "POST /claims": [
            "File a claim", "Parameters:", "- X-Tenant: Whose claims", "Body:", "- again", text, "- id (string)",
            "Answers:", "- default: What went wrong", "- 404",
        ],
        "POST closed (webhook)": ["A claim was closed"],
        "New": ["Fields:", text],
        "Claim": ["Fields:", "- again", text, "- id (string)"],
        "Claims": ["Fields:", text],
    }  # fmt: skip


def test_an_interface_description_that_refers_to_much_often_is_told_in_a_bounded_text() -> None:
    many = {f"p{n}": {"description": "words " * 9} for n in range(2000)}
    paths = {f"/{n}": {"put": {"requestBody": {"$ref": "#/components/requestBodies/B"}}} for n in range(9000)}
    body = {"content": {"a/b": {"schema": {"properties": many}}}}
    began = time.process_time()
    found = read("json", json.dumps({"openapi": "3", "paths": paths, "components": {"requestBodies": {"B": body}}}))
    assert sum(len(one.text) for one in found.values() if isinstance(one, Draft)) < 6_000_000
    assert time.process_time() - began < 8


def test_outputs_of_a_notebook_are_left_out() -> None:
    texts = [one.text for one in read("notebook", SAMPLES["notebook"].text).values()]
    assert not any("an output of words" in text for text in texts)
    assert any("# %matplotlib inline" in text for text in texts)
