"""What a run prints is kept for its page, and shown where the run was started."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from dagster import DagsterInstance

from modelmill.settings import CHECKOUT
from orchestration.captured import ShownLogManager

KEY = ["a run", "compute_logs", "a step"]
# A program whose run prints by itself, by a child and below Python, and ends at once.
PROGRAM = f"""
import os, subprocess, sys
from orchestration.captured import ShownLogManager
print("before", flush=True)
with ShownLogManager(sys.argv[1]).capture_logs({KEY}):
    print("said")
    print("complained", file=sys.stderr)
    sys.stdout.flush()
    subprocess.run(["echo", "a child's"], check=True)
    os.write(1, b"below\\n")
    {{}}
    print("the last word")
print("after")
"""


def _printed(folder: Path, doing: str = "") -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-c", PROGRAM.format(doing), str(folder)]
    return subprocess.run(argv, cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=60)


def _kept(folder: Path, ending: str) -> str:
    return (folder / "a run" / "compute_logs" / f"a step.{ending}").read_text()


def test_all_is_kept_and_shown_in_order(tmp_path: Path) -> None:
    done = _printed(tmp_path)
    assert (done.returncode, done.stderr) == (0, "complained\n")
    assert done.stdout == "before\nsaid\na child's\nbelow\nthe last word\nafter\n"
    assert _kept(tmp_path, "out") == "said\na child's\nbelow\nthe last word\n"
    assert _kept(tmp_path, "err") == "complained\n"
    assert ShownLogManager(str(tmp_path)).is_capture_complete(KEY)


def test_much_at_once_is_all_shown(tmp_path: Path) -> None:
    done = _printed(tmp_path, 'print("line\\n" * 300_000, end="")')
    assert done.stdout.count("line\n") == 300_000
    assert done.stdout.endswith("the last word\nafter\n")


def test_what_a_run_said_before_it_failed_is_shown_and_it_is_not_complete(tmp_path: Path) -> None:
    done = _printed(tmp_path, "raise ValueError")
    assert done.returncode == 1
    assert "below\n" in done.stdout
    assert "ValueError" in done.stderr
    assert not ShownLogManager(str(tmp_path)).is_capture_complete(KEY)


def test_what_is_printed_is_kept_though_whoever_looked_on_went_away(tmp_path: Path) -> None:
    program = PROGRAM.format("import time; time.sleep(1)").replace('print("after")', "os._exit(0)")
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as started:
        assert started.stdout is not None
        assert started.stdout.readline() == b"before\n"
        started.stdout.close()
    assert started.returncode == 0
    assert _kept(tmp_path, "out") == "said\na child's\nbelow\nthe last word\n"


def test_streams_that_are_no_files_stay_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr(sys, "stdout", written)
    monkeypatch.setattr(sys, "stderr", written)
    with ShownLogManager(str(tmp_path)).capture_logs(KEY):
        print("said")
    assert written.getvalue() == "said\n"


def test_the_instance_captures_by_it(dagster: DagsterInstance) -> None:
    manager = dagster.compute_log_manager
    assert isinstance(manager, ShownLogManager)
    assert manager.get_captured_local_path(KEY, "out").startswith(os.environ["DAGSTER_HOME"])
