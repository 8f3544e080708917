"""`mill reload`: task files that were written or changed while `mill up` stands, read by the programs that hold them.

Dagster's code server and the gateway read them when they start, so these two are started again, one after the other.
Runs that work and releases that answer go on; what serves a release is the code it was made with (`mill rebuild`).
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence

from modelmill import programs, readiness, supervise
from modelmill.errors import UserError
from modelmill.programs import Program
from modelmill.readiness import Notice
from modelmill.settings import CHECKOUT, Settings

HOLDERS = ("dagster-code", "gateway")
READ = """
import sys
from modelmill.errors import MillError
try:
    import orchestration.definitions, serving.gateway
except MillError as error:
    sys.exit(str(error))
"""


def reload(settings: Settings, notice: Notice) -> list[Program]:
    """Start again what holds task files, under every supervisor of this home; returns them, each when it answers.

    Raises UserError when none runs here, or when the files cannot be read: then nothing was stopped.
    """
    kept = [one.model_copy(update=supervise.state(one).get("ports", {})) for one in supervise.kept(settings)]
    found = [(one, program) for one in kept for program in _holders(one)]
    if not found:
        raise UserError(
            "there is nothing that could read its task files again",
            allowed=f"a `mill up` on this machine that keeps {' or '.join(HOLDERS)}",
            found=f"none in {settings.home_dir}",
            next="mill up",
        )
    _require_readable(settings)
    for one, program in found:
        supervise.start_anew(one, program.name)
        readiness.wait_ready(one, [program], notice)
    return [program for _, program in found]


def _holders(settings: Settings) -> Iterator[Program]:
    supervisor = supervise.control(settings)
    running = supervisor.states() if supervisor else {}
    yield from (one for one in programs.platform_programs(settings) if one.name in HOLDERS and one.name in running)


def _require_readable(settings: Settings) -> None:
    """A file that cannot be read would end both at every start."""
    argv = [sys.executable, "-c", READ]
    done = subprocess.run(argv, cwd=CHECKOUT, env=settings.child_env(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise UserError(
            "the task files cannot be read, so nothing was started again",
            allowed="files in modelmill/tasks/ of which each has a TASK",
            found=_said(done.stderr.splitlines()),
            next="mend the file, then `mill reload`",
        )


def _said(lines: Sequence[str]) -> str:
    """An error of ours in one line, or the innermost line of code that a traceback names and what was raised there."""
    at = max((number for number, line in enumerate(lines) if line.startswith("  File ")), default=None)
    if at is None:
        return "; ".join(" ".join(line.split()) for line in lines[:3]) or "no word"
    raised = next((line for line in lines[at + 1 :] if line and not line.startswith(" ")), "")
    return f"{lines[at].strip()}: {raised}"
