"""The embedded server's own steps, and what happens when it is killed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from modelmill.settings import CHECKOUT
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


def test_an_embedded_server_that_was_killed_is_started_again_at_the_same_address_with_what_was_committed(
    tmp_path: Path,
) -> None:
    program = (
        "import os, signal, sys, time; from pathlib import Path; import psycopg\n"
        "from modelmill.store import server\n"
        "home = Path(sys.argv[1]); url = server.embedded_url(home)\n"
        "with psycopg.connect(url) as conn: conn.execute('CREATE TABLE kept AS SELECT 7 AS n')\n"
        "pid = int((home / 'postgres' / 'postmaster.pid').read_text().split()[0])\n"
        "os.kill(pid, signal.SIGKILL)\n"
        "while Path(f'/proc/{pid}').exists(): time.sleep(0.05)\n"
        "for _ in range(20):\n"
        "    try: server.revive(home); break\n"
        "    except server.PrerequisiteError: time.sleep(0.5)\n"
        "assert server.embedded_url(home) == url\n"
        "with psycopg.connect(url) as conn: print(conn.execute('SELECT n FROM kept').fetchone()[0])\n"
    )
    argv = [sys.executable, "-c", program, str(tmp_path)]
    done = subprocess.run(argv, cwd=CHECKOUT, capture_output=True, text=True, timeout=240, check=False)
    assert (done.stdout, done.returncode) == ("7\n", 0), done.stderr


NEWCOMER = "import sys, pathlib; from modelmill.store import server; server.embedded_url(pathlib.Path(sys.argv[1]))"


def test_a_server_that_does_not_start_says_why_and_not_all_that_it_ever_logged(tmp_path: Path) -> None:
    program = "import sys, pathlib; from modelmill.store import server; server.embedded_url(pathlib.Path(sys.argv[1]))"
    argv = [sys.executable, "-c", program, str(tmp_path)]
    subprocess.run(argv, cwd=CHECKOUT, timeout=120, check=True)
    with (tmp_path / "postgres" / "postgresql.conf").open("a") as settings:
        settings.write("nothing_like_it = 1\n")
    done = subprocess.run(argv, cwd=CHECKOUT, capture_output=True, text=True, timeout=120, check=False)
    assert "found:   configuration file" in done.stderr and "contains errors" in done.stderr
    assert "database system is ready" not in done.stderr


@pytest.mark.parametrize("again", ["server.revive(home)", "subprocess.run([*newcomer, str(home)], check=True)"])
def test_a_server_that_was_killed_and_that_nobody_reaps_is_started_again(tmp_path: Path, again: str) -> None:
    """As in a container without an init: the program that starts it becomes its parent and never asks for its end."""
    program = (
        "import ctypes, os, signal, subprocess, sys, time; from pathlib import Path; import psutil, psycopg\n"
        "from modelmill.store import server\n"
        "home, newcomer = Path(sys.argv[1]), [sys.executable, '-c', sys.argv[2]]\n"
        "ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER\n"
        "url = server.embedded_url(home)\n"
        "with psycopg.connect(url) as conn: conn.execute('CREATE TABLE kept AS SELECT 7 AS n')\n"
        "pid = int((home / 'postgres' / 'postmaster.pid').read_text().split()[0])\n"
        "os.kill(pid, signal.SIGKILL)\n"
        "while psutil.Process(pid).status() != psutil.STATUS_ZOMBIE: time.sleep(0.05)\n"
        "for _ in range(20):\n"
        f"    try: {again}; break\n"
        "    except (server.PrerequisiteError, subprocess.CalledProcessError): time.sleep(0.5)\n"
        "assert psutil.Process(pid).status() == psutil.STATUS_ZOMBIE\n"
        "assert server.embedded_url(home) == url\n"
        "with psycopg.connect(url) as conn: print(conn.execute('SELECT n FROM kept').fetchone()[0])\n"
    )
    argv = [sys.executable, "-c", program, str(tmp_path), NEWCOMER]
    done = subprocess.run(argv, cwd=CHECKOUT, capture_output=True, text=True, timeout=240, check=False)
    assert (done.stdout, done.returncode) == ("7\n", 0), done.stderr


def test_the_last_user_stops_also_a_server_that_somebody_else_started_again(tmp_path: Path) -> None:
    program = (
        "import os, signal, subprocess, sys, time; from pathlib import Path\n"
        "from modelmill.store import server\n"
        "home, newcomer = Path(sys.argv[1]), [sys.executable, '-c', sys.argv[2], sys.argv[1]]\n"
        "server.embedded_url(home)\n"
        "file = home / 'postgres' / 'postmaster.pid'\n"
        "pid = int(file.read_text().split()[0])\n"
        "os.kill(pid, signal.SIGKILL)\n"
        "while Path(f'/proc/{pid}').exists(): time.sleep(0.05)\n"
        "while subprocess.run(newcomer).returncode: time.sleep(0.5)\n"
        "print(file.exists())\n"
    )
    argv = [sys.executable, "-c", program, str(tmp_path), NEWCOMER]
    done = subprocess.run(argv, cwd=CHECKOUT, capture_output=True, text=True, timeout=240, check=False)
    assert (done.stdout, done.returncode) == ("True\n", 0), done.stderr
    assert not (tmp_path / "postgres" / "postmaster.pid").exists()


def test_threads_that_join_at_once_all_get_the_same_whole_server(tmp_path: Path) -> None:
    """As the first who ask a gateway that has just begun. The second program joins what the first one keeps up."""
    program = (
        "import sys; from concurrent.futures import ThreadPoolExecutor; from pathlib import Path; import psycopg\n"
        "from modelmill.store import server\n"
        "def ask(_):\n"
        "    with psycopg.connect(server.embedded_url(Path(sys.argv[1]))) as conn:\n"
        "        return conn.execute('SELECT 7').fetchone()[0]\n"
        "with ThreadPoolExecutor(8) as pool: print(set(pool.map(ask, range(8))), flush=True)\n"
        "sys.stdin.read()\n"
    )
    argv = [sys.executable, "-c", program, str(tmp_path)]
    piped = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": CHECKOUT}
    with subprocess.Popen(argv, **piped) as first:  # type: ignore[call-overload]
        assert first.stdout.readline() == "{7}\n"
        second = subprocess.run(argv, input="", capture_output=True, text=True, cwd=CHECKOUT, timeout=120, check=False)
        assert (second.stdout, second.returncode) == ("{7}\n", 0), second.stderr
        first.stdin.close()
    assert first.returncode == 0
