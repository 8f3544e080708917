"""A tiny task that can be checked by hand, programs started on free ports, and HTTP to them."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

import modelmill.tasks
from modelmill.programs import served
from modelmill.settings import CHECKOUT, Settings
from modelmill.task import all_tasks
from serving import scopes

TINY = Path(__file__).parent / "tiny_tasks"
FIND_TINY = f"import modelmill.tasks\nmodelmill.tasks.__path__.insert(0, {str(TINY)!r})\n"


@contextmanager
def tiny_tasks() -> Iterator[None]:
    """The task `letter_count` is found, by being there."""
    tasks_path = modelmill.tasks.__path__
    modelmill.tasks.__path__ = [str(TINY), *tasks_path]
    for cached in (all_tasks, scopes.table):
        cached.cache_clear()
    try:
        yield
    finally:
        modelmill.tasks.__path__ = tasks_path
        for cached in (all_tasks, scopes.table):
            cached.cache_clear()


def tiny_path(folder: Path) -> str:
    """A PYTHONPATH by which programs find the tiny task as the tests do; a release finds it in its Bento instead."""
    site = folder / "site"
    site.mkdir(exist_ok=True)
    (site / "sitecustomize.py").write_text(FIND_TINY)
    return os.pathsep.join([str(site), *filter(None, [os.environ.get("PYTHONPATH")])])


class Programs:
    """Programs started by a test; all are ended with it."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings, self.folder = settings, folder
        self.started: list[subprocess.Popen[bytes]] = []

    def serve(self, what: str, port: int, tiny: bool = False, cwd: Path = CHECKOUT) -> subprocess.Popen[bytes]:
        """As `mill up` serves it, on loopback."""
        env = {**self.settings.child_env(), "MILL_DATABASE_URL": os.environ["MILL_DATABASE_URL"]}
        env["MILL_RELEASE_PORT_BASE"] = str(self.settings.release_port_base)
        if tiny:
            env["PYTHONPATH"] = tiny_path(self.folder)
        log = (self.folder / f"{port}.log").open("wb")
        argv = served(what, "127.0.0.1", port)
        program = subprocess.Popen(argv, env=env, cwd=cwd, stdout=log, stderr=log, start_new_session=True)
        log.close()
        self.started.append(program)
        return program

    def end(self, program: subprocess.Popen[bytes]) -> None:
        """With everything it started."""
        if program.poll() is None:
            os.killpg(program.pid, signal.SIGTERM)
        try:
            program.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(program.pid, signal.SIGKILL)
            program.wait(10)

    def end_all(self) -> None:
        """All of them."""
        for program in self.started:
            self.end(program)

    def log(self, port: int) -> str:
        """What it said."""
        return (self.folder / f"{port}.log").read_text(errors="replace")


def until(what: Callable[[], bool], seconds: float, why: Callable[[], str] = lambda: "") -> None:
    """Wait for something to become true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if what():
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s: {why()}")
