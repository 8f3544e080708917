"""The supervisor of an installation's programs: supervisord (http://supervisord.org), from a generated configuration.

It runs in the foreground as a child of `mill up` (or, for its last minute, of `mill run`), restarts what dies, rotates
the logs and is spoken to over a Unix socket in the home folder. It ends with its parent, its programs end with it.
Nothing secret is in the configuration: database address and pepper go by the environment.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shlex
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Engine

from modelmill import processes
from modelmill.control import Control
from modelmill.errors import PrerequisiteError, UserError
from modelmill.programs import RELEASE, Program, live_programs
from modelmill.settings import Settings

FOLDER = "supervisor"  # in the home; with the parts behind it where they are chosen
# sun_path holds 108 bytes with the closing NUL (unix(7)); supervisord binds a temporary name with a pid beside it.
SOCKET_PATH_LIMIT = 90
# supervisord gives a program up that ended four times within 3 s of its start: on a quick machine, all that need a
# database which is away for a quarter of a minute.
AGAIN_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Place:
    """The files of the supervisor of one home."""

    folder: Path
    socket: Path
    mark: str

    @property
    def config(self) -> Path:
        """What supervisord reads; written here."""
        return self.folder / "supervisord.conf"

    @property
    def lock(self) -> Path:
        """Held by the one `mill up` of this place."""
        return self.folder / "lock"

    @property
    def state(self) -> Path:
        """What the last start left about itself, in JSON."""
        return self.folder / "state.json"


def place(settings: Settings) -> Place:
    """Where the supervisor of this home keeps its files; the socket moves to a private folder if the path is long.

    Each choice of parts has a supervisor of its own: on a shared home they stand on different machines.
    """
    home, kept = settings.home_dir, "-".join([FOLDER, *sorted(parts(settings))])
    folder = home / kept
    socket = folder / "control.sock"
    if len(os.fsencode(socket)) > SOCKET_PATH_LIMIT:
        short = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
        socket = Path(tempfile.gettempdir()) / f"mill-{os.getuid()}-{short}" / "control.sock"
    return Place(folder, socket, ":".join([str(home), "up", *sorted(parts(settings))]))


def parts(settings: Settings) -> tuple[str, ...]:
    """The parts of an installation that are kept by this supervisor; none named: all."""
    return tuple(filter(None, (part.strip() for part in settings.parts.split(","))))


def logs(settings: Settings) -> Path:
    """One file a program, rotated."""
    return settings.home_dir / "logs"


def own_log(settings: Settings) -> Path:
    """The supervisor's own: what it started and what ended."""
    return logs(settings) / f"{'-'.join(['supervisord', *sorted(parts(settings))])}.log"


def control(settings: Settings) -> Control | None:
    """The running supervisor of this home; None when none answers."""
    there = Control(place(settings).socket)
    return there if there.answers() else None


def kept(settings: Settings) -> list[Settings]:
    """These settings for every choice of parts that a supervisor of this home keeps on this machine now."""
    folders = sorted(path.name for path in settings.home_dir.glob(f"{FOLDER}*") if path.is_dir())
    chosen = [name.removeprefix(FOLDER).strip("-").replace("-", ",") for name in folders]
    ours = [settings.model_copy(update={"parts": parts}) for parts in chosen]
    here = socket.gethostname()
    return [one for one in ours if state(one).get("host") == here and control(one) is not None]


@contextmanager
def supervised(settings: Settings, programs: Sequence[Program]) -> Generator[None]:
    """Programs under a supervisor of our own, started on entering; on leaving nothing of them is left.

    Releases made meanwhile join by `reconcile`. Raises UserError when a port is in use or another supervisor runs.
    """
    at = place(settings)
    at.folder.mkdir(parents=True, exist_ok=True)
    with _only_one(settings, at):
        processes.sweep(at.mark)  # what a supervisor killed with -9 may have left
        require_ports(programs)
        write_config(settings, programs)
        with processes.term_unwinds():
            child = _spawn(settings, at)
            try:
                _wait_for_control(settings, child)
                _remember(settings, at, child.pid)
                yield
            finally:
                with processes.undisturbed():
                    _end(settings, at, child)


def require_ports(programs: Sequence[Program]) -> None:
    """Raise UserError for the first port that is taken, naming the setting that changes it."""
    for program in programs:
        if program.port:
            processes.require_port(program.host, program.port, program.title, program.setting)


@contextmanager
def _only_one(settings: Settings, at: Place) -> Generator[None]:
    """The lock of the home's supervisor, freed by the system however we end."""
    with at.lock.open("a") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise running_already(settings) from None
        yield


def running_already(settings: Settings) -> UserError:
    """The error for a second supervisor of the same home."""
    return UserError(
        f"the programs of {settings.home_dir} run already",
        allowed="one supervisor a home folder",
        found=f"process {state(settings).get('parent', 'unknown')} keeps them",
        next="mill status shows them; mill down ends them",
    )


def _spawn(settings: Settings, at: Place) -> subprocess.Popen[bytes]:
    at.socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    at.socket.unlink(missing_ok=True)
    argv = [sys.executable, "-m", "modelmill.tether", sys.executable, "-m", "supervisor.supervisord"]
    with (at.folder / "stderr.log").open("w") as errors:
        return subprocess.Popen(
            [*argv, "--nodaemon", "--configuration", str(at.config)],
            env=environment(settings) | {processes.MARK: at.mark},
            cwd=settings.root,
            start_new_session=True,  # Ctrl-C is for us; we tell it
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )


def environment(settings: Settings) -> dict[str, str]:
    """What the programs see: the settings, where the others' tables are, and no proxy on the way to our addresses."""
    from modelmill.store import database, tracked_files

    mlflow = database.database_url(settings, "mlflow").render_as_string(hide_password=False)
    dagster = database.database_url(settings, "dagster", "psycopg2").render_as_string(hide_password=False)
    here = dict.fromkeys([*filter(None, [os.environ.get("NO_PROXY")]), "127.0.0.1", "localhost", settings.reached])
    own = {
        "MLFLOW_BACKEND_STORE_URI": mlflow,
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "DAGSTER_POSTGRES_URL": dagster,
        "NO_PROXY": ",".join(here),
    }
    ports = {f"MILL_{name.upper()}": str(getattr(settings, name)) for name in PORTS}
    return settings.child_env() | own | tracked_files.environment(settings) | ports


PORTS = ("host", "gateway_port", "dagster_port", "code_port", "mlflow_port", "release_port_base", "sandbox_port")


def write_config(settings: Settings, programs: Sequence[Program]) -> None:
    """supervisord's configuration for exactly these programs."""
    at = place(settings)
    logs(settings).mkdir(parents=True, exist_ok=True)
    head = [
        ("unix_http_server", {"file": at.socket, "chmod": "0700"}),
        (
            "rpcinterface:supervisor",
            {"supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"},
        ),
        ("supervisord", _daemon(settings, at)),
    ]
    sections = [*head, *((f"program:{program.name}", _program(settings, program)) for program in programs)]
    text = "\n".join(
        f"[{name}]\n" + "".join(f"{key} = {str(value).replace('%', '%%')}\n" for key, value in values.items())
        for name, values in sections
    )
    fresh = at.config.with_suffix(".new")
    fresh.write_text(text)
    fresh.replace(at.config)


def _daemon(settings: Settings, at: Place) -> dict[str, object]:
    return {
        "nodaemon": "true",
        "pidfile": at.folder / "supervisord.pid",
        "logfile": own_log(settings),
        "logfile_maxbytes": "10MB",
        "logfile_backups": 2,
        "loglevel": {"warning": "warn"}.get(settings.log_level, settings.log_level),
        "childlogdir": logs(settings),
        "silent": "true",
    }


def _program(settings: Settings, program: Program) -> dict[str, object]:
    first = ["--after", str(program.after)] if program.after else []
    tethered = [sys.executable, "-m", "modelmill.tether", "--log", program.name, *first, *program.argv]
    return {
        "command": shlex.join(tethered),
        "directory": settings.root,
        "autorestart": "true",
        "startsecs": 3,
        "startretries": 3,
        "stopasgroup": "true",
        "killasgroup": "true",
        "stopwaitsecs": 15,
        "redirect_stderr": "true",
        "stdout_logfile": logs(settings) / f"{program.name}.log",
        "stdout_logfile_maxbytes": "10MB",
        "stdout_logfile_backups": 2,
    }


def _wait_for_control(settings: Settings, child: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        if control(settings) is not None:
            return
        if child.poll() is not None:
            break
        time.sleep(0.1)
    said = place(settings).folder / "stderr.log"
    raise PrerequisiteError(
        "the supervisor did not start",
        allowed="supervisord answering on its socket within 20 seconds",
        found=(said.read_text().strip().splitlines() or [f"exit code {child.returncode}"])[-1],
        next=f"read {said} and {own_log(settings)}",
    )


def _remember(settings: Settings, at: Place, pid: int) -> None:
    ports = {name: getattr(settings, name) for name in PORTS}
    about = {"host": socket.gethostname(), "parent": os.getpid(), "supervisord": pid, "ports": ports}
    at.state.write_text(json.dumps(about))


def state(settings: Settings) -> dict[str, Any]:
    """What the last start left about itself: host, ports, parent and supervisord (their ids). Empty: none."""
    try:
        return json.loads(place(settings).state.read_text())
    except (OSError, ValueError):
        return {}


def _end(settings: Settings, at: Place, child: subprocess.Popen[bytes]) -> None:
    """Stop all programs at once, then the supervisor, then whatever bears our mark."""
    supervisor = control(settings)
    if supervisor is not None:
        with suppress(Exception):  # it may be on its way out already; the sweep below is what counts
            supervisor.stop_all()
    child.terminate()
    try:
        child.wait(timeout=20)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    processes.sweep(at.mark)
    at.state.unlink(missing_ok=True)
    at.socket.unlink(missing_ok=True)


def start_again(settings: Settings) -> list[str]:
    """The programs that supervisord had given up, started again: what hindered them, as a database that was away, may
    be mended. Each is tried once in AGAIN_SECONDS.
    """
    supervisor = Control(place(settings).socket)
    started: list[str] = []
    with suppress(OSError):  # one was removed meanwhile, or the supervisor ends
        for name in supervisor.given_up(AGAIN_SECONDS):
            supervisor.start(name)
            started.append(name)
    return started


def start_anew(settings: Settings, name: str) -> None:
    """Stop a program, which ends what it has begun to answer, and start it."""
    supervisor = Control(place(settings).socket)
    supervisor.stop(name)
    supervisor.start(name)


def reconcile(settings: Settings, db: Engine) -> tuple[list[str], list[str]]:
    """Let the running supervisor serve exactly the live releases: the names of programs added and removed.

    Without a running supervisor there is nothing to do. Several may call this at once, also from a shell that knows
    nothing of the settings that `mill up` was started with: its ports and addresses stay.
    """
    at = place(settings)
    if control(settings) is None:
        return [], []
    settings = settings.model_copy(update=state(settings).get("ports", {}))
    with (at.folder / "reconcile.lock").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        return _apply(settings, live_programs(settings, db), held)


def _apply(settings: Settings, wanted: Sequence[Program], _held: IO[str]) -> tuple[list[str], list[str]]:
    supervisor = control(settings)
    if supervisor is None:
        return [], []
    running = set(supervisor.states())
    if "gateway" not in running:  # nobody here would ask them
        return [], []
    releases = {program.name for program in wanted}
    if releases == {name for name in running if name.startswith(RELEASE)}:
        return [], []
    write_config(settings, [*(program for program in _base(settings) if program.name in running), *wanted])
    # What changed in those that stay, as the Bento of a release that was rebuilt, is for their next start with
    # `mill up`: they may be all that answers until what was added does.
    added, _, removed = supervisor.reload()
    for name in removed:
        supervisor.remove(name)
    for name in added:
        supervisor.add(name)
    return added, removed


def _base(settings: Settings) -> list[Program]:
    from modelmill.programs import platform_programs

    return platform_programs(settings)


def down(settings: Settings, seconds: float = 60.0) -> bool:
    """End what `mill up` of this home started, from elsewhere. False when nothing ran."""
    import psutil

    at = place(settings)
    known = state(settings)
    ended = False
    parent = _parent(known)
    if parent is not None:
        parent.terminate()
        ended = True
        with suppress(psutil.TimeoutExpired):
            parent.wait(timeout=seconds)
    supervisor = control(settings)
    if supervisor is not None:  # its parent is gone or hangs
        with suppress(OSError):
            supervisor.shutdown()
        ended = True
    return processes.sweep(at.mark) > 0 or ended


def _parent(known: dict[str, Any]) -> Any:
    """The process that keeps the supervisor, if it still is the one that was noted."""
    import psutil

    try:
        parent = psutil.Process(int(known["parent"]))
        children = {child.pid for child in parent.children()}
    except (KeyError, ValueError, psutil.Error):
        return None
    return parent if known.get("supervisord") in children else None
