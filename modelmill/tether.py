"""`python -m modelmill.tether [--log NAME] [--after PORT] PROGRAM ARG...`: become PROGRAM, ended when the parent dies.

PROGRAM may be `-m MODULE`, which this interpreter then runs itself.

--log: what it prints goes through a child that makes JSON lines of it, as NAME (modelmill/logs.py).
--after: not before somebody listens on this port of loopback, or two minutes are over.

A supervisor that is killed with -9 cannot end its children; the kernel can (Linux, prctl(2) PR_SET_PDEATHSIG; the
setting survives exec). Elsewhere it does nothing: what is left behind is ended at the next start (processes.py).
"""

from __future__ import annotations

import ctypes
import os
import runpy
import signal
import socket
import sys
import time

PR_SET_PDEATHSIG = 1
WAIT_SECONDS = 120.0


def tie() -> None:
    """Ask the kernel for SIGTERM to this process when its parent ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def log_through(name: str) -> None:
    """Our standard output and error become a pipe to a child that writes to what they were; it ends when we do."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.dup2(reading, 0)
        os.close(reading)
        os.close(writing)
        os.execv(sys.executable, [sys.executable, "-m", "modelmill.logs", name])  # noqa: S606
    os.dup2(writing, 1)
    os.dup2(writing, 2)
    os.close(reading)
    os.close(writing)


def wait_for(port: int) -> None:
    """Until somebody listens there. Whoever then finds nobody says so itself."""
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.2)


def main(argv: list[str]) -> None:
    """Become the program."""
    if argv[0] == "--log":
        log_through(argv[1])
        argv = argv[2:]
    tie()
    if argv[0] == "--after":
        wait_for(int(argv[1]))
        argv = argv[2:]
    if argv[0] == "-m":
        sys.argv = argv[1:]
        runpy.run_module(argv[1], run_name="__main__", alter_sys=True)
        return
    os.execvp(argv[0], argv)  # noqa: S606  (no shell: an argv)


if __name__ == "__main__":
    main(sys.argv[1:])
