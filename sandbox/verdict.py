"""What a run came to. Time and output limit by our own clock and counter, memory by the container's counters, exit and
signal by PID 1's last frame: never from the output, never from "137"."""

from __future__ import annotations

import signal
from dataclasses import dataclass

from sandbox.box import BrokenError, Outcome
from sandbox.contract import Ceilings, Status
from sandbox.frames import Final


@dataclass(frozen=True, slots=True)
class Verdict:
    """The status and its reason in words."""

    status: Status
    reason: str
    exit_code: int | None = None
    signal: int | None = None


def judge(outcome: Outcome, limits: Ceilings) -> Verdict:
    """Raises BrokenError when the sandbox failed: that is never reported as the program's failure."""
    final = outcome.final
    late = Verdict("timeout", f"ended after {limits.seconds:g} s", signal=signal.SIGKILL)
    flood = Verdict("output_limit", f"ended after {limits.output_bytes} bytes of output", signal=signal.SIGKILL)
    starved = f"all of it, PID 1 too, ended by the memory limit of {limits.memory_mb} MiB"
    if outcome.cancelled:
        return Verdict("error", "cancelled by the caller", signal=signal.SIGKILL)
    if final is None:
        if outcome.late:
            return late
        if outcome.size > limits.output_bytes:
            return flood
        if outcome.out_of_memory:
            return Verdict("out_of_memory", starved, signal=signal.SIGKILL)
        raise BrokenError(f"the container ended without a last word. {outcome.said}".strip())
    if final.timed_out:
        return late
    if final.over_output:
        return flood
    return _by_exit(final, limits)


def _by_exit(final: Final, limits: Ceilings) -> Verdict:
    ends = {"exit_code": final.exit_code, "signal": final.signal}
    if final.oom_kills:
        reason = f"{final.oom_kills} of its processes ended by the memory limit of {limits.memory_mb} MiB"
        return Verdict("out_of_memory", reason, **ends)
    if final.phase not in ("p", "a", "c"):
        raise BrokenError(f"the language's runner ended before it was asked ({_words(final)})")
    if final.phase != "p":
        return Verdict("compile_error", f"it does not compile ({_words(final)})", **ends)
    return Verdict("ok" if final.exit_code == 0 else "error", _words(final), **ends)


def _words(final: Final) -> str:
    if final.signal is None:
        return f"exit code {final.exit_code}"
    try:
        return f"signal {final.signal} ({signal.Signals(final.signal).name})"
    except ValueError:
        return f"signal {final.signal}"
