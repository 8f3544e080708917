"""A gateway that a person starts alone, with the embedded database: how it ends, and what it says without tables."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest
from ports import free_port
from serving_programs import until

from modelmill.programs import served
from modelmill.settings import CHECKOUT

KEEPER = (
    "import pathlib, sys; from modelmill.store import server\n"
    "server.embedded_url(pathlib.Path(sys.argv[1])); print('joined', flush=True); sys.stdin.read()"
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def gateway(home: Path, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """It has asked the database, which has no tables yet: that is where it joins or starts it."""
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if name != "MILL_DATABASE_URL"}
    environment |= {"MILL_ROOT": str(tmp_path), "MILL_HOME": str(home)}
    log = tmp_path / "gateway.log"
    with log.open("wb") as out, heard(signal.SIGHUP):
        argv = served("serving.gateway:Gateway", "127.0.0.1", port)
        program = subprocess.Popen(argv, env=environment, cwd=CHECKOUT, stdout=out, stderr=out)
    url = f"http://127.0.0.1:{port}"
    try:
        until(lambda: httpx.get(f"{url}/readyz", timeout=30).status_code == 503, 60, log.read_text)
        until(lambda: postmaster(home) is not None, 30, log.read_text)
        yield program, url
    finally:
        program.kill()
        program.wait()
        if left := postmaster(home):
            left.terminate()


@contextmanager
def heard(number: signal.Signals) -> Iterator[None]:
    """What starts within does not ignore it, as all would that a test run by nohup starts."""
    before = signal.signal(number, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(number, before)


def postmaster(home: Path) -> psutil.Process | None:
    """The server of this home, if it is up."""
    try:
        process = psutil.Process(int((home / "postgres" / "postmaster.pid").read_text().split()[0]))
        return process if process.status() != psutil.STATUS_ZOMBIE else None
    except (OSError, IndexError, psutil.NoSuchProcess):
        return None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_gateway_that_is_ended_ends_the_database_that_it_started(
    home: Path, gateway: tuple[subprocess.Popen[bytes], str], number: signal.Signals, tmp_path: Path
) -> None:
    program, _ = gateway
    program.send_signal(number)
    assert program.wait(timeout=30) == 0
    assert "Traceback" not in (tmp_path / "gateway.log").read_text()
    assert postmaster(home) is None


def test_a_gateway_that_is_ended_leaves_the_database_to_whoever_else_uses_it(
    home: Path, gateway: tuple[subprocess.Popen[bytes], str]
) -> None:
    program, _ = gateway
    argv = [sys.executable, "-c", KEEPER, str(home)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=CHECKOUT) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stdout.readline() == b"joined\n"
        program.terminate()
        assert program.wait(timeout=30) == 0
        assert postmaster(home) is not None
        other.stdin.close()
        assert other.wait(timeout=30) == 0
    assert postmaster(home) is None


def test_a_gateway_whose_database_has_no_tables_says_so_and_which_word_makes_them(
    gateway: tuple[subprocess.Popen[bytes], str],
) -> None:
    _, url = gateway
    known = {"X-API-Key": f"mk_{'a' * 10}.{'b' * 43}"}
    for answer in (httpx.get(f"{url}/readyz"), httpx.get(f"{url}/api/v1/models", headers=known)):
        assert answer.status_code == 503
        told = answer.json()["error"]
        assert "tables" in told["failed"]
        assert 'relation "' in told["found"]
        assert told["next"] == "mill migrate"
