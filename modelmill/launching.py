"""Dagster's runs as programs of ours: started, listened to, ended with us."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Literal

from modelmill import processes
from modelmill.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status

LINE_EVERY = 10.0  # seconds between two lines of progress where nobody watches a terminal

OPTION = {"intake": "--corpus", "train": "--task"}


@dataclass(frozen=True, slots=True)
class Selection:
    """What to run: empty means all."""

    corpora: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    force: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """What to make: of which corpora or tasks (none named: of all), and why; up to a stage, or only that one."""

    what: Literal["intake", "train"]
    names: Sequence[str]
    reason: str
    force: bool = False
    stage: str = ""
    only: bool = False

    def argv(self, settings: Settings) -> list[str]:
        """The arguments of `orchestration.launch`."""
        named = [part for name in self.names for part in (OPTION[self.what], name)]
        dial = {"profile": settings.profile, "seed": settings.seed, "trials": settings.trials, "reason": self.reason}
        given = [part for name, value in dial.items() for part in (f"--{name}", str(value))]
        flags = [flag for flag, on in (("--force", self.force), ("--only", self.only)) if on]
        return [self.what, *named, *given, *(["--stage", self.stage] if self.stage else []), *flags]


def launch(settings: Settings, argv: list[str], console: Console) -> int:
    """Run `python -m orchestration.launch ARGV`, tell its progress, return its exit code. It ends when we do."""
    prefix = f"{settings.home_dir}:run:"
    processes.sweep_orphans(prefix)
    mark = f"{prefix}{os.getpid()}"
    program = [sys.executable, "-m", "modelmill.tether", "-m", "orchestration.launch"]
    with processes.term_unwinds():
        child = subprocess.Popen(
            [*program, *argv],
            env=settings.child_env() | {processes.MARK: mark},
            cwd=settings.root,
            start_new_session=True,  # Ctrl-C is for us; we tell it
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert child.stdout is not None
            _tell(child.stdout, console)
            return child.wait()
        finally:
            with processes.undisturbed():
                _end(child, mark)


def _end(child: subprocess.Popen[str], mark: str) -> None:
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(timeout=20)  # it records the run as ended
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
    processes.sweep(mark)
    if child.stdout:
        child.stdout.close()


def _tell(lines: IO[str], console: Console) -> None:
    """Steps stay; progress (indented) passes by: on one line of a terminal, now and then in a log."""
    if console.is_terminal:
        with console.status("starting Dagster") as status:
            _on_terminal(lines, console, status)
        return
    said = 0.0
    for line in lines:
        progress = line.startswith(" ")
        if not progress or time.monotonic() - said > LINE_EVERY:
            console.print(line.rstrip(), markup=False, soft_wrap=True)
            said = time.monotonic()


def _on_terminal(lines: IO[str], console: Console, status: Status) -> None:
    from rich.text import Text

    for line in lines:
        if line.startswith(" "):
            status.update(Text(line.strip()))
        else:
            console.print(line.rstrip(), markup=False)
