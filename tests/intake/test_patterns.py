"""Patterns on cases, one that is and one that only looks like it; and the tests that belong to a unit."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from intake_project import write
from sqlalchemy import Engine

from modelmill.extract.stage import extract
from modelmill.normalize import patterns, tested
from modelmill.normalize.annotate import annotate, own_name
from modelmill.normalize.language import Draft, language_of
from modelmill.normalize.stage import normalize
from modelmill.settings import Settings
from modelmill.store import corpora, units

# ruff: noqa: E501  (a case broken over lines is harder to read)
# Pattern, file, name of the unit, code in which it is, and the same code with what makes it the pattern taken out.
CASES = [
    ("abstract", "a.py", "A.f", "class A:\n    @abstractmethod\n    def f(self):\n        \"\"\"Do.\"\"\"\n", "@abstractmethod", "@staticmethod"),
    ("abstract", "A.java", "A", "abstract class A {\n  void f() {\n    g();\n    h();\n    i();\n  }\n}\n", "abstract ", ""),
    ("async", "a.py", "f", "async def f():\n    \"\"\"Do.\"\"\"\n    return 1\n", "async ", ""),
    ("async", "a.ts", "f", "async function f() {\n  g();\n  h();\n  i();\n}\n", "async ", ""),
    ("builder", "a.py", "CarBuilder", "class CarBuilder:\n    def build(self):\n        \"\"\"Do.\"\"\"\n", "def build", "def burn"),
    ("cached", "a.py", "f", "@functools.lru_cache(3)\ndef f():\n    \"\"\"Do.\"\"\"\n", "lru_cache(3)", "wraps(g)"),
    ("context manager", "a.py", "A", "class A:\n    def __enter__(self):\n        return self\n    def __exit__(self, *a):\n        return None\n", "__exit__", "__leave__"),
    ("context manager", "a.py", "f", "@contextlib.contextmanager\ndef f():\n    \"\"\"Do.\"\"\"\n    yield 1\n", "@contextlib.contextmanager\n", ""),
    ("decorator", "a.py", "f", "def f(function):\n    def inner(*a):\n        return function(*a)\n    return inner\n", "return inner", "return inner()"),
    ("deferred", "a.go", "F", "package a\n\nfunc F() {\n\tdefer g()\n\th()\n\ti()\n}\n", "defer g()", "// defer"),
    ("descriptor", "a.py", "A", "class A:\n    def __get__(self, o, t):\n        return 1\n    def __set__(self, o, v):\n        return 1\n", "__set__", "__put__"),
    ("factory", "a.py", "A.from_text", "class A:\n    @classmethod\n    def from_text(cls, text):\n        \"\"\"Do.\"\"\"\n", "@classmethod\n    ", ""),
    ("factory", "a.go", "NewReader", "package a\n\nfunc NewReader() *Reader {\n\ta()\n\tb()\n\treturn nil\n}\n", "NewReader", "Newer"),
    ("fixture", "a.py", "f", "@pytest.fixture\ndef f():\n    \"\"\"Do.\"\"\"\n", "@pytest.fixture", "@pytest.mark.slow"),
    ("generator", "a.py", "f", "def f():\n    \"\"\"Do\n\n    yield nothing.\n    \"\"\"\n    yield 1\n", "    yield 1", "    return 1"),
    ("generator", "a.js", "f", "function* f() {\n  yield 1;\n  yield 2;\n  yield 3;\n}\n", "yield", "void"),
    ("hook", "a.tsx", "useThing", "function useThing() {\n  a();\n  b();\n  return c();\n}\n", "useThing", "userThing"),
    ("iterator", "a.py", "A", "class A:\n    def __iter__(self):\n        return self\n    def __next__(self):\n        return 1\n", "__next__", "__last__"),
    ("observer", "a.py", "A", "class A:\n    def add_listener(self, one):\n        return one\n    def notify(self):\n        return 1\n", "notify", "note"),
    ("observer", "a.ts", "A", "class A {\n  on(e) {\n    a();\n    b();\n    c();\n  }\n  emit(e) {\n    a();\n    b();\n    c();\n  }\n}\n", "emit", "omit"),
    ("property", "a.py", "A.f", "class A:\n    @property\n    def f(self):\n        \"\"\"Do.\"\"\"\n", "@property", "@staticmethod"),
    ("record", "a.py", "A", "@dataclass(frozen=True)\nclass A:\n    x: int\n", "@dataclass(frozen=True)", "@total_ordering"),
    ("record", "a.py", "A", "class A(pydantic.BaseModel):\n    x: int\n", "BaseModel", "Model"),
    ("recursive", "a.py", "f", "def f(n):\n    \"\"\"Do.\"\"\"\n    return f(n - 1)\n", "return f(", "return g("),
    ("recursive", "a.py", "A.f", "class A:\n    def f(self, n):\n        \"\"\"Do.\"\"\"\n        return self.f(n - 1)\n", "self.f(n", "n.f(n"),
    ("singleton", "A.java", "A", "class A {\n  static A getInstance() {\n    a();\n    b();\n    return one;\n  }\n}\n", "getInstance", "getOne"),
    ("visitor", "a.py", "A", "class A:\n    def visit_Name(self, n):\n        return n\n    def visit_Call(self, n):\n        return n\n", "visit_Call", "leave_Call"),
]  # fmt: skip


def shown(path: str, name: str, code: str) -> list[str]:
    language = language_of(path)
    assert language is not None
    drafts = [one for one in language.units(path, code) if isinstance(one, Draft) and one.kind != "module"]
    [draft] = [one for one in drafts if one.name == name or len(drafts) == 1]
    return list(annotate(path, language.name, draft).get("patterns", []))


@pytest.mark.parametrize(("pattern", "path", "name", "code", "sign", "other"), CASES)
def test_a_pattern_is_seen_by_its_sign_and_not_without_it(
    pattern: str, path: str, name: str, code: str, sign: str, other: str
) -> None:
    assert sign in code
    assert pattern in shown(path, name, code)
    without = code.replace(sign, other)
    assert pattern not in shown(path, name.replace(sign, other), without)


def test_every_pattern_has_a_case_and_stands_in_the_docstring() -> None:
    assert {case[0] for case in CASES} == set(patterns.PATTERNS)
    assert all(f"\n    {name} " in (patterns.__doc__ or "") for name in patterns.PATTERNS)


@pytest.mark.parametrize(
    ("name", "subject"),
    [("test_raw_decode", "raw_decode"), ("TestCircle", "Circle"), ("CircleTest", "Circle"), ("plane.test", "plane"),
     ("plane_test", "plane"), ("plane.spec", "plane"), ("latest", "latest"), ("Testimony", "Testimony"), ("f", "f")],
)  # fmt: skip
def test_a_test_is_called_after_what_it_tests(name: str, subject: str) -> None:
    assert tested.subject_name(name) == subject


def test_a_common_name_is_linked_only_where_the_file_has_to_do_with_the_test() -> None:
    a, b = tested.Subject(1, "src/a.py", "A.get"), tested.Subject(2, "src/b.py", "B.get")
    only = tested.Subject(3, "src/c.py", "unheard_of")
    by_import = tested.Testing("tests/test_x.py", "test_it", ("thing.get",), ("../src/a", "other.b"))
    by_file = tested.Testing("tests/test_b.py", "test_it", ("get",))
    elsewhere = tested.Testing("tests/test_x.py", "test_other", ("get", "unheard_of"))
    found = tested.links([a, b, only], [by_import, by_file, elsewhere])
    assert found == {
        1: ["tests/test_x.py::test_it"],
        2: ["tests/test_b.py::test_it"],
        3: ["tests/test_x.py::test_other"],
    }


def test_a_file_that_is_imported_from_its_package_is_linked_by_what_is_called_through_its_name() -> None:
    """`from shapes import plane`, then `plane.area()`."""
    both = [tested.Subject(1, "shapes/plane.py", "area"), tested.Subject(2, "other/solid.py", "area")]
    test = tested.Testing("tests/test_geometry.py", "test_it", ("plane.area",), ("shapes",))
    assert tested.links(both, [test]) == {1: ["tests/test_geometry.py::test_it"]}
    assert tested.links(both, [dataclasses.replace(test, calls=("area",))]) == {}


def test_units_hold_their_tests_as_the_corpus_changes(settings: Settings, db: Engine, tmp_path: Path) -> None:
    code = 'def area(radius):\n    """Give the area."""\n    return radius\n'
    test = 'from plane import area\n\n\ndef test_of_one():\n    """Ask once."""\n    assert area(1) == 1\n'
    root = write(tmp_path / "c", {"plane.py": code, "tests/test_plane.py": test, "solid.py": code})
    corpus = corpora.add(settings, db, "c", str(root))

    def of_area(path: str) -> object:
        extract(settings, db, corpus)
        normalize(settings, db, corpus)
        return {one.path: one.meta.get("tests") for one in units.query(db) if own_name_of(one.name) == "area"}[path]

    assert of_area("plane.py") == ["tests/test_plane.py::test_of_one"]
    assert of_area("solid.py") is None
    (root / "tests/test_plane.py").write_text(test.replace("test_of_one", "test_of_two"))
    assert of_area("plane.py") == ["tests/test_plane.py::test_of_two"]
    (root / "tests/test_plane.py").unlink()
    assert of_area("plane.py") is None


def own_name_of(name: str) -> str:
    return own_name(Draft(name, "function", ""))
