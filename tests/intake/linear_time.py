"""Whether a scan takes time in step with the length of what it reads."""

from __future__ import annotations

import time
from collections.abc import Callable

LENGTH = 250_000  # characters


def seconds(scan: Callable[[str], object], text: str) -> float:
    """Of the processor, the lesser of two tries."""
    tries: list[float] = []
    for _ in range(2):
        began = time.process_time()
        scan(text)
        tries.append(time.process_time() - began)
    return min(tries)


def is_linear(scan: Callable[[str], object], piece: str, slack: float = 0.2) -> bool:
    """Four times as much of the piece takes about four times as long; were it quadratic: 16 times."""
    scan("warm")
    long, short = (seconds(scan, (piece * (size // len(piece) + 1))[:size]) for size in (4 * LENGTH, LENGTH))
    return long < 9 * short + slack
