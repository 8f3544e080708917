"""Names without measure, and ignore files that are none, stop no intake."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from intake_project import write
from sqlalchemy import Engine

from modelmill.errors import UserError
from modelmill.extract.directory import SOURCE
from modelmill.extract.ignoring import asked, rules_of
from modelmill.extract.stage import extract
from modelmill.normalize.language import MAX_NAME, Draft, all_languages
from modelmill.normalize.stage import normalize
from modelmill.settings import Settings
from modelmill.store import corpora, units

LONG = "".join(chr(ord("a") + i * i % 26) for i in range(4_500)) + " "


def test_a_heading_a_key_and_a_path_as_long_as_a_file_are_taken_in(
    settings: Settings, db: Engine, tmp_path: Path
) -> None:
    root = write(tmp_path / "p", {
        "a.md": f"# {LONG * 40}\n\nWords.\n\n# {LONG * 40}x\n\nOthers.\n",
        "b.json": f'{{"{LONG}": {{"title": "hello there"}}' + ',\n"k": 1' * 40 + "}",
    })  # fmt: skip
    deep = root / "/".join(["d" * 100] * 11)
    deep.mkdir(parents=True)
    (deep / "c.md").write_text("# Too deep\n\nWords.\n")
    corpora.add(settings, db, "p", str(root), "MIT")
    one = corpora.get(db, "default", "p")
    assert extract(settings, db, one).dropped == {"bad name": 1}
    assert normalize(settings, db, one).units == 3
    with db.connect() as conn:
        names = {unit.name for unit in units.stream(conn, one.id, ["a.md", "b.json"])}
    assert len(names) == 3 and max(map(len, names)) <= MAX_NAME + 20


IGNORING = [
    "[\n",
    "(a*)*b\n",
    "!" + "a" * 100_000 + "\n",
    "**/" * 2000 + "x\n",
    "*" * 5000 + "y\n",
    "\0\n",
    "\\\n",
    "[z-a]\n",
]


@pytest.mark.parametrize("line", IGNORING, ids=lambda line: line[:8].encode("unicode_escape").decode())
def test_a_line_that_is_no_pattern_does_not_take_the_others_with_it(tmp_path: Path, line: str) -> None:
    root = write(tmp_path, {".gitignore": f"*.log\n{line}", "a.log": "x", "a.py": "x"})
    with SOURCE.open(str(root), tmp_path) as snapshot:
        found = {entry.path: entry.refused for entry in snapshot.files()}
    assert found["a.log"] == "ignored" and found["a.py"] == ""


def test_patterns_that_are_too_much_together_are_refused_or_used() -> None:
    many = "\n".join(f"*{n}*a*b*c*d*e*f" for n in range(20_000))
    try:
        assert not asked("a.py", (rules_of("", many.encode()),))
    except UserError as error:
        assert "patterns" in error.found


def test_a_notebook_of_format_3_is_read() -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# Circles\n", "Round ones.\n"]},
        {"cell_type": "code", "input": ["def area(r):\n", "    '''Return the area.'''\n", "    return 3 * r * r\n"]},
    ]
    text = json.dumps({"nbformat": 3, "worksheets": [{"cells": cells}]}, indent=1)
    found = [one for one in all_languages()["notebook"].units("a.ipynb", text) if isinstance(one, Draft)]
    assert [(one.kind, one.name) for one in found] == [("section", "circles"), ("function", "area")]
