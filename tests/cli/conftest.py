"""The command line as a person calls it, with the test's own root, home and database."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from modelmill import cli
from modelmill.settings import CHECKOUT, Settings

Mill = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def mill(settings: Settings) -> Mill:
    """`mill WORDS...`; further keywords go into the environment."""

    def call(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "modelmill.cli", *words],
            env={**os.environ, "COLUMNS": "200", **environment},
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return call


@pytest.fixture
def inside(settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Mill:
    """The same in this process: without the seconds that imports take, for what needs no process of its own."""
    monkeypatch.setenv("COLUMNS", "200")

    def call(*words: str) -> subprocess.CompletedProcess[str]:
        monkeypatch.setattr(sys, "argv", ["mill", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return subprocess.CompletedProcess(words, int(ended.value.code or 0), said.out, said.err)

    return call
