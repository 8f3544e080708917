"""Each reader takes time in step with a file's length, whatever is in it: what once took more."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from functools import partial

import pytest
from linear_time import seconds, takes_at_most
from test_time_limits import read

Text = Callable[[int], str]


def numbered(piece: str, size: int, head: str = "", tail: str = "") -> str:
    """Pieces, each with its number in it."""
    return head + "".join(piece.replace("{}", str(number)) for number in range(size)) + tail


def many_names(size: int) -> str:
    return numbered("a{},", size, "import {", "} from 'm';\n")


def tags(size: int) -> str:
    return numbered("%TAG !a{}! tag:b,2000:\n", size, tail="--- a\n")


def long_indent(size: int) -> str:
    return f"def f():\n  a\n{' ' * size}b\n  yield\n"


def inner_choices(size: int) -> str:
    return f"x = {'a ? ' * size}b{' : c' * size};\n"


def long_mark(size: int) -> str:
    return f"// @internal{' ' * size}x\nfunction f() {{\n  a();\n}}\n"


def inner_choices_of_a_class(size: int) -> str:
    return f"class A {{ int {inner_choices(size)} }}"


def nested(opened: str, inner: str, closed: str) -> Text:
    """A component whose markup lies in itself."""
    return lambda size: f"function Page() {{ return <i>{opened * size}{inner}{closed * size}</i>; }}\n"


def many_texts(size: int) -> str:
    return numbered("'Some words {}',", size, "function Page() { return <i>{f(", ")}</i>; }\n")


def long_tag(size: int) -> str:
    return numbered("b{}='c' ", size, f"function Page() {{ return <{'a' * 40 * size} ", "/>; }\n")


def long_bases(size: int) -> str:
    return f"class A({'a(' * size}{')' * size}):\n  x = 1\n"


@pytest.mark.parametrize(
    ("path", "text", "size"),
    [
        ("a.ts", many_names, 2000),
        ("a.js", many_names, 2000),
        ("a.tsx", many_names, 2000),
        ("a.yaml", tags, 8000),
        ("a.ts", "a`b`".__mul__, 3000),
        ("a.py", long_indent, 600),
        ("a.py", long_bases, 4000),
        ("a.js", inner_choices, 5000),
        ("a.js", long_mark, 5000),
        ("A.java", inner_choices_of_a_class, 5000),
        ("a.tsx", nested("<a b={", "1", "}/>"), 3000),
        ("a.tsx", nested("{c && <p title='Some words'>", "", "</p>}"), 1500),
        ("a.tsx", nested("<p>some {f(", "", ")}</p>"), 3000),
        ("a.tsx", many_texts, 2000),
        ("a.tsx", long_tag, 2000),
    ],
)
def test_four_times_as_much_takes_no_sixteen_times_as_long(path: str, text: Text, size: int) -> None:
    read(path, "a")
    assert takes_at_most(7, partial(read, path), text(4 * size), text(size), 0.3)


@pytest.mark.parametrize("piece", ["/* a\n", "'"])
def test_what_takes_the_parser_ten_times_as_long_as_code_is_given_up_early(piece: str) -> None:
    text = piece * (400_000 // len(piece))
    [left_out] = read("a.ts", text).dropped
    assert left_out.detail == "ValueError: not read within 0.5 s and 2.5 s a MB"
    assert seconds(lambda said: read("a.ts", said), text) < 3  # .7 where nobody else is at work; once 4.5 and 8.8


def test_types_in_types_without_an_end_take_no_memory() -> None:
    [left_out] = read("A.java", "A<" * 30_000).dropped
    assert left_out.detail == "ValueError: 30000 times `<` without an end"
    nested = f"interface A {{\n  {'B<' * 40}C{'>' * 40} b();\n  int c();\n  int d();\n}}\n"
    assert [one.name for one in read("A.java", nested).units] == ["A (module)", "A"]


@pytest.mark.parametrize("piece", ["a<b,", "Record<string, ", "a<b,/*>*/"])
def test_what_takes_the_parser_memory_squared_is_given_up_before_it_has_it(piece: str) -> None:
    text = piece * (400_000 // len(piece))  # 100 kB of it took 1 GB and more, a megabyte all there was
    for path in ("a.ts", "a.tsx"):
        [left_out] = read(path, text).dropped
        assert left_out.detail.startswith("ValueError: not read with")


@pytest.mark.parametrize(
    ("path", "piece", "asked"),
    [
        ("a.py", "def f():\n    return 1\n", 8),
        ("a.sh", "cat <<E\n$(a) ${b}\nE\n", 3_002),  # of each the parser asks for a piece of its own: 280 MB
        ("a.sh", "<<EE\n$a", 8_573),
    ],
)
def test_of_a_text_that_was_read_nothing_is_held(path: str, piece: str, asked: int) -> None:
    text, times = piece * (60_000 // len(piece)), 10
    read(path, text)
    tracemalloc.start()
    try:
        for _ in range(times):
            read(path, text)
        gc.collect()
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # The parser's binding keeps the view it got each time it asked, some 300 bytes; what is in it would be ten times
    # the text at least.
    assert kept < 3 * len(text) + times * asked * 400
