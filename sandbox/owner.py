"""Whose a container is: labels by which any later process sees whether its owner lives and when it must be gone."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping

import psutil

from sandbox.hardening import IDLE_SECONDS, LABEL

OWNER = f"{LABEL}.owner"
UNTIL = f"{LABEL}.until"
MARGIN_SECONDS = 60


def labels(longest_run: float) -> dict[str, str]:
    """For a container made now by this process."""
    until = time.time() + IDLE_SECONDS + longest_run + MARGIN_SECONDS
    return {LABEL: "sandbox", OWNER: _me(), UNTIL: f"{until:.0f}"}


def is_orphan(found: Mapping[str, str]) -> bool:
    """Past its time, or made by a process of this machine that is gone (a process id may be another's by now)."""
    until = found.get(UNTIL, "0")
    if not until.isdigit() or time.time() > int(until):
        return True
    host, _, rest = found.get(OWNER, "").rpartition("/")
    pid, _, started = rest.partition("@")
    return host == _host() and (not pid.isdigit() or _started(int(pid)) != started)


def _me() -> str:
    return f"{_host()}/{os.getpid()}@{_started(os.getpid())}"


def _host() -> str:
    """Process ids mean something only within one process namespace."""
    return f"{socket.gethostname()}:{os.stat('/proc/self/ns/pid').st_ino}"  # noqa: PTH116  (it is no path to follow)


def _started(pid: int) -> str:
    try:
        return f"{psutil.Process(pid).create_time():.2f}"
    except psutil.Error:
        return ""
