"""Checks judge only what is new: when a verdict is said again, and everything for which it is not."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from intake_project import SHAPES, write
from pydantic import SecretStr
from sqlalchemy import Engine, func, select, text, update

from modelmill import expectations, guard, screening
from modelmill.extract.stage import extract
from modelmill.normalize import expectations as asked
from modelmill.normalize import privacy
from modelmill.normalize.expectations import SUITE, check_units, rescan
from modelmill.normalize.stage import normalize
from modelmill.records import Corpus
from modelmill.settings import Settings
from modelmill.store import corpora, database, dump, units
from modelmill.store.server import embedded_url
from modelmill.store.tables import unit, verdict

FILES = {"a.py": SHAPES, "b.py": SHAPES.replace("Circle", "Square"), "c.md": "# Shapes\n\nA page about shapes.\n"}
KNOWN = {"kinds": ["function"], "languages": ["python"]}
GOOD: dict[str, Any] = {
    "key": "p:a.py::f", "characters": 10, "kind": "function", "language": "python", "group": "g", "sha256": "a" * 64,
    "document_sha256": "b" * 64, "cluster": "c" * 64, "start_line": 1, "end_line": 1,
}  # fmt: skip


@pytest.fixture
def corpus(settings: Settings, db: Engine, tmp_path: Path) -> Corpus:
    """Three files, taken in and judged once."""
    made = corpora.add(settings, db, "p", str(write(tmp_path / "p", FILES)), "MIT")
    _take_in(settings, db, made)
    for check in (check_units, rescan):
        first = check(db, made)
        assert first.passed
        assert (first.told["judged_now"], "said_again" in first.told) == (first.told["units"], False)
    return made


def _take_in(settings: Settings, db: Engine, corpus: Corpus) -> None:
    extract(settings, db, corpus)
    normalize(settings, db, corpus)


def _in(db: Engine, path: str) -> int:
    with db.connect() as conn:
        return conn.scalar(select(func.count()).where(unit.c.path == path)) or 0


def _change(db: Engine, path: str, **values: Any) -> None:
    """As nothing of ours would: past normalize, so that no publication tells."""
    with db.begin() as conn:
        conn.execute(update(unit).where(unit.c.path == path).values(**values))


def test_what_passed_is_said_again_without_the_library(
    db: Engine, corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expectations, "check", _never)
    monkeypatch.setattr(privacy, "find", _never)
    for check in (check_units, rescan):
        again = check(db, corpus)
        assert again.passed
        assert (again.told["judged_now"], again.told["said_again"]) == (0, again.told["units"])
        assert again.told["said_again_since"]
    assert check_units(db, corpus).told["said_by"] == "Great Expectations"


def _never(*_: object) -> None:
    raise AssertionError("it was judged again")


def test_only_the_files_that_changed_are_judged(settings: Settings, db: Engine, corpus: Corpus, tmp_path: Path) -> None:
    (tmp_path / "p" / "c.md").write_text("# Shapes\n\nAnother page about shapes, and circles.\n")
    _take_in(settings, db, corpus)
    for check in (check_units, rescan):
        told = check(db, corpus).told
        assert told["judged_now"] == _in(db, "c.md") == told["units"] - told["said_again"]
    assert "first look" in guard.UNITS[0].run(settings, db, corpus, False).told["said_by"]


@pytest.mark.parametrize(
    "values", [{"kind": "poem"}, {"language": "elvish"}, {"end_line": 0}, {"cluster": "x"}, {"text": " "}]
)
def test_rows_that_something_else_changed_are_judged_by_the_library(
    db: Engine, corpus: Corpus, values: dict[str, Any]
) -> None:
    _change(db, "c.md", **values)
    for _ in range(2):  # a failure is never said again
        checked = check_units(db, corpus)
        assert not checked.passed
        assert checked.told["judged_by"] == "Great Expectations"
        assert checked.told["judged_now"] == _in(db, "c.md")
    _change(db, "c.md", kind="section", language="markdown", end_line=9, cluster="a" * 64, text="A page")
    assert check_units(db, corpus).passed


@pytest.mark.parametrize("field", ["text", "docstring", "signature", "name", "meta"])
def test_a_secret_is_found_wherever_it_came_to_be_since(db: Engine, corpus: Corpus, field: str) -> None:
    secret = "mail jim@acme-shapes.com"
    _change(db, "c.md", **{field: {"said": secret} if field == "meta" else secret})
    for _ in range(2):
        assert {one.kind for one in rescan(db, corpus).left} == {"email"}


def test_other_rules_code_or_libraries_judge_everything_anew(
    db: Engine, corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other.suite.json"
    other.write_text(SUITE.read_text().replace("2000000", "1000000"))
    with monkeypatch.context() as patch:
        patch.setattr(asked, "SUITE", other)
        assert "said_again" not in check_units(db, corpus).told
    assert "said_again" not in check_units(db, corpus).told
    changed = tmp_path / "privacy.py"
    changed.write_text(Path(str(privacy.__file__)).read_text() + "\n# another rule\n")
    with monkeypatch.context() as patch:
        patch.setattr(privacy, "__file__", str(changed))
        assert "said_again" not in rescan(db, corpus).told
    for check in (check_units, rescan):
        assert check(db, corpus, everything=True).told["judged_now"] == check(db, corpus).told["units"]
        with monkeypatch.context() as patch:
            patch.setattr(asked, "version", lambda name: f"another {name}")
            assert "said_again" not in check(db, corpus).told


def test_after_a_week_everything_is_judged_by_the_library(db: Engine, corpus: Corpus) -> None:
    with db.begin() as conn:
        conn.execute(
            update(verdict).where(verdict.c.file == "a.py").values(at=text("now() - interval '6 days 1 hour'"))
        )
    told = check_units(db, corpus).told
    assert (told["judged_now"], told["judged_by"]) == (told["units"], "Great Expectations")
    assert check_units(db, corpus).told["said_again"] == told["units"]


def test_what_is_gone_leaves_no_verdict(settings: Settings, db: Engine, corpus: Corpus, tmp_path: Path) -> None:
    (tmp_path / "p" / "c.md").unlink()
    _take_in(settings, db, corpus)
    assert check_units(db, corpus).passed
    assert rescan(db, corpus).passed
    with db.connect() as conn:
        assert set(conn.scalars(select(verdict.c.file))) == {"a.py", "b.py"}


def test_units_whose_keys_could_be_equal_are_judged_together(db: Engine, corpus: Corpus) -> None:
    with db.begin() as conn:
        conn.execute(update(unit).where(unit.c.path == "c.md").values(path="a.py::Circle", name="area"))
        conn.execute(update(unit).where(unit.c.path == "b.py", unit.c.kind == "method").values(path="a.py"))
    with db.connect() as conn:
        together = {row["key"] for row in units.outlines(conn, corpus.id, ["a.py"])}
    assert "p:a.py::Circle::area" in together


BAD = (
    ("key", None), ("characters", 0), ("characters", 2_000_001), ("characters", None), ("kind", "poem"), ("kind", None),
    ("language", "elvish"), ("group", ""), ("sha256", "A" * 64), ("sha256", "a" * 63), ("sha256", "a" * 65),
    ("cluster", f"{'c' * 64}\n"), ("document_sha256", f"x{'b' * 64}"), ("start_line", 0), ("end_line", 0),
    ("end_line", None),
)  # fmt: skip


@pytest.mark.parametrize(("column", "value"), BAD)
def test_the_first_look_lets_nothing_pass_that_the_library_refuses(column: str, value: Any) -> None:
    good = {**GOOD, "key": "p:a.py::g", "end_line": 7, "characters": 2_000_000}
    rows = [GOOD, good, {**GOOD, "key": "p:a.py::h", column: value}]
    assert screening.passes([GOOD, good], SUITE, KNOWN)
    assert expectations.check([GOOD, good], units.OUTLINE, SUITE, KNOWN).passed
    assert not screening.passes(rows, SUITE, KNOWN)


def test_two_equal_keys_do_not_pass_the_first_look() -> None:
    assert not screening.passes([GOOD, {**GOOD}], SUITE, KNOWN)
    assert not expectations.check([GOOD, {**GOOD}], units.OUTLINE, SUITE, KNOWN).passed


@pytest.mark.parametrize(
    "other",
    [
        {"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 1}},
        {"type": "expect_column_values_to_be_between", "kwargs": {"column": "characters", "mostly": 0.9}},
        {"type": "expect_column_values_to_be_between", "kwargs": {"column": "characters", "strict_min": True}},
    ],
)
def test_an_expectation_that_the_first_look_does_not_know_is_the_librarys(other: Any, tmp_path: Path) -> None:
    suite = json.loads(SUITE.read_text())
    suite["expectations"].append(other)
    file = tmp_path / "units.suite.json"
    file.write_text(json.dumps(suite))
    assert screening.is_separable(SUITE)
    assert not screening.is_separable(file)
    assert not screening.passes([GOOD], file, KNOWN)


COUNT_ON = "DO $$ BEGIN FOR i IN 1..{} LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$"


def test_no_verdict_stands_on_another_server_that_has_counted_as_far(
    settings: Settings, db: Engine, corpus: Corpus, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What passed, was changed and failed is restored by the transaction with the number of the one that passed."""
    with db.connect() as conn:
        number = conn.scalar(text("SELECT max(xmin::text::bigint) FROM mill.unit"))
    _change(db, "c.md", text="mail jim@acme-shapes.com")
    assert not rescan(db, corpus).passed
    dump.write(settings, tmp_path / "dump")
    url = SecretStr(embedded_url(tmp_path_factory.mktemp("another")))
    other = settings.model_copy(update={"database_url": url})
    there = database.engine(other)
    with there.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        now = conn.scalar(text("SELECT pg_current_xact_id()::text::bigint"))
        if os.environ.get("MILL_TEST_DATABASE_URL") and not 0 <= number - now < 1_000_000:
            pytest.skip("the server of MILL_TEST_DATABASE_URL has counted too far")
        conn.exec_driver_sql(COUNT_ON.format(number - 1 - now))
    dump.read(other, tmp_path / "dump")
    with there.connect() as conn:
        assert set(conn.scalars(text("SELECT xmin::text::bigint FROM mill.unit"))) == {number}
    assert {one.kind for one in rescan(there, corpus).left} == {"email"}
    there.dispose()
