"""Waiting for a fact instead of for a time: what is true soon on a quiet machine is true later on a busy one."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE_SECONDS = 120.0


def until(true: Callable[[], object], seconds: float = PATIENCE_SECONDS, every: float = 0.1) -> None:
    """Returns when it is; fails when it is not in that time, with what it was last. Looks every so many seconds."""
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, f"still {found!r} after {seconds:.0f} s"
        time.sleep(every)
