"""Whether a scan takes time in step with the length of what it reads."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

LENGTH = 250_000  # characters
TRIES = 2  # who else works on the machine only adds to what one of them takes


def seconds(scan: Callable[[str], object], text: str) -> float:
    """Of the processor, without its looks for garbage: among what all tests left they take a second."""
    gc.disable()
    try:
        began = time.process_time()
        scan(text)
        return time.process_time() - began
    finally:
        gc.enable()


def takes_at_most(times: float, scan: Callable[[str], object], long: str, short: str, slack: float) -> bool:
    """Whether the long text takes at most so many times as long as the short one, and the slack in seconds."""
    least = min(seconds(scan, short) for _ in range(TRIES))
    return any(seconds(scan, long) < times * least + slack for _ in range(TRIES))


def is_linear(scan: Callable[[str], object], piece: str, slack: float = 0.2) -> bool:
    """Four times as much of the piece takes about four times as long; were it quadratic: 16 times."""
    scan("warm")
    long, short = ((piece * (size // len(piece) + 1))[:size] for size in (4 * LENGTH, LENGTH))
    return takes_at_most(9, scan, long, short, slack)
