"""`mill up` as a person has it: the embedded database, every program, every address; and nothing of it afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import psutil
from ports import free_port

from modelmill.settings import CHECKOUT

PORTS = ("MILL_GATEWAY_PORT", "MILL_DAGSTER_PORT", "MILL_MLFLOW_PORT", "MILL_CODE_PORT")


def processes_of(home: Path) -> list[str]:
    """Command lines of whatever has this home in its environment or, as PostgreSQL has, in its arguments."""
    found: list[str] = []
    for process in psutil.process_iter():
        try:
            ours = process.environ().get("MILL_HOME") == str(home) or str(home) in " ".join(process.cmdline())
            if ours and process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(" ".join(process.cmdline()))
        except (psutil.Error, OSError):
            continue
    return found


def answers(url: str) -> bool:
    with urllib.request.urlopen(url, timeout=10) as reply:
        return reply.status == 200


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
        assert any("postgres" in line for line in processes_of(home))
        up.send_signal(signal.SIGINT)
        assert up.wait(timeout=60) == 0
    finally:
        up.kill()
        up.wait()
    assert processes_of(home) == []


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
