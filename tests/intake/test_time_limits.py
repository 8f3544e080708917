"""No text of a megabyte holds an intake up: what takes too long to read is left out and said, the rest is read."""

from __future__ import annotations

import time

import pytest

from modelmill.normalize import grammar, markdown
from modelmill.normalize.language import language_of
from modelmill.normalize.parsing import Parsed, parse_document
from modelmill.normalize.placeholders import named_by
from modelmill.records import Document

SIZE = 1_000_000
# What took longest, or all the memory there is, before there were limits.
SLOW = [
    ("a.md", "- a\n"), ("a.md", "* * a\n"), ("a.md", "- a\n  - b\n    - c\n"), ("a.md", "+ a\n\n"), ("a.md", "a\n\n"),
    ("a.md", "# a\n"), ("a.md", "[a]: b\n"), ("a.sh", "a|\n"), ("a.sh", "a&&\n"), ("a.sh", "<<EOF\na\nEOF\n"),
    ("a.sh", "a=(\n"), ("a.js", "a&&\n"), ("a.js", "a??\n"),
]  # fmt: skip
# Of each reader what takes longest with the limits of use.
LONGEST = [("a.md", "# a\n"), ("a.sh", "<<EOF\na\nEOF\n"), ("a.js", "a&&\n")]


def read(path: str, text: str) -> Parsed:
    """The document's units, as the stage makes them."""
    language = language_of(path)
    assert language is not None
    return parse_document("c", Document(path, "0" * 64, "r", language.name, len(text)), text.encode(), named_by(b"k"))


def takes_seconds(path: str, piece: str, seconds: float) -> None:
    """Of the processor; and where it was not read whole it says so."""
    began = time.process_time()
    parsed = read(path, piece * (SIZE // len(piece)))
    took = time.process_time() - began
    assert took < seconds
    if path != "a.md" or took > markdown.LIMIT_SECONDS:  # a quick machine reads some of them in time, whole
        assert parsed.dropped[0].reason in ("does not parse", "does not parse in part")


@pytest.mark.parametrize(("path", "piece"), LONGEST)
def test_a_hostile_megabyte_takes_seconds_and_says_what_was_not_read(path: str, piece: str) -> None:
    takes_seconds(path, piece, 12)  # 3 to 7 where nobody else is at work


@pytest.mark.parametrize(("path", "piece"), [one for one in SLOW if one not in LONGEST])
def test_a_shorter_limit_holds_for_any_hostile_megabyte(path: str, piece: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any text is held to the limits; that those of use are short enough is tried on what takes longest."""
    monkeypatch.setattr(markdown, "LIMIT_SECONDS", 1.0)
    monkeypatch.setattr(grammar, "LIMIT_SECONDS", 2.0)
    takes_seconds(path, piece, 6)  # 1 to 3


def test_what_was_read_of_a_slow_markdown_file_in_time_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(markdown, "LIMIT_SECONDS", 1.0)
    parsed = read("a.md", "# Use\n\nthe words\n\n## More\n\nof them\n\n# List\n\n" + "- a\n" * 200_000)
    assert [(one.name, one.text) for one in parsed.units][:2] == [
        ("use", "# Use\n\nthe words"),
        ("use/more", "## More\n\nof them"),
    ]
    [left_out] = [one for one in parsed.dropped if one.reason == "does not parse in part"]
    assert left_out.detail == "not read within 1 s: lines 11 to 200011"


def test_lines_of_markdown_end_where_markdown_says_so() -> None:
    parsed = read("a.md", "one\x0ctwo\u2028three\n\n# Title\r\nits text\r\n\r\n## Next\rmore\n")
    assert [(one.name, one.start_line, one.text) for one in parsed.units] == [
        ("(beginning)", 1, "one\x0ctwo\u2028three"),
        ("title", 3, "# Title\nits text"),
        ("title/next", 6, "## Next\nmore"),
    ]


def test_a_script_with_thousands_of_pipes_is_read() -> None:
    script = "f() {\n  cat a | sort | uniq -c\n  echo done\n  echo again\n}\n"
    assert [one.name for one in read("a.sh", script * 2000).units][1:3] == ["f", "f#2"]


@pytest.mark.parametrize("piece", ["[a{}]\nb = 1\n", "a.b{}.c = 1\n", "[[a{}]]\n"])
def test_thousands_of_tables_take_no_time_squared(piece: str) -> None:
    began = time.process_time()
    read("a.toml", "".join(map(piece.format, range(20_000))))
    assert time.process_time() - began < 8  # 1 to 2 where nobody else is at work; 30 and more if each looked for each
