"""Ports for the programs that tests start."""

from __future__ import annotations

import random
import socket
from contextlib import ExitStack

BELOW = 32_768  # from here on the kernel takes ports for connections that go out, between our look and our use


def free_port(following: int = 0) -> int:
    """A port of loopback that nobody listens on now, nor on so many that follow it."""
    while True:
        port = random.SystemRandom().randrange(20_000, BELOW - following)
        try:
            with ExitStack() as stack:
                for place in range(following + 1):
                    stack.enter_context(socket.socket()).bind(("127.0.0.1", port + place))
            return port
        except OSError:  # somebody listens on one of them
            continue
