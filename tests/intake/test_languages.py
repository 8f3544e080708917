"""What each language makes of a file: names, places, words; nothing is run."""

from __future__ import annotations

import ast
import json

import pytest
from intake_project import CATALOG, COMPONENT, README, SHAPES

from modelmill.normalize.language import (
    Draft,
    all_languages,
    language_of,
    language_of_content,
    language_of_script,
    unique_names,
)
from modelmill.records import Dropped


def units(path: str, text: str) -> dict[str, Draft]:
    """The file's units by name."""
    language = language_of(path)
    assert language is not None
    return {name: one for name, one in unique_names(language.units(path, text)) if isinstance(one, Draft)}


def dropped(path: str, text: str) -> dict[str, str]:
    """What is left out of the file, with the reason."""
    language = language_of(path)
    assert language is not None
    return {one.path: one.reason for one in language.units(path, text) if isinstance(one, Dropped)}


def test_the_languages_are_found_by_being_there() -> None:
    assert list(all_languages()) == [
        "bash", "csv", "go", "java", "javascript", "json", "jsonl", "markdown", "notebook", "python",
        "restructuredtext", "sql", "toml", "tsx", "typescript", "yaml",
    ]  # fmt: skip
    assert language_of("a/B.PY") is all_languages()["python"]
    assert language_of("home/.bashrc") is all_languages()["bash"]
    assert language_of("Makefile") is None


@pytest.mark.parametrize(
    ("first", "language"),
    [
        ("#!/bin/sh", "bash"),
        ("#! /bin/bash -e\r", "bash"),
        ("#!/usr/bin/env bash", "bash"),
        ("#!/usr/bin/python3.11", "python"),
        ("#!/usr/bin/env -S python3 -u", "python"),
        ("#!/usr/bin/env -S LANG=C python3", "python"),
        ("#!/usr/bin/env node", "javascript"),
        ("#!/usr/bin/env -S deno run", "typescript"),
        ("#!/bin/sh\n'''exec' \"/home of/python3\" \"$0\" \"$@\"\n' '''", "python"),
        ('#!/bin/sh\n# next: \\\nexec tclsh "$0" ${1+"$@"}', None),
        ('#!/bin/sh\n[ "$(id -u)" = 0 ] || exec sudo "$0" "$@"', "bash"),
        ("#!/usr/bin/perl -w", None),
        ("#!", None),
        ("#!/usr/bin/env -S", None),
        ("echo '#!/bin/sh'", None),
    ],
)
def test_a_script_is_told_by_its_first_line(first: str, language: str | None) -> None:
    found = language_of_script(f"{first}\nx\n".encode())
    assert (found.name if found else None) == language


@pytest.mark.parametrize(
    ("path", "content", "language"),
    [
        ("a.sh", "echo", "bash"),
        ("a.sh", "#!/bin/zsh", "bash"),
        ("a.sh", "#!/bin/bash -e # not perl", "bash"),
        ("a.sh", '#!/bin/sh\nexec python3 "$(dirname "$0")/a.py"', "bash"),
        ("a.sh", "#!/usr/bin/env python3", "python"),
        ("a.sh", "#!/usr/bin/env php\n<?php", None),
        ("a.sh", "\n<?php echo 1;", None),
        ("a.bash", "<!DOCTYPE html>", None),
        ("a.ksh", "#! /usr/bin/perl5.36 -w", None),
        ("a.py", "#!/usr/bin/perl", "python"),
        ("a", "#!/bin/sh", "bash"),
        ("a.txt", "#!/bin/sh", None),
    ],
)
def test_what_is_named_as_a_shells_is_told_by_its_beginning_too(path: str, content: str, language: str | None) -> None:
    found = language_of_content(path, f"{content}\n".encode())
    assert (found.name if found else None) == language


def test_python_gives_modules_classes_methods_and_functions_with_their_place() -> None:
    found = units("shapes/plane.py", SHAPES)
    assert {name: (one.kind, one.start_line, one.end_line) for name, one in found.items()} == {
        "shapes.plane": ("module", 1, 32),
        "Circle": ("class", 6, 17),
        "Circle.area": ("method", 12, 14),
        "contact": ("function", 20, 23),
        "mean": ("function", 29, 32),
    }
    assert {one.group for one in found.values()} == {"shapes"}
    assert found["Circle.area"].signature == "def area(self)"
    assert found["Circle.area"].docstring == "Return the area of the circle."


def test_a_method_stands_at_the_left_and_says_where_its_docstring_is() -> None:
    area = units("shapes/plane.py", SHAPES)["Circle.area"]
    assert area.text.startswith('def area(self):\n    """Return')
    first, last = area.meta["docstring_at"]
    assert area.text[first:last] == '"""Return the area of the circle."""'


@pytest.mark.parametrize(
    "written",
    [
        '"""Says\n       it.\n    """', r'"""Ends \"lines\" with \n\x21."""', r'r"""Ends with \n."""', r'"a \d b"',
        "u'a'", '"""a\\\n  b"""', '"a" "b"', '("a"\n     "b")', '"a"; x = 1', 'f"""{x}"""', 'rb"a"', '"a", x',
        '"a" % x', '"a" + x', '"a".join(x)', "x", "(x)",
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:invalid escape sequence")  # what Python says, as ast is asked for the same
def test_a_docstring_is_what_python_takes_for_one(written: str) -> None:
    text = f"def f(x):\n    {written}\n    y = x\n    return y\n"
    function = ast.parse(text).body[0]
    assert isinstance(function, ast.FunctionDef)
    assert units("a.py", text)["f"].docstring == (ast.get_docstring(function) or "")


def test_a_docstring_has_the_ends_of_lines_that_python_reads() -> None:
    text = 'def f():\n    """Adds.\n\n    Two numbers.\n    """\n'
    assert units("a.py", text.replace("\n", "\r\n"))["f"].docstring == "Adds.\n\nTwo numbers."


def test_a_docstring_that_cannot_be_stored_has_signs_in_place_of_it() -> None:
    assert units("a.py", r'def f(): "\0 and \ud800"')["f"].docstring == "? and ?"


def test_a_class_is_summed_up_without_bodies() -> None:
    text = units("shapes/plane.py", SHAPES)["Circle"].text
    assert "A circle around the origin." in text
    assert "def area(self): ..." in text
    assert "math.pi" not in text


def test_functions_that_say_nothing_are_left_out_with_a_reason() -> None:
    assert dropped("shapes/plane.py", SHAPES) == {"Circle.__init__": "trivial", "Circle.__repr__": "trivial"}


def test_a_module_called_like_its_function_keeps_its_own_name() -> None:
    text = 'def bisect(a):\n    """Find."""\n    return a\n'
    assert list(units("bisect.py", text)) == ["bisect (module)", "bisect"]


def test_overloads_get_numbers() -> None:
    getter = '    @property\n    def x(self):\n        """Get."""\n'
    setter = '    @x.setter\n    def x(self, v):\n        """Set."""\n'
    text = f"class A:\n{getter}{setter}"
    found = units("a.py", text)
    assert [found["A.x"].docstring, found["A.x#2"].docstring] == ["Get.", "Set."]
    assert found["A.x"].text.startswith("@property\ndef x(self):")


def test_a_signature_over_several_lines_is_one_line() -> None:
    text = 'async def f(\n    a: int,  # first\n    *,\n    b: str = "x",\n) -> dict[str, int]:\n    """Do."""\n'
    assert units("a.py", text)["f"].signature == 'async def f( a: int, *, b: str = "x", ) -> dict[str, int]'


@pytest.mark.parametrize(
    ("path", "text", "signature"),
    [
        (
            "a.py",
            'def f(\n    a,  # noqa\n    # type: (int) -> None\n    b="# x",# y\n): # z\n    """Do."""\n',
            'def f( a, b="# x", )',
        ),
        (
            "a.ts",
            "/** Do. */\nfunction f(\n  a: number, // one\n  /* two */ b = 'a // b',\n) { g(); }\n",
            "function f( a: number, b = 'a // b', )",
        ),
        (
            "a.go",
            "// Does.\nfunc f(\n\ta int, // one\n\t// two\n\tb int,\n) int { return a }\n",
            "func f( a int, b int, ) int",
        ),
        (
            "A.java",
            "class A {\n  // Do.\n  void f(int a, // one\n    /* two */ int b) { g(); }\n}\n",
            "void f(int a, int b)",
        ),
        ("a.sql", "-- All.\nCREATE TABLE -- of now\n  f (a int);\n", "CREATE TABLE f"),
    ],
)
def test_a_signature_has_no_comments(path: str, text: str, signature: str) -> None:
    assert signature in [one.signature for one in units(path, text).values()]


DIRECTIVES = [
    ("a.go", "//go:noinline"), ("a.go", "//nolint"), ("a.go", "// +build linux"),
    ("a.ts", "// eslint-disable-next-line no-new"),
    ("a.ts", "// @ts-ignore"), ("a.js", "/* istanbul ignore next */"), ("a.ts", "// deno-lint-ignore no-any"),
    ("a.sh", "# shellcheck disable=SC2034"), ("a.ts", "/* eslint-disable */"), ("a.ts", "// oxfmt-ignore"),
    ("a.ts", "// @__NO_SIDE_EFFECTS__"), ("a.js", "/* #__PURE__ */"), ("a.go", "// go:build ignore"),
]  # fmt: skip
FUNCTIONS = {
    ".go": "package a\n\n{}func f() {{\n\ta()\n\tb()\n\tc()\n}}\n", ".sh": "x=1\n\n{}f() {{\n  a\n  b\n  c\n}}\n",
    ".ts": "let x;\n\n{}function f() {{\n  a();\n  b();\n  c();\n}}\n",
}  # fmt: skip


@pytest.mark.parametrize(("path", "line"), DIRECTIVES)
def test_a_line_for_a_machine_is_no_word_about_what_stands_below(path: str, line: str) -> None:
    code = FUNCTIONS.get(path[1:], FUNCTIONS[".ts"])
    alone = units(path, code.format(line + "\n"))["f"]
    assert (alone.docstring, alone.start_line, "docstring_at" in alone.meta) == ("", 4, False)
    sign = "#" if path == "a.sh" else "//"
    for above in (f"{sign} Says eslint: go on.\n{line}\n", f"{line}\n{sign} Says eslint: go on.\n"):
        assert units(path, code.format(above))["f"].docstring == "Says eslint: go on."


def test_two_comments_above_each_other_end_each_for_itself() -> None:
    text = "/* Adds. */\n/* Really. */\nfunction f() { g(); }\n"
    assert units("a.js", text)["f"].docstring == "Adds.\nReally."


@pytest.mark.parametrize("path", ["a.ts", "A.java"])
def test_a_comment_for_documentation_is_all_that_is_said(path: str) -> None:
    code = "class A {\n  // of others\n  // TODO: check\n  /** Adds. */\n  f(a) { g(); }\n}\n"
    add = units(path, code if path == "a.ts" else code.replace("f(a)", "int f(int a)"))["A.f"]
    assert (add.docstring, add.start_line) == ("Adds.", 4)


def test_a_type_keeps_the_bracket_it_ends_with() -> None:
    text = """class Panel extends Component<Props> {
  run = async (a: string): Promise<Map<string, number>> => {
    b();
    c();
    d();
  };
}
export const all = <T,>(one: T): T[] => {
  b();
  c();
  return [one];
};
"""
    found = {name: one.signature for name, one in units("a.ts", text).items()}
    assert (found["Panel"], found["Panel.run"], found["all"]) == (
        "class Panel extends Component<Props>",
        "run = async (a: string): Promise<Map<string, number>>",
        "all = <T,>(one: T): T[]",
    )


@pytest.mark.parametrize("path", ["a.sh", "a.js"])
def test_the_line_that_names_a_script_s_program_is_no_word_about_its_first_function(path: str) -> None:
    sign, code = ("#", "build() {\n  make\n}\n") if path == "a.sh" else ("//", "function build() {\n  make();\n}\n")
    build = units(path, f"#!/usr/bin/env x\n{sign} Builds it.\n{code}")["build"]
    assert (build.docstring, build.start_line, build.text) == ("Builds it.", 2, f"{sign} Builds it.\n{code.rstrip()}")


def test_code_that_does_not_parse_is_left_out_and_the_rest_stays() -> None:
    text = 'def good():\n    """Fine."""\n    return 1\n\ndef bad():\n    x = = 2\n    y = 3\n    z = 4\n'
    assert "good" in units("a.py", text)
    assert dropped("a.py", text) == {"(file)": "does not parse in part", "bad": "does not parse"}


@pytest.mark.parametrize("path", ["src/pkg/mod.py", "pkg/mod.py", "lib/pkg/mod.py"])
def test_the_folder_around_packages_is_no_package(path: str) -> None:
    assert units(path, SHAPES)["pkg.mod"].group == "pkg"


def test_deep_nesting_neither_crashes_nor_hangs() -> None:
    with pytest.raises(ValueError, match="fit nowhere"):
        units("a.py", "\n".join(" " * n + "if x:" for n in range(2000)) + "\n" + " " * 2000 + "pass\n")
    units("a.md", "> " * 5000 + "x\n")
    assert dropped("a.json", "[" * 20 + "]" * 20) == {}
    with pytest.raises(ValueError, match="nested deeper"):
        units("a.json", '{"a":' * 500 + "1" + "}" * 500)


def test_a_rule_of_dashes_alone_is_no_section() -> None:
    text = "---\n\n# Prices\n\nIn euros.\n\n## Nothing\n\n***\n"
    assert list(units("a.md", text)) == ["prices"]
    assert dropped("a.md", text) == {"prices/nothing": "trivial"}


def test_markdown_gives_a_section_a_heading_with_the_way_to_it() -> None:
    found = units("docs/README.md", README)
    assert list(found) == ["(beginning)", "shapes", "shapes/circle"]
    circle = found["shapes/circle"]
    assert (circle.signature, circle.start_line, circle.end_line) == ("Shapes > Circle", 7, 13)
    assert "# not a heading" in circle.text
    assert dropped("docs/README.md", README) == {"shapes/empty": "trivial"}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_fields_at_the_head_of_a_page_are_no_heading(end: str) -> None:
    page = "---\n# of the site\ntitle: A guide\ntags: [a, b]\n---\nTo begin with.\n\n## Circle\nRound.\n"
    found = units("a.md", page.replace("\n", end))
    assert {name: (one.start_line, one.end_line) for name, one in found.items()} == {
        "(beginning)": (1, 6),
        "circle": (8, 9),
    }
    assert "title: A guide" in found["(beginning)"].text


def test_a_heading_between_rules_stays_one() -> None:
    assert "shapes-of-all-kinds" in units("a.md", "---\nShapes of all kinds\n---\nAreas.\n")


def test_typescript_data_gives_an_entry_an_element_with_its_fields() -> None:
    found = units("src/data/useCases.ts", CATALOG)
    assert [name for name, one in found.items() if one.kind == "entry"] == ["useCases.claims-triage"]
    entry = found["useCases.claims-triage"]
    assert entry.meta == {
        "id": "claims-triage",
        "industry": "insurance",
        "title": "Claims triage",
        "summary": "Sorts claims by urgency\u00a0\u2014 the urgent ones first.",
        "exampleQueries": ["sort incoming claims", "which claims are urgent?"],
        "faqs": [{"question": "Does it decide?", "answer": "No, a person does."}],
        "weight": 2,
        "_type": "UseCase",
    }
    assert (entry.kind, entry.signature, entry.start_line, entry.end_line) == ("entry", "Claims triage", 5, 14)
    assert "- Does it decide? No, a person does." in entry.text.splitlines()


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("Plan[]", "Plan"),
        ("readonly Plan[]", "Plan"),
        ("ReadonlyArray<Plan>", "Plan"),
        ("Readonly<Record<string, Plan>>", "Plan"),
        ("Record<string, { title: string }>", None),
        ("Array<{ title: string }>", None),
    ],
)
def test_an_entry_has_the_type_that_its_container_holds(said: str, kind: str | None) -> None:
    found = units("a.ts", f"const all: {said} = [{{ id: 'a', title: 'Two words' }}];\n")
    assert found["all.a"].meta.get("_type") == kind


def test_other_shapes_of_data_are_understood() -> None:
    text = """
    export default [{ title: 'One two', note: 'a' + ' b' }] as const;
    const words = Object.freeze({ first: { label: 'Start' }, second: { label: `Go ${there} now` } }) satisfies X;
    export const lines: string[] = ['one line', 'two lines'];
    const broken = '\\u{110000} \\ud83d x';
    """
    found = units("a.ts", text)
    assert list(found) == ["default.one-two", "words.first", "words.second", "lines"]
    assert found["default.one-two"].meta["note"] == "a b"
    assert found["words.second"].text == "Go … now"


def test_a_component_says_what_a_reader_sees_and_nothing_else() -> None:
    found = units("src/Welcome.tsx", COMPONENT)
    assert found["Welcome"].kind == "component_text"
    assert set(found["Welcome"].text.splitlines()) == {
        "Good morning", "Ask about your claim & more.", "Claim number", "You are signed in.",
        "Please sign in first.",
    }  # fmt: skip


def test_a_function_with_something_around_it_is_one() -> None:
    body = "{\n  a();\n  b();\n  return c;\n}"
    text = f"""export const Card = React.memo(({{ title }}: Props) => {body});
export const Field = forwardRef<HTMLInputElement, Props>(function Field(props, ref) {body});
const Deep = memo(forwardRef((props, ref) => {body}));
export const Shown = withRouter((props) => {body});
export default memo(function Named() {body});
const sums = lists.map((one) => {body});
const timer = setTimeout(() => {body}, 10);
"""
    found = units("a.tsx", text)
    assert found.keys() - {"a"} == {"Card", "Field", "Deep", "Shown", "default"}
    assert (found["Field"].start_line, found["Field"].end_line) == (6, 10)
    assert found["Deep"].text == f"const Deep = memo(forwardRef((props, ref) => {body}));"
    assert units("a.js", f"export const once = memo(() => {body});")["once"].kind == "function"


ANONYMOUS_DEFAULTS = {
    "function () {BODY}": "default",
    "async () => {BODY}": "default",
    "() => <p>Two words</p>;": "default",
    "memo(forwardRef((props, ref) => {BODY}));": "default",
    "connect(props)((one) => {BODY});": "default",
    "class extends Component {\n  render() {BODY}\n}": "default.render",
}


@pytest.mark.parametrize("path", ["a.tsx", "a.jsx"])
@pytest.mark.parametrize("written", ANONYMOUS_DEFAULTS)
def test_a_default_without_a_name_is_called_default(path: str, written: str) -> None:
    text = "export default " + written.replace("BODY", "\n  a();\n  b();\n  return <p>Two words</p>;\n")
    found = units(path, text)
    assert (found["default"].kind, found["default"].text) == ("component_text", "Two words")
    if written.startswith("class"):
        assert units(path.replace("x", ""), text.replace("<p>Two words</p>", "c"))["default.render"].kind == "method"
        assert {"default (code)", "default.render"} <= found.keys()
    elif "BODY" in written and "connect" not in written:
        assert found["default (code)"].kind == "function"


def test_a_default_without_markup_is_no_component() -> None:
    assert "default" not in units("a.tsx", "export default () => ({ title: 'Some More Words' });\n")


def test_what_gives_markup_says_what_is_in_it_whatever_its_name() -> None:
    wrapped = "export const withTitle = (C) => (props) => <><h2>Demos of this week</h2><C {...props} /></>;\n"
    assert units("a.tsx", wrapped)["withTitle"].text == "Demos of this week"
    empty = "function renderEmpty() { return <p>Nothing here</p>; }\n"
    assert units("a.jsx", empty)["renderEmpty"].text == "Nothing here"
    silent = "export const first = (a) => a ? 'Some more words here' : 'x';\n"
    assert all(one.kind != "component_text" for one in units("a.tsx", silent).values())


def test_a_method_of_a_cell_that_is_too_small_is_told() -> None:
    cell = {"cell_type": "code", "source": "class A:\n    def score(self):\n        return 1\n\ndef torn(:\n"}
    found = dropped("a.ipynb", json.dumps({"cells": [cell], "nbformat": 4}))
    assert found["A.score"] == "trivial" and "(file)" not in found


def test_words_set_apart_in_a_sentence_are_a_part_of_it() -> None:
    text = """
    export function Note() {
      return <section>
        <p>This claim is <em>waiting for <Link to="/x">your</Link></em> answer{' '}<span title="A day">today</span>.</p>
        <p><span>One badge</span><span>Another one</span></p>
        <div>Before <p>A paragraph</p> after</div>
      </section>;
    }
    """
    assert units("a.tsx", text)["Note"].text.splitlines() == [
        "This claim is waiting for your answer today.", "A day", "One badge", "Another one", "Before after",
        "A paragraph",
    ]  # fmt: skip


def test_json_gives_an_entry_an_object_with_words_in_it() -> None:
    text = '{\n "flags": {\n  "triage": {"on": true, "description": "Show it now."},\n  "off": {"on": false}\n }\n}\n'
    found = units("config/flags.json", text)
    assert {name: one.start_line for name, one in found.items()} == {"flags.triage": 3}
    assert found["flags.triage"].meta == {"on": True, "description": "Show it now."}
    assert dropped("a.json", "{not json") == {"(file)": "does not parse"}
