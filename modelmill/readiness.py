"""Whether the programs answer: asked over HTTP, with time-outs, until each does or one has failed for good."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path

from modelmill.errors import PrerequisiteError
from modelmill.programs import Program
from modelmill.settings import Settings
from modelmill.supervise import control, logs, own_log

READY_SECONDS = 180.0  # cold imports of seven programs on two cores take a minute

Notice = Callable[[Program, float], None]


def answers(program: Program, seconds: float = 2.0) -> bool:
    """Whether the program's address answers with success. One without an address: nothing to ask."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(program.probe, timeout=seconds) as reply:
            return 200 <= reply.status < 300
    except (OSError, ValueError):  # refused, timed out, or an answer that says no
        return False


def wait_ready(settings: Settings, programs: Sequence[Program], notice: Notice, seconds: float = READY_SECONDS) -> None:
    """Return when every address answers; `notice` hears of each as it does. Raises PrerequisiteError."""
    start = time.monotonic()
    waiting = [program for program in programs if program.probe]
    while waiting:
        for program in [program for program in waiting if answers(program)]:
            waiting.remove(program)
            notice(program, time.monotonic() - start)
        _require_alive(settings, waiting)
        if waiting and time.monotonic() - start > seconds:
            raise _silent(settings, waiting[0], f"no answer at {waiting[0].probe} after {seconds:.0f} s")
        time.sleep(0.25 if waiting else 0)


def _require_alive(settings: Settings, waiting: Sequence[Program]) -> None:
    supervisor = control(settings)
    if supervisor is None:
        raise PrerequisiteError(
            "the supervisor is gone",
            allowed="it runs until the programs are ended",
            found="nobody answers on its socket",
            next=f"read {own_log(settings)}, then start again",
        )
    states = supervisor.states()
    for program in waiting:
        if states.get(program.name) == "FATAL":
            raise _silent(settings, program, "it ended at every start")


def _silent(settings: Settings, program: Program, found: str) -> PrerequisiteError:
    log = logs(settings) / f"{program.name}.log"
    return PrerequisiteError(
        f"{program.title} did not start",
        allowed=f"an answer at {program.probe}",
        found=f"{found}; its last words: {_last_words(log)}",
        next=f"read {log}",
    )


def _last_words(log: Path) -> str:
    try:
        lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    except OSError:
        return "none"
    try:
        return str(json.loads(lines[-1])["said"])[:300] if lines else "none"
    except (ValueError, KeyError, TypeError):  # said before there was anybody to make JSON of it
        return lines[-1][:300]
