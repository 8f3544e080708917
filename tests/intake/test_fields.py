"""What a class holds is in its unit: whole where it has no methods, behind their signatures where it has."""

from __future__ import annotations

import pytest

from modelmill.normalize.language import Draft, all_languages

BODY = "{\n    const y = 1;\n    const z = y;\n    return z;\n  }"
PYTHON = """
@dataclass(frozen=True)
class Subscription:
    \"\"\"What a customer pays for.\"\"\"

    plan: str
    expires_at: float = 0.0


class Colour(Enum):
    RED = 1


class Gone(Exception):
    pass


class Shape:
    \"\"\"With sides.\"\"\"

    sides: int = 4
    names = {
        1: "one",
    }

    def area(self):
        \"\"\"The area.\"\"\"
        inner: int = self.sides
        return inner**2
"""
JAVA = """
class Shape {
  /** How many. */
  private final int sides = 4;

  int area() {
    int y = 1;
    int z = y;
    return z;
  }
}
enum Colour {
  RED, BLUE("b");

  String code() {
    String y = "";
    String z = y;
    return z;
  }
}
"""
TYPESCRIPT = f"class Shape {{\n  private sides = 4;\n  go = () => {BODY};\n  area() {BODY}\n}}\n"
JAVASCRIPT = f"class Shape {{\n  sides = 4;\n  #held;\n  go = () => {BODY};\n  area() {BODY}\n}}\n"


def classes(language: str, text: str) -> dict[str, Draft]:
    found = all_languages()[language].units("a", text)
    return {one.name: one for one in found if isinstance(one, Draft) and one.kind == "class"}


def test_a_class_without_methods_stands_as_it_is() -> None:
    found = classes("python", PYTHON)
    said = found["Subscription"]
    assert said.text in PYTHON and said.text.endswith("    plan: str\n    expires_at: float = 0.0")
    first, last = said.meta["docstring_at"]
    assert said.text[first:last] == '"""What a customer pays for."""' and said.meta["annotations"] == ["dataclass"]
    assert found["Colour"].text == "class Colour(Enum):\n    RED = 1"
    assert found["Gone"].text == "class Gone(Exception):\n    pass", "too small to learn from, but there to be found"


@pytest.mark.parametrize(
    ("language", "text", "name", "expected"),
    [
        ("python", PYTHON, "Shape", ["    def area(self): ...", "    sides: int = 4", "    names = {"]),
        ("java", JAVA, "Shape", ["    int area()", "    private final int sides = 4;", "}"]),
        ("java", JAVA, "Colour", ["    String code()", "    RED", '    BLUE("b")', "}"]),
        ("typescript", TYPESCRIPT, "Shape", ["    go = ()", "    area()", "    private sides = 4", "}"]),
        ("tsx", TYPESCRIPT, "Shape", ["    go = ()", "    area()", "    private sides = 4", "}"]),
        ("javascript", JAVASCRIPT, "Shape", ["    go = ()", "    area()", "    sides = 4", "    #held", "}"]),
    ],
)
def test_fields_follow_the_signatures_of_methods(language: str, text: str, name: str, expected: list[str]) -> None:
    assert classes(language, text)[name].text.splitlines()[-len(expected) :] == expected


def test_of_many_or_long_fields_the_beginning_is_told() -> None:
    many = "".join(f"    f{number} = '{'x' * 200}'\n" for number in range(1000))
    said = classes("python", f"class A:\n{many}\n    def f(self):\n        '''Words.'''\n        return 1\n")["A"]
    fields = said.text.splitlines()[2:]
    assert len(fields) == 30 and {len(one) for one in fields} == {4 + 120}


def test_of_a_class_that_does_not_parse_what_can_be_read_is_told() -> None:
    assert classes("python", "class A:\n    x = = 1\n    y: int\n")["A"].text == "class A:\n    y: int"
