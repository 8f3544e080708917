"""What a narrow terminal and a pipe show: whole names, no style, and texts as they are."""

from __future__ import annotations

import sys

import pytest
from rich.table import Table
from sqlalchemy import Engine

from modelmill import asking, cli
from modelmill.commands import session
from modelmill.records import Unit
from modelmill.task import Hit

LONG = "intent_classification@1.0.0"


def table() -> Table:
    made = Table("task", "release", "value", title="Scores")
    made.add_row("intent_classification", LONG, "0.645")
    made.add_row("semantic_search", "[red]", ":key:")
    return made


def shown(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: int) -> str:
    monkeypatch.setenv("COLUMNS", str(columns))
    session.show(table())
    return capsys.readouterr().out


@pytest.mark.parametrize(("columns", "lines"), [(200, True), (60, False), (57, False), (30, False)])
def test_no_name_is_cut_however_narrow_it_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: int, lines: bool
) -> None:
    said = shown(capsys, monkeypatch, columns)
    for whole in ("Scores", "intent_classification ", LONG, "semantic_search", "[red]", ":key:", "0.645"):
        assert whole in said.replace("\n", " \n"), (columns, whole)
    assert "…" not in said
    assert ("│" in said) is lines
    assert max(map(len, said.splitlines())) <= max(columns, len(f"release  {LONG}"))


def test_too_narrow_for_columns_each_row_is_a_block(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = shown(capsys, monkeypatch, 40)
    assert f"task     intent_classification\nrelease  {LONG}\nvalue    0.645\n" in said


def test_a_path_is_printed_as_it_is_on_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], db: Engine
) -> None:
    """Next.js calls files `[id].tsx`; a corpus, a path and a line have colons between."""
    path = "pages/[id]/[/red]/" + "long/" * 40 + ".tsx"
    unit = Unit("shop", path, "key", "function", "tsx", "[bold]text[/bold] of :key: it", "g")
    monkeypatch.setattr(asking, "search", lambda *_: [Hit(unit, 0.5)])
    monkeypatch.setattr(sys, "argv", ["mill", "search", "x"])
    monkeypatch.delenv("COLUMNS", raising=False)
    with pytest.raises(SystemExit):
        cli.main()
    assert capsys.readouterr().out == f"0.500  shop:{path}:1  key\n       [bold]text[/bold] of :key: it\n"
