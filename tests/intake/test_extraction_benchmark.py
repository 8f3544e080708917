"""benchmarks/extraction.py calls what normalize calls: a change there is seen here, not at the next measurement."""

from __future__ import annotations

import runpy
import sysconfig
from pathlib import Path

import pytest

from modelmill.settings import CHECKOUT, Settings

FILES = [("a.py", 'def one():\n    """Say one."""\n    return 1\n'), ("b.py", "import a\n")]


def test_the_benchmark_of_extraction_parses_files_by_a_process_and_finds_their_units(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path, text in FILES:
        (tmp_path / path).write_text(text)
    benchmark = runpy.run_path(str(CHECKOUT / "benchmarks" / "extraction.py"))
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(tmp_path))  # the whole library takes half a minute
    assert benchmark["library"]("*.py") == FILES
    assert benchmark["by_processes"](1) > 0
    assert [len(benchmark["units"](*file)) for file in FILES] == [2, 1]
    assert [len(benchmark["records"](*file)) for file in FILES] == [1, 0]
    assert all(taken > 0 for taken in benchmark["best"]((benchmark["walk"], benchmark["units"]), FILES))
