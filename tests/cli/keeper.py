"""A program under test: keeps two real web servers under the supervisor, as `mill up` does, until it is ended.

Arguments: two ports. Says READY when both answer.
"""

from __future__ import annotations

import sys
import time

from modelmill import readiness, settings, supervise
from modelmill.programs import Program


def web(name: str, port: str) -> Program:
    """Python's own file server."""
    base = f"http://127.0.0.1:{port}"
    argv = (sys.executable, "-m", "http.server", "--bind", "127.0.0.1", port)
    return Program(name, name, argv, int(port), "MILL_TEST_PORT", base, base)


def main() -> None:
    """Keep them."""
    now = settings.load()
    wanted = [web("one", sys.argv[1]), web("two", sys.argv[2])]
    with supervise.supervised(now, wanted):
        readiness.wait_ready(now, wanted, lambda program, seconds: None, seconds=30)
        print("READY", flush=True)
        time.sleep(600)


if __name__ == "__main__":
    main()
