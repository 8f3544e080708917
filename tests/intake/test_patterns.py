"""Patterns on cases, one that is and one that only looks like it; and the tests that belong to a unit."""

from __future__ import annotations

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
    ("generator", "a.py", "f", "def f():\n    def g(\n        a,\n    ):\n        return a\n\n    yield g\n", "    yield g", "        yield g"),
    ("generator", "a.js", "f", "function* f() {\n  yield 1;\n  yield 2;\n  yield 3;\n}\n", "yield", "void"),
    ("generator", "a.ts", "A.f", "class A {\n  async *f() {\n    yield 1;\n    a();\n    b();\n  }\n}\n", "async *", "async "),
    ("hook", "a.js", "useIt", "function useIt() {\n  a();\n  b();\n  c();\n}\n", "useIt", "used"),
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


S = tested.Subject


def in_file(
    path: str, name: str, calls: tuple[str, ...] = (), bound: dict[str, list[str]] | None = None
) -> tested.Testing:
    """A test in a file."""
    return tested.Testing(tested.TestFile(path, bound or {}, subject=tested.subject_of(path)), name, calls)


# What may be meant, the test's path, what it calls, what its file calls what it imports; and what is meant.
MEANT = [
    # A function: what it is imported from, and nothing by that name elsewhere.
    ([S(1, "src/a.py", "get"), S(2, "src/b.py", "get")], "tests/test_x.py", "get", {"get": ["src.a"]}, [1]),
    ([S(1, "a/plane.py", "area"), S(2, "b/solid.py", "area")], "t/test_x.py", "plane.area", {"plane": ["a"]}, [1]),
    ([S(1, "a/plane.py", "area"), S(2, "b/solid.py", "area")], "t/test_x.py", "area", {"plane": ["a"]}, []),
    ([S(1, "a/path.py", "join")], "t/test_x.py", "os.path.join", {"os": ["os"], "a": ["a"]}, []),
    ([S(1, "shop/_api.py", "get"), S(2, "shop/_client.py", "Client.get")], "t/test_x.py", "shop.get", {"shop": ["shop"]}, [1]),
    ([S(1, "a/lib/schemas.ts", "array"), S(2, "b/lib/schemas.ts", "array")], "a/lib/array.test.ts", "z.array", {"z": ["z/lib"]}, [1]),
    ([S(1, "lib/money.ts", "round")], "lib/tests/money.test.ts", "round", {"round": ["../money.js"]}, [1]),
    ([S(1, "lib/money.ts", "round")], "src/tests/cash.test.ts", "round", {"round": ["../money.js"]}, []),
    ([S(1, "shop/money.py", "round_up")], "shop/tests/test_x.py", "round_up", {"round_up": ["..money"]}, [1]),
    ([S(1, "mux/mux.go", "NewRouter"), S(2, "web/web.go", "NewRouter")], "mux/old_test.go", "NewRouter", {}, [1]),
    ([S(1, "shop/a.py", "make")], "t/test_x.py", "make", {"shop": ["shop"]}, []),
    # A method: of the class that is named, called after, or made; else of the only one.
    ([S(1, "shop/a.py", "Client.get"), S(2, "shop/a.py", "Cookies.get")], "t/test_x.py", "client.get", {"shop": ["shop"]}, [1]),
    ([S(1, "shop/a.py", "Client.get"), S(2, "shop/a.py", "Cookies.get")], "t/test_x.py", "Cookies.get", {"shop": ["shop"]}, [2]),
    ([S(1, "shop/a.py", "Client.get")], "t/test_x.py", "Cookies.get", {"shop": ["shop"]}, []),
    ([S(1, "shop/a.py", "Client.get")], "t/test_x.py", "x.get", {"shop": ["shop"]}, []),
    ([S(1, "shop/a.py", "Client.ask")], "t/test_x.py", "x.ask", {"shop": ["shop"]}, [1]),
    ([S(1, "shop/a.py", "Client.ask")], "t/test_x.py", ".ask", {"shop": ["shop"]}, [1]),
    ([S(1, "shop/a.py", "Client.ask"), S(2, "shop/a.py", "Shop.ask")], "t/test_x.py", "x.ask", {"shop": ["shop"]}, []),
    ([S(1, "shop/a.py", "Client.ask")], "t/test_x.py", "self.ask", {"shop": ["shop"]}, []),
    ([S(1, "shop/a.py", "Client.ask")], "t/test_x.py", "ask", {"shop": ["shop"]}, []),
]  # fmt: skip


@pytest.mark.parametrize(("subjects", "path", "call", "bound", "ids"), MEANT)
def test_a_call_means_what_its_file_imports_and_the_class_that_it_is_called_on(
    subjects: list[tested.Subject], path: str, call: str, bound: dict[str, list[str]], ids: list[int]
) -> None:
    assert list(tested.links(subjects, [in_file(path, "test_it", (call,), bound)])) == ids


def test_a_method_is_of_the_class_that_the_test_makes() -> None:
    both = [S(1, "shop/a.py", "Client.ask"), S(2, "shop/a.py", "Shop.ask")]
    made = in_file("t/test_x.py", "test_it", ("shop.Client", "x.ask"), {"shop": ["shop"]})
    assert list(tested.links(both, [made])) == [1]
    assert list(tested.links([S(1, "r.go", "Router.Walk"), S(2, "r.go", "Route.Walk")], [
        in_file("r_test.go", "TestIt", ("NewRouter", "r.Walk"))
    ])) == [1]  # fmt: skip


def test_of_many_of_one_name_it_is_the_one_that_is_imported_or_made() -> None:
    many = [S(at, f"shop/m{at}.py", f"Shop{at}.ask") for at in range(1000)]
    made = in_file("t/test_x.py", "test_it", ("Shop7", "x.ask"), {"Shop7": ["shop.m7"]})
    imported = in_file("t/test_x.py", "test_it", ("x.ask",), {"anything": ["shop.m8"]})
    assert list(tested.links(many, [made])) == [7]
    assert list(tested.links(many, [imported])) == [8]
    assert list(tested.links(many, [in_file("t/test_x.py", "test_it", ("x.ask",), {"shop": ["shop"]})])) == []


def test_what_is_no_unit_of_its_own_is_meant_all_the_same() -> None:
    """A function of two lines has no unit; that of the same name in another file is not what the test calls."""
    other = S(1, "lib/mini/schemas.ts", "array")
    test = in_file("lib/full/array.test.ts", "takes none", ("z.array",), {"z": ["z/lib"]})
    assert list(tested.links([other], [test])) == [1]
    assert list(tested.links([other], [test], [tested.Held("lib/full/schemas.ts", "", ("array",))])) == []
    assert list(tested.links([other], [test], [tested.Held("lib/mini/schemas.ts", "", ("array",))])) == [1]


def test_a_test_s_name_says_what_it_tests_where_the_file_has_to_do_with_it() -> None:
    both = [S(1, "src/plane.py", "Circle.area"), S(2, "src/solid.py", "Ball.area")]
    assert list(tested.links(both, [in_file("tests/test_plane.py", "test_area")])) == [1]
    assert list(tested.links(both, [in_file("tests/test_shapes.py", "test_area")])) == []
    assert list(tested.links([S(3, "a.ts", "addDays")], [in_file("a.test.ts", "addDays.adds the days")])) == [3]


def test_a_test_that_is_called_by_words_is_a_unit() -> None:
    code = """
import { add } from './sum';

describe('sums', () => {
  // Zero changes nothing.
  it.each([0])("adds %s", async (n) => {
    expect(add(1, n)).toBe(1);
    a();
    b();
  });
});
test(`done`, { timeout: 3 }, function () {
  a();
  b();
  c();
});
run("no test", () => {
  a();
  b();
  c();
});
"""
    for path in ("sum.test.ts", "sum.test.js", "sum.test.tsx"):
        language = language_of(path)
        assert language is not None
        found = [one for one in language.units(path, code) if isinstance(one, Draft) and one.kind == "function"]
        assert [one.name for one in found] == ["sums.adds %s", "done"]
        assert found[0].meta["calls"] == ["expect", ".toBe", "add", "a", "b"]
        assert (found[0].docstring, found[0].start_line, found[0].end_line) == ("Zero changes nothing.", 5, 10)
        added = annotate("sum.js", language.name, found[0])
        assert (added["category"], added["quality"]["named"]) == ("test", 1.0)
        assert "naming" not in added


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
