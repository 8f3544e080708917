"""What reading real files by eye showed: documentation apart from its code, looks that are no words, lines of YAML."""

from __future__ import annotations

import pytest
import yaml
from test_languages import units

from modelmill.normalize import yaml_config

DOC = "/**\n * Adds.\n */\n\n"
CODE = {
    "a.ts": ("import x from 'x';\n\n", "function add(a: number) {\n  return a;\n}\n", "add"),
    "a.js": ("'use strict';\n\n", "const add = (a) => {\n  return a;\n};\n", "add"),
    "a.tsx": ("import x from 'x';\n\n", "const add = (a: number) => {\n  return a;\n};\n", "add"),
    "A.java": ("package a;\n\nclass A {\n", "int add(int a) {\n  return a;\n}\n}\n", "A.add"),
}


@pytest.mark.parametrize("path", CODE)
def test_a_comment_for_documentation_is_about_what_comes_next_also_after_a_blank_line(path: str) -> None:
    before, code, name = CODE[path]
    one = units(path, before + DOC + code)[name]
    assert (one.docstring, one.start_line) == ("Adds.", before.count("\n") + 1)
    first, last = one.meta["docstring_at"]
    assert one.text[first:last] == DOC.strip()


@pytest.mark.parametrize(
    "before",
    [
        "/** Adds. */\n\n",
        "#!/usr/bin/env node\n/** Adds. */\n\n",
        "x();\n/** Copyright me. */\n\n",
        "x();\n// Adds.\n\n",
        "x();\n/***** Adds *****/\n\n",
        "x(); /** Adds. */\n\n",
        "x();\n/** Adds. */\ny();\n\n",
    ],
)
def test_another_comment_apart_is_not(before: str) -> None:
    assert units("a.js", f"{before}function add(a) {{\n  b();\n  c();\n  return a;\n}}\n")["add"].docstring == ""


def test_how_something_looks_is_not_what_it_says() -> None:
    text = """export const icon = [{ d: 'M12 0C5.376 0 0 5.376 0 12ZM8', shadow: '0 12px 2px rgba(0, 0, 0)' }];
export const said = [{ text: 'Me 2', a: 'rgba means red, green (and more)' }];
export function Icon() { return <svg><path label="M12 0ZM8 1" color={dark ? 'x' : 'rgba(0, 0, 0, .54)'} /></svg>; }
export function Note() { return f('Move it (now)'); }
"""
    found = units("a.tsx", text)
    assert [name for name, one in found.items() if one.kind in ("entry", "component_text")] == ["Note", "said.0"]


def test_entries_of_yaml_end_where_they_end() -> None:
    blocks = "a:\n  - b: one two\n    c: x\n  - d: three four\n\n# next\n"
    text = blocks + "  - e: {f: five six,\n      g: 1}\nh: [seven eight,\n  nine ten]\n"
    places = {name: (one.start_line, one.end_line) for name, one in units("a.yaml", text).items()}
    assert places == {"a.0": (2, 3), "a.1": (4, 4), "a.2": (7, 8), "h": (9, 10)}


SERVICES = """\
x-common: &common
  restart: always
  help: &said Said of all of them
  logging: {driver: some words of it}
web: &web
  <<: *common
  image: nginx
  help: Said of the web
job:
  image: job
  title: *said
  <<: [*web, {user: nobody at all, *said : key}]
"<<": {not: merged at all}
plain: {<<: *web, kind: a plain one, <<: {kind: b, more: {also: two words}}}
list: [*common, *said]
"""


def test_what_yaml_merges_and_names_is_there_as_another_reader_has_it() -> None:
    [place] = yaml_config._documents(SERVICES)  # pyright: ignore[reportPrivateUsage]
    assert place.value == yaml.safe_load(SERVICES)
    found = units("a.yaml", SERVICES)
    assert list(found) == ["x-common", "web", "job", "<<", "plain"]
    assert (found["web"].start_line, found["web"].end_line) == (5, 8)
    assert (found["job"].start_line, found["job"].end_line) == (10, 12)
    assert found["job"].text.splitlines()[0] == "Said of all of them"


@pytest.mark.parametrize(
    "text",
    [
        "a0: &a0 [two words, two words]\n" + "".join(f"a{n + 1}: &a{n + 1} [{f'*a{n},' * 8}]\n" for n in range(50)),
        "a: &a {t: two words}\n" + "".join(f"b{n}: &a {{<<: *a, k{n}: two words, m: *a}}\n" for n in range(2000)),
        "a: &a " + "two words " * 2000 + "\n" + "".join(f"b{n}: {{t: *a}}\n" for n in range(2000)),
        "a: &a\n  b: *a\n  c: {<<: *a}\n  title: Its words\n",
        "".join(f"a{n + 1}: &a{n + 1} {{b: *a{n}, title: Words}}\n" for n in range(200)),
    ],
)
def test_what_yaml_says_again_is_little_more_than_the_file(text: str) -> None:
    told = sum(len(one.text) + len(str(dict(one.meta))) for one in units("a.yaml", text).values())
    assert 0 < told < 10 * len(text) + 100_000


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_block_of_text_in_yaml_ends_with_its_last_words(end: str) -> None:
    text = "a:\n  - b: |\n      é 🙂 one\n\n      two\n\n  - c: >-\n      three four\n\n\n# five\n"
    text += "d:\n  - e: |+\n      six seven\n\n"
    places = {name: (one.start_line, one.end_line) for name, one in units("a.yaml", text.replace("\n", end)).items()}
    assert places == {"a.0": (2, 5), "a.1": (7, 8), "d.0": (13, 14)}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.yaml", "- one: two words\n- three: four words\n"),
        ("a.json", '[{"one": "two words"}, {"three": "four words"}]'),
    ],
)
def test_entries_of_a_list_without_a_name_are_numbered(path: str, text: str) -> None:
    assert [(one.name, one.signature) for one in units(path, text).values()] == [("0", "0"), ("1", "1")]


@pytest.mark.parametrize(("path", "text"), [("a.toml", 'b = "two words"\n'), ("a.json", '{"b": "two words"}')])
def test_a_file_that_is_one_entry_is_signed_with_its_name(path: str, text: str) -> None:
    assert [(one.name, one.signature) for one in units(path, text).values()] == [("a", "a")]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.yaml", "path: My Documents/a.png\n"),
        ("a.toml", "id = 'two words'\n"),
        ("a.json", '[{"image": "two words.png"}, {"path": "two words", "size": 3}]'),
        ("a.ts", 'export const FILES = [{ path: "My Documents/a" }, { href: "/two words" }];\n'),
    ],
)
def test_an_entry_that_tells_nothing_is_no_unit(path: str, text: str) -> None:
    """A unit without text would keep the whole corpus from being let through."""
    assert all(one.text for one in units(path, text).values())


@pytest.mark.parametrize(
    "test",
    [
        '[ "$1" \\< "$2" ]', '[ $TEST "$1" ]', '! [ "$t" "$1" ]', '[ a -a \\( -f b \\) ] || [ $x y ]',
        '{ [ $x y ]; }', '([ $x y ])', 'if [ $x y ]\n  then c; fi', '[ -n "`[ $x y ]`" ]',
        "exec 3<>/dev/tty",
    ],
)  # fmt: skip
def test_a_test_in_brackets_may_hold_what_a_command_may_and_a_file_be_read_and_written(test: str) -> None:
    text = f"# Says.\nfirst() {{\n  {test} && go\n}}\n\nsecond() {{\n  a\n  b\n  c\n}}\n"
    found = units("a.sh", text)
    assert [name for name, one in found.items() if one.kind == "function"] == ["first", "second"]
    assert found["first"].text == text.split("\n\n")[0]
    assert "go" in found["first"].meta["calls"]


@pytest.mark.parametrize("mark", ["@internal", "{@inheritDoc}", "@__NO_SIDE_EFFECTS__"])
def test_a_mark_alone_says_nothing_and_beside_words_they_are_what_is_said(mark: str) -> None:
    code = "let x;\n\n{}function f() {{\n  a();\n  b();\n  c();\n}}\n"
    for alone in (f"/** {mark} */\n", f"/**\n * {mark}\n */\n"):
        assert units("a.ts", code.format(alone))["f"].docstring == ""
    said = {
        f"/**\n * Adds.\n * {mark}\n */\n": "Adds.",
        "/** @internal parts are added. */\n": "@internal parts are added.",
    }
    assert {above: units("a.ts", code.format(above))["f"].docstring for above in said} == said
