"""`python -m modelmill.tether PROGRAM ARG...`: become PROGRAM, and be ended (SIGTERM) when the parent dies.

A supervisor that is killed with -9 cannot end its children; the kernel can (Linux, prctl(2) PR_SET_PDEATHSIG; the
setting survives exec). Elsewhere it does nothing: what is left behind is ended at the next start (processes.py).
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def tie() -> None:
    """Ask the kernel for SIGTERM to this process when its parent ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


if __name__ == "__main__":
    tie()
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606  (no shell: an argv)
