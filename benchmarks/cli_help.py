"""How long `mill --help` takes: best and median of ten, in seconds. The aim is under 0.5 s on two cores.

A benchmark, not a test: what a busy machine does to a clock says nothing about the code. What the tests hold is that
nothing heavy is imported (tests/cli/test_help.py).
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

RUNS = 10


def once() -> float:
    """One call, in a fresh process."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "modelmill.cli", "--help"], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


if __name__ == "__main__":
    once()  # the first one reads the files from the disk
    taken = sorted(once() for _ in range(RUNS))
    print(f"mill --help: best {taken[0]:.2f} s, median {statistics.median(taken):.2f} s of {RUNS}")
