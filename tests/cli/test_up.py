"""`mill up` as a person has it: the embedded database, every program, every address; and nothing of it afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
from ports import free_port

from modelmill.settings import CHECKOUT

PORTS = ("MILL_GATEWAY_PORT", "MILL_DAGSTER_PORT", "MILL_MLFLOW_PORT", "MILL_CODE_PORT")


def ours(home: Path) -> Iterator[tuple[int, str]]:
    """Ids and command lines of whatever has this home in its environment or, as PostgreSQL has, in its arguments."""
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            line = " ".join(process.cmdline())
            mine = process.environ().get("MILL_HOME") == str(home) or str(home) in line
            if mine and process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE:
                yield process.pid, line


def answers(url: str) -> bool:
    with urllib.request.urlopen(url, timeout=10) as reply:
        return reply.status == 200


def pids(home: Path, *words: str) -> list[int]:
    """Of the programs of this home that have one of the words in their command line; not of what writes their logs."""
    return sorted(
        pid for pid, line in ours(home) if "modelmill.logs" not in line and any(word in line for word in words)
    )


def reload(environment: dict[str, str], checkout: Path) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "modelmill.cli", "reload"]
    return subprocess.run(argv, env=environment, cwd=checkout, capture_output=True, text=True, timeout=120, check=False)


def with_a_broken_task(place: Path) -> Path:
    """A copy of our code in which one task file has no TASK."""
    for name in ("modelmill", "assets", "orchestration", "serving", "sandbox"):
        shutil.copytree(CHECKOUT / name, place / name)
    (place / "modelmill" / "tasks" / "broken.py").write_text('"""No task."""\n')
    return place


def test_everything_answers_and_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    root, home = tmp_path / "root", tmp_path / "home"
    root.mkdir()
    ports = {name: free_port() for name in PORTS}
    environment = {name: value for name, value in os.environ.items() if name != "MILL_DATABASE_URL"}
    environment |= {"MILL_ROOT": str(root), "MILL_HOME": str(home)} | {name: str(port) for name, port in ports.items()}
    log = tmp_path / "up.log"
    with log.open("w") as out:
        argv = [sys.executable, "-m", "modelmill.cli", "up"]
        up = subprocess.Popen(argv, env=environment, cwd=CHECKOUT, stdout=out, stderr=out)
    try:
        wait_for(log, "Ctrl-C or `mill down` ends everything", up)
        gateway, dagster, mlflow = (f"http://127.0.0.1:{ports[name]}" for name in PORTS[:3])
        assert answers(f"{gateway}/livez")
        assert answers(f"{gateway}/docs")
        assert answers(f"{dagster}/server_info")
        assert answers(mlflow)
        assert all(f"127.0.0.1:{port}" in log.read_text() for port in list(ports.values())[:3])
        assert any("postgres" in line for _, line in ours(home))
        read_again = "orchestration.definitions", "serving.gateway:Gateway"
        before, others = pids(home, *read_again), pids(home, "dagster-webserver", "dagster-daemon")
        refused = reload(environment, with_a_broken_task(tmp_path / "copy"))
        assert refused.returncode == 2 and "broken" in refused.stderr and "TASK" in refused.stderr
        assert pids(home, *read_again) == before
        done = reload(environment, CHECKOUT)
        assert done.returncode == 0, done.stderr
        assert answers(f"{gateway}/livez")
        assert len(before) == 2 and not set(before) & set(pids(home, *read_again))
        assert pids(home, "dagster-webserver", "dagster-daemon") == others
        up.send_signal(signal.SIGINT)
        assert up.wait(timeout=60) == 0
    finally:
        up.kill()
        up.wait()
    assert list(ours(home)) == []


def wait_for(log: Path, words: str, up: subprocess.Popen[bytes], seconds: int = 300) -> None:
    """Until `mill up` has said it."""
    for _ in range(seconds * 2):
        if words in log.read_text():
            return
        try:
            up.wait(timeout=0.5)
        except subprocess.TimeoutExpired:
            continue
        break
    raise AssertionError(log.read_text())
