"""The embedded server's own steps that do not need it to run."""

from __future__ import annotations

import os
import shutil

import pytest

from modelmill.store.server import system_programs


def test_root_without_the_system_folders_on_the_path_still_finds_useradd(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plain `su` keeps a user's PATH, which on Debian lacks /usr/sbin."""
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with system_programs():
        assert shutil.which("useradd")
    assert os.environ["PATH"] == "/usr/bin:/bin"


def test_without_a_path_there_is_none_afterwards_and_a_user_gets_nothing_added(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PATH")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with system_programs():
        assert "/usr/sbin" in os.environ["PATH"]
    assert "PATH" not in os.environ
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with system_programs():
        assert "PATH" not in os.environ
