"""Processes we start and end: marked in their environment, so that none outlives us unseen.

A mark is inherited by children and grandchildren, also by those that leave the process group; what bears it is ours.
"""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

import psutil

from modelmill.errors import UserError
from modelmill.settings import netloc

MARK = "MILL_OWNER"
RUN = "DAGSTER_RUN_ID"  # set while a step of a run is at work, inherited by what it starts


class Ended(KeyboardInterrupt):
    """SIGTERM came: unwind like Ctrl-C, so that everything started is ended on the way out."""


@contextmanager
def term_unwinds() -> Generator[None]:
    """Within this, SIGTERM and SIGHUP raise Ended instead of killing us on the spot."""

    def ended(number: int, _frame: FrameType | None) -> None:
        raise Ended(signal.Signals(number).name)

    before = {number: signal.signal(number, ended) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def undisturbed() -> Generator[None]:
    """Within this, Ctrl-C and TERM wait: an end that is interrupted leaves something behind."""
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def marked(mark: str) -> list[psutil.Process]:
    """Living processes that bear `mark`, but us. PostgreSQL is not among them: it ends when its last user does."""
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        try:
            ours = process.environ().get(MARK) == mark and process.name() != "postgres"
        except (psutil.Error, OSError):
            continue  # gone meanwhile, or somebody else's
        if ours and process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found


def identity(pid: int) -> str:
    """Names one process and no later one of the same number: the boot, and the clock tick at which it began.

    Empty when there is none, or only its remains. From proc(5): unlike a time of day, neither moves with the clock.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
    state, began = fields[0], fields[19]
    return "" if state in "ZXx" else f"{boot}/{began}"


def of_home(home: Path) -> Iterator[tuple[psutil.Process, Mapping[str, str]]]:
    """Living processes that work on the installation at `home`, PostgreSQL's not, with what they inherited."""
    for process in psutil.process_iter():
        try:
            inherited = process.environ()
            if inherited.get("MILL_HOME") == str(home) and process.name() != "postgres":
                yield process, inherited
        except (psutil.Error, OSError):
            continue  # gone meanwhile, or somebody else's


def of_run(run: str, home: Path) -> list[psutil.Process]:
    """Living processes that a step of the run started, and what these started: they inherited the run and our home.

    Never ourselves nor those that we come from; PostgreSQL is not among them, whoever started it.
    """
    spared = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    theirs = (process for process, inherited in of_home(home) if inherited.get(RUN) == run)
    return [process for process in theirs if process.pid not in spared]


def sweep(mark: str, patience: float = 8.0) -> int:
    """End what bears `mark`. How many there were."""
    return end(marked(mark), patience)


def end(left: list[psutil.Process], patience: float = 8.0) -> int:
    """TERM, and KILL for those still there after `patience` seconds. psutil spares a later process of the same id."""
    for process in left:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    _, stubborn = psutil.wait_procs(left, timeout=patience)
    for process in stubborn:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(stubborn, timeout=2)
    return len(left)


def sweep_orphans(prefix: str) -> None:
    """End what bears a mark `prefix` + process id whose process is gone: left by a command that was killed with -9."""
    for mark in {mark for mark in _marks() if mark.startswith(prefix)}:
        owner = mark.removeprefix(prefix)
        if owner.isdigit() and not psutil.pid_exists(int(owner)):
            sweep(mark)


def _marks() -> list[str]:
    found: list[str] = []
    for process in psutil.process_iter():
        try:
            found.append(process.environ().get(MARK, ""))
        except (psutil.Error, OSError):
            continue
    return found


def port_is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        if family == socket.AF_INET6:
            probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)  # as a server of asyncio's
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port in TIME_WAIT is free for a server
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def port_holder(port: int) -> str:
    """Who listens on `port`, as far as we may see."""
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port:
                if connection.pid is None:
                    break
                return f"process {connection.pid} ({psutil.Process(connection.pid).name()})"
    except psutil.Error:
        pass
    return "another process"


def require_port(host: str, port: int, what: str, setting: str) -> None:
    """Raise UserError, naming the setting that changes it, when `port` is taken."""
    if port_is_free(host, port):
        return
    raise UserError(
        f"{what} cannot listen on {netloc(host, port)}",
        allowed="a free port",
        found=f"{port_holder(port)} listens there",
        next=f"end that process, or choose another port with {setting} (in the environment or .env)",
    )
