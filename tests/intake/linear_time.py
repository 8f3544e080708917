"""Whether a scan takes time in step with the length of what it reads."""

from __future__ import annotations

import time
from collections.abc import Callable

LENGTH = 250_000  # characters


TRIES = 2  # who else works on the machine only adds to what one of them takes


def seconds(scan: Callable[[str], object], text: str) -> float:
    """Of the processor."""
    began = time.process_time()
    scan(text)
    return time.process_time() - began


def is_linear(scan: Callable[[str], object], piece: str, slack: float = 0.2) -> bool:
    """Four times as much of the piece takes about four times as long; were it quadratic: 16 times."""
    scan("warm")
    long, short = ((piece * (size // len(piece) + 1))[:size] for size in (4 * LENGTH, LENGTH))
    least = min(seconds(scan, short) for _ in range(TRIES))
    return any(seconds(scan, long) < 9 * least + slack for _ in range(TRIES))
