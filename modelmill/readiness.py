"""Whether the programs answer: asked over HTTP, or called where they speak another language, with time-outs, until each
does or one has failed for good.
"""

from __future__ import annotations

import json
import socket
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from http.client import HTTPException
from pathlib import Path

from modelmill.errors import PrerequisiteError
from modelmill.programs import Program
from modelmill.settings import Settings
from modelmill.supervise import control, logs, own_log

READY_SECONDS = 180.0  # cold imports of seven programs on two cores take a minute

Notice = Callable[[Program, float], None]


def answers(program: Program, seconds: float = 2.0) -> bool:
    """Whether the program's address answers with success; of one without, whether its port is listened on."""
    if not program.probe:
        return _listens(program, seconds)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(program.probe, timeout=seconds) as reply:
            return 200 <= reply.status < 300
    except (OSError, ValueError, HTTPException):  # refused, timed out, an answer that says no, or no HTTP
        return False


def _listens(program: Program, seconds: float) -> bool:
    try:
        socket.create_connection((program.host, program.port), seconds).close()
    except OSError:
        return False
    return True


def wait_ready(settings: Settings, programs: Sequence[Program], notice: Notice, seconds: float = READY_SECONDS) -> None:
    """Return when every address answers; `notice` hears of each as it does. Raises PrerequisiteError."""
    for _, error in unready(settings, programs, notice, seconds):
        raise error


def unready(
    settings: Settings, programs: Sequence[Program], notice: Notice, seconds: float = READY_SECONDS
) -> Iterator[tuple[Program, PrerequisiteError]]:
    """The programs that do not answer, as soon as that is sure; ends when of all it is known. `notice` hears of those
    that do. Raises PrerequisiteError when the supervisor is gone.
    """
    start = time.monotonic()
    waiting = [program for program in programs if program.probe or program.port]
    while waiting:
        for program in [program for program in waiting if answers(program)]:
            waiting.remove(program)
            notice(program, time.monotonic() - start)
        late = time.monotonic() - start > seconds
        for program, state in _states(settings, waiting):
            if state == "FATAL" or late:
                waiting.remove(program)
                said = "it ended at every start" if state == "FATAL" else f"no answer after {seconds:.0f} s"
                yield program, _silent(settings, program, said)
        time.sleep(0.25 if waiting else 0)


def _states(settings: Settings, waiting: Sequence[Program]) -> list[tuple[Program, str]]:
    """What the supervisor says of each."""
    supervisor = control(settings)
    if supervisor is None:
        raise PrerequisiteError(
            "the supervisor is gone",
            allowed="it runs until the programs are ended",
            found="nobody answers on its socket",
            next=f"read {own_log(settings)}, then start again",
        )
    states = supervisor.states()
    return [(program, states.get(program.name, "")) for program in waiting]


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
