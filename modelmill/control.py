"""What is said to a running supervisord: its XML-RPC interface (http://supervisord.org/api.html) over a Unix socket.

Each call opens and closes its connection, with a time-out: a supervisor that hangs must not hang us.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from xmlrpc.client import Error, ServerProxy, Transport

SECONDS = 60.0  # stopping all programs at once takes up to their stopwaitsecs


class _UnixConnection(HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=SECONDS)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(SECONDS)
        self.sock.connect(str(self.path))


class _UnixTransport(Transport):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path

    def make_connection(self, host: Any) -> HTTPConnection:
        made = _UnixConnection(self.path)
        self._connection = host, made  # where the base class keeps it, and closes it
        return made


@dataclass(frozen=True, slots=True)
class Control:
    """The supervisor behind a socket. Every method raises OSError when nobody answers there."""

    socket: Path

    def answers(self) -> bool:
        """Whether somebody does."""
        try:
            self._call("getState")
        except OSError:
            return False
        return True

    def states(self) -> dict[str, str]:
        """Per program its state, as RUNNING or FATAL."""
        return {row["name"]: row["statename"] for row in self._call("getAllProcessInfo")}

    def given_up(self, seconds: float) -> list[str]:
        """The programs that ended at every start and that nobody has tried for so long."""
        rows = self._call("getAllProcessInfo")
        return [row["name"] for row in rows if row["statename"] == "FATAL" and row["now"] - row["stop"] >= seconds]

    def start(self, name: str) -> None:
        """Start a program that does not run, without waiting for it."""
        self._call("startProcess", name, False)

    def stop(self, name: str) -> None:
        """Stop a program and wait for it."""
        self._call("stopProcess", name)

    def stop_all(self) -> None:
        """Stop every program, all at once, and wait for it."""
        self._call("stopAllProcesses")

    def shutdown(self) -> None:
        """Stop the programs and end."""
        self._call("shutdown")

    def reload(self) -> tuple[list[str], list[str], list[str]]:
        """Read the configuration again: which programs are new, changed, gone in it. None is started or stopped."""
        [[added, changed, removed]] = self._call("reloadConfig")
        return added, changed, removed

    def add(self, name: str) -> None:
        """Start a program that is new in the configuration."""
        self._call("addProcessGroup", name)

    def remove(self, name: str) -> None:
        """Stop a program and forget it."""
        self._call("stopProcessGroup", name)
        self._call("removeProcessGroup", name)

    def _call(self, method: str, *arguments: str | bool) -> Any:
        with ServerProxy("http://localhost", transport=_UnixTransport(self.socket)) as proxy:
            try:
                return getattr(proxy.supervisor, method)(*arguments)
            except (Error, HTTPException) as error:
                raise ConnectionError(
                    f"the supervisor refused {method} {' '.join(map(str, arguments))}: {error}"
                ) from error
