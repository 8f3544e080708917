"""Log lines are JSON that say what they are about, and hold nothing secret; several processes write one file."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelmill import logs
from modelmill.errors import UserError
from modelmill.settings import CHECKOUT

PEPPER, PASSWORD, KEPT = "planted-pepper-2f81", "planted p@ssword", "a1b2c3d4planted"
KEY = "mk_abcdefghij." + "Zx9_" * 10 + "abc"
CANARIES = (PEPPER, "planted%20p%40ssword", PASSWORD, KEPT, KEY.split(".")[1], "AKIAIOSFODNN7EXAMPLQ", "tok.en-1234567")
SAID = (
    f"pepper {PEPPER}; postgresql://mill:planted%20p%40ssword@db/mill or {PASSWORD}; kept {KEPT}; key {KEY}; "
    "aws AKIAIOSFODNN7EXAMPLQ; Authorization: Bearer tok.en-1234567"
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home with planted secrets, and our logger as it was."""
    monkeypatch.setenv("MILL_KEY_PEPPER", PEPPER)
    monkeypatch.setenv("MILL_DATABASE_URL", "postgresql://mill:planted%20p%40ssword@db/mill")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "pepper").write_text(KEPT + "\n")
    before = logs.logger().handlers[:], logs.logger().level, logs.logger().propagate
    logs.logger().handlers.clear()
    yield tmp_path
    logs.logger().handlers[:], level, logs.logger().propagate = before
    logs.logger().setLevel(level)


def lines(home: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (home / "logs" / "mill.jsonl").read_text().splitlines()]


def test_a_line_says_what_it_is_about(home: Path) -> None:
    logs.configure(home, "run")
    logs.configure(home, "run")
    with logs.about(run="r1", asset="units", partition="code"), logs.about(request="q1", partition=""):
        logs.logger().info("done %d", 3)
    logs.logger().debug("not asked for")
    [said] = lines(home)
    about = {name: said[name] for name in ("level", "program", "run", "asset", "partition", "request", "said")}
    assert about == {
        "level": "info", "program": "run", "run": "r1", "asset": "units", "partition": "code", "request": "q1",
        "said": "done 3",
    }  # fmt: skip


def test_no_planted_secret_is_in_any_line_ours_or_a_programs(home: Path) -> None:
    logs.configure(home, "run")
    logs.logger().warning(SAID)
    try:
        raise UserError(SAID, allowed="-", found=SAID, next="-")
    except UserError as error:
        logs.logger().error("failed", exc_info=error)
    out = io.StringIO()
    told = (
        SAID,
        json.dumps({"event": SAID, "level": "ERROR", "exception": SAID}),
        '{"not": "whole',
        "",
        '{"a":' * 9999,
    )
    logs.relay("mlflow", io.StringIO("\n".join(told)), out, home)
    written = (home / "logs" / "mill.jsonl").read_text() + out.getvalue()
    assert [canary for canary in CANARIES if canary in written] == []
    assert "UserError" in str(lines(home)[1]["error"])
    relayed = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [one["level"] for one in relayed] == ["info", "error", "info", "info"]
    assert {one["program"] for one in relayed} == {"mlflow"}
    assert "mk_abcdefghij" in written, "which key it was may be said"


def test_lines_about_what_is_erased_go_whatever_ends_a_line_elsewhere_or_is_no_text(home: Path) -> None:
    logs.configure(home, "run")
    for partition in ("code", "notes"):
        with logs.about(partition=partition):
            logs.logger().info("one\u2028two\x85three of %s", partition)
    with (home / "logs" / "mill.jsonl").open("ab") as torn:
        torn.write(b'{"said": "\xff\n')
    assert logs.forget(home, [], ["code"]) == 1
    kept = (home / "logs" / "mill.jsonl").read_bytes()
    assert b"of notes" in kept and b"of code" not in kept and b"\xff" in kept


def test_a_run_that_a_program_speaks_of_is_a_field_of_its_line(home: Path) -> None:
    run, out = "0b9e9b6e-5d0c-4b6e-9c3a-2f1d8c7b6a5e", io.StringIO()
    logs.relay("dagster-daemon", io.StringIO(f"dagster - INFO - intake - {run} - 12 - units - begun\n"), out, home)
    assert json.loads(out.getvalue())["run"] == run
    assert run in json.loads(out.getvalue())["said"]


def test_what_a_failed_run_prints_below_its_line_goes_with_it_while_the_program_writes_on(home: Path) -> None:
    runs = [f"0b9e9b6e-5d0c-4b6e-9c3a-2f1d8c7b6a5{number}" for number in range(2)]
    file = home / "logs" / "dagster-code.log"
    file.parent.mkdir(parents=True)
    told = "".join(
        f"2026-11-29 15:46:06 +0000 - dagster - ERROR - intake - {run} - 12 - documents - failed\n"
        f"UserError: '/srv/{name}' cannot be read\n  found:   an ERROR of {name}\n\nStack Trace:\n"
        for run, name in zip(runs, ("shop", "other"), strict=True)
    )
    with file.open("a", encoding="utf-8") as out:
        logs.relay("dagster-code", io.StringIO(told + '{"event": "Stopping server"}\nINFO: ended\n'), out, home)
        assert logs.forget(home, [runs[0]], []) == 4
        logs.relay("dagster-code", io.StringIO("and on\n"), out, home)
    left = file.read_text(encoding="utf-8")
    assert "shop" not in left and runs[0] not in left
    said = [json.loads(one) for one in left.splitlines()]
    assert [one.get("run") for one in said] == [None] * 4 + [runs[1]] * 4 + [None] * 3
    assert "/srv/other" in said[5]["said"] and said[-1]["said"] == "and on"


def test_four_processes_write_whole_lines_while_the_file_is_rotated(home: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from modelmill import logs; logs.MAX_BYTES = 20_000\n"
        "logs.configure(Path(sys.argv[1]), 'run')\n"
        "for i in range(100): logs.logger().info('x' * 300)\n"
    )
    argv = [sys.executable, "-c", program, str(home)]
    writers = [subprocess.Popen(argv, cwd=CHECKOUT, env={**os.environ}) for _ in range(4)]
    assert [one.wait(60) for one in writers] == [0] * 4
    files = sorted((home / "logs").glob("mill.jsonl*"))
    assert [file.name for file in files] == ["mill.jsonl", "mill.jsonl.1", "mill.jsonl.2"]
    for file in files:
        assert file.stat().st_size < 21_000
        assert all(json.loads(line)["said"] == "x" * 300 for line in file.read_text().splitlines())


def test_what_a_tethered_program_prints_becomes_json_and_its_exit_code_is_its_own(home: Path) -> None:
    argv = [sys.executable, "-m", "modelmill.tether", "--log", "mine", sys.executable, "-c"]
    argv.append(f"import sys; print({SAID!r}); print('gone', file=sys.stderr); sys.exit(7)")
    environment = {**os.environ, "MILL_HOME": str(home)}
    done = subprocess.run(argv, cwd=CHECKOUT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 7
    said = [json.loads(line) for line in done.stdout.splitlines()]
    assert {one["program"] for one in said} == {"mine"}
    assert "gone" in [one["said"] for one in said]
    assert [canary for canary in CANARIES if canary in done.stdout] == []


def test_a_home_that_cannot_be_written_stops_nothing(home: Path) -> None:
    (home / "logs").write_text("a file where the folder should be")
    logs.configure(home, "run")
    logs.logger().info("lost")
    assert logging.getLogger("mill").handlers


def test_a_tethered_module_is_run_with_its_arguments_and_gives_its_exit_code(tmp_path: Path) -> None:
    (tmp_path / "told.py").write_text("import os, sys; print(__name__, sys.argv[1:], os.getppid()); sys.exit(7)\n")
    argv = [sys.executable, "-m", "modelmill.tether", "-m", "told", "--after", "a word"]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (7, f"__main__ ['--after', 'a word'] {os.getpid()}\n")
