"""The programs of an installation: what is started, on which address, and how one sees that it answers."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from modelmill import container_engine
from modelmill.errors import PrerequisiteError, UserError
from modelmill.records import Release
from modelmill.settings import CHECKOUT, Settings


@dataclass(frozen=True, slots=True)
class Program:
    """One program under the supervisor. port 0: it listens nowhere. `setting` is what changes the port.

    host: where it listens; loopback unless the setting MILL_HOST is for it too.
    after: the port of loopback that has to be listened on before it is started, 0 for none.
    """

    name: str
    title: str
    argv: tuple[str, ...]
    port: int = 0
    setting: str = ""
    address: str = ""
    probe: str = ""
    after: int = 0
    host: str = "127.0.0.1"


def executable(name: str) -> str:
    """A program of our own environment, else of the PATH. Raises PrerequisiteError."""
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        raise PrerequisiteError(
            f"the program {name} is missing",
            allowed=f"{name} beside {sys.executable} or in the PATH",
            found="neither",
            next="make setup",
        )
    return found


def workspace(settings: Settings) -> Path:
    """Where Dagster's programs find our code location: orchestration/instance.py writes it at every set-up."""
    return settings.home_dir / "dagster" / "workspace.yaml"


RELEASE = "release-"  # what the name of each release's program begins with

# What a machine, container or pod may keep of an installation by itself: `mill up --part serving`.
PARTS = {
    "orchestration": ("dagster-code", "dagster", "dagster-daemon", "reaper"),
    "tracking": ("mlflow",),
    "serving": ("gateway", "sandbox"),  # and the releases, which the gateway looks for beside itself
}


def of_parts(programs: Sequence[Program], parts: Sequence[str]) -> list[Program]:
    """Those of the parts; all of them when none is named. Raises UserError for a part there is not."""
    unknown = [part for part in parts if part not in PARTS]
    if unknown:
        raise UserError(
            f"there is no part {unknown[0]!r}",
            allowed=", ".join(PARTS),
            found=repr(unknown[0]),
            next=f"mill up --part {next(iter(PARTS))}",
        )
    wanted = {name for part in parts or PARTS for name in PARTS[part]}
    return [program for program in programs if program.name in wanted]


def platform_programs(settings: Settings) -> list[Program]:
    """Dagster's three and the reaper, MLflow's UI, the gateway; the sandbox where a container engine answers."""
    dagster = [dagster_code(settings), dagster_ui(settings), dagster_daemon(settings), reaper()]
    always = [*dagster, mlflow_ui(settings), gateway(settings)]
    return [*always, sandbox(settings)] if container_engine.version() else always


def dagster_code(settings: Settings) -> Program:
    """Our definitions, loaded once for UI and daemon. Started by either of them nobody would start it again."""
    argv = (executable("dagster"), "api", "grpc", "--module-name", "orchestration.definitions", "--host", "127.0.0.1")
    return Program(
        "dagster-code",
        "Dagster's code server: our definitions",
        (*argv, "--port", str(settings.code_port), "--working-directory", str(settings.root), "--log-format", "json"),
        settings.code_port,
        "MILL_CODE_PORT",
    )


def dagster_ui(settings: Settings) -> Program:
    """Dagster's webserver."""
    base = settings.address(settings.dagster_port)
    argv = (executable("dagster-webserver"), "--host", settings.host, "--port", str(settings.dagster_port))
    return Program(
        "dagster",
        "Dagster: assets, runs, checks, schedules",
        (*argv, "--log-format", "json", "--workspace", str(workspace(settings))),
        settings.dagster_port,
        "MILL_DAGSTER_PORT",
        base,
        f"{base}/server_info",
        settings.code_port,
        settings.host,
    )


def dagster_daemon(settings: Settings) -> Program:
    """Schedules, sensors, the run queue."""
    argv = (executable("dagster-daemon"), "run", "--log-format", "json", "--workspace", str(workspace(settings)))
    return Program("dagster-daemon", "Dagster daemon: schedules, sensors, queue", argv, after=settings.code_port)


def reaper() -> Program:
    """Finds dead runs. A program of its own: it looks also while the daemon or the code location is gone."""
    return Program("reaper", "Reaper: finds runs whose process is gone", (sys.executable, "-m", "orchestration.reaper"))


def mlflow_ui(settings: Settings) -> Program:
    """MLflow's server. Its database comes by the environment (MLFLOW_BACKEND_STORE_URI): arguments are public."""
    base = settings.address(settings.mlflow_port)
    argv = (executable("mlflow"), "server", "--host", settings.host, "--port", str(settings.mlflow_port))
    return Program(
        "mlflow",
        "MLflow: training runs, curves, models",
        (*argv, "--workers", "1", "--artifacts-destination", str(settings.mlruns_dir)),
        settings.mlflow_port,
        "MILL_MLFLOW_PORT",
        base,
        f"{base}/health",
        host=settings.host,
    )


def served(service: str, host: str, port: int) -> tuple[str, ...]:
    """A BentoML service, by an exact tag or as module:Class, in one process: what `bentoml serve` needs two for."""
    program = CHECKOUT / "serving" / "program.py"
    return (sys.executable, "-P", str(program), service, "--host", host, "--port", str(port))


def gateway(settings: Settings) -> Program:
    """The one public door."""
    base = settings.address(settings.gateway_port)
    argv = served("serving.gateway:Gateway", settings.host, settings.gateway_port)
    return Program(
        "gateway",
        "Gateway: the models over HTTP, /docs",
        argv,
        settings.gateway_port,
        "MILL_GATEWAY_PORT",
        base,
        f"{base}/livez",
        host=settings.host,
    )


def sandbox(settings: Settings) -> Program:
    """Runs code in containers; on loopback whatever MILL_HOST says: only the gateway speaks to it."""
    base = f"http://127.0.0.1:{settings.sandbox_port}"
    argv = served("sandbox.service:Sandbox", "127.0.0.1", settings.sandbox_port)
    return Program(
        "sandbox",
        "Sandbox: runs code in containers",
        argv,
        settings.sandbox_port,
        "MILL_SANDBOX_PORT",
        base,
        f"{base}/livez",
    )


def release(settings: Settings, made: Release) -> Program:
    """One release's own service, on loopback whatever MILL_HOST says. Its exact Bento is built first where it is not at
    hand (deploy/at_hand.py).
    """
    if made.bento_tag is None:
        raise PrerequisiteError(
            f"the release {made.name} cannot be served",
            allowed="a release with its Bento",
            found="a release without one",
            next=f"mill deploy --task {made.task}",
        )
    port = settings.release_port(made.number)
    base = f"http://127.0.0.1:{port}"
    first = (sys.executable, "-m", "modelmill.deploy.at_hand", made.task, made.candidate_sha256, made.bento_tag)
    argv = (*first, *served(made.bento_tag, "127.0.0.1", port))
    title = f"Release {made.name} ({made.status})"
    return Program(f"{RELEASE}{made.number}", title, argv, port, "MILL_RELEASE_PORT_BASE", base, f"{base}/readyz")


def release_programs(settings: Settings, releases: Sequence[Release]) -> list[Program]:
    """The services of `releases`, in order of their number."""
    return [release(settings, made) for made in sorted(releases, key=lambda made: made.number)]


def live_programs(settings: Settings, db: Engine) -> list[Program]:
    """The services of every release that may be asked: champions, and the ones kept warm to go back to."""
    from modelmill.store import releases

    return release_programs(settings, releases.live(db))
