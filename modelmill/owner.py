"""Whose something is: a name by which any later process of the machine sees whether the process that made it lives.

Process ids mean something only within one process namespace, and a number is given again: so the name holds the
machine, its namespace, the boot and the clock tick at which the process began (see `processes.identity`).
"""

from __future__ import annotations

import os
import socket

from modelmill.processes import identity


def me() -> str:
    """This process."""
    boot, _, began = identity(os.getpid()).partition("/")
    return f"{_place()}:{boot}/{os.getpid()}@{began}"


def lives(name: str) -> bool | None:
    """Whether that very process is there. None: it is of another machine, and nothing is known."""
    where, _, who = name.rpartition("/")
    place, _, boot = where.rpartition(":")
    pid, _, began = who.partition("@")
    if place != _place():
        return None
    return pid.isdigit() and identity(int(pid)) == f"{boot}/{began}"


def _place() -> str:
    return f"{socket.gethostname()}:{os.stat('/proc/self/ns/pid').st_ino}"  # noqa: PTH116  (it is no path to follow)
