"""The programs of an installation: what is started, on which address, and how one sees that it answers."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from modelmill import container_engine
from modelmill.errors import PrerequisiteError
from modelmill.records import Release
from modelmill.settings import CHECKOUT, Settings


@dataclass(frozen=True, slots=True)
class Program:
    """One program under the supervisor. port 0: it listens nowhere. `setting` is what changes the port."""

    name: str
    title: str
    argv: tuple[str, ...]
    port: int = 0
    setting: str = ""
    address: str = ""
    probe: str = ""


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
    """Where Dagster's code locations are listed: the root's workspace.yaml, else the one modelmill comes with."""
    own = settings.root / "workspace.yaml"
    return own if own.exists() else CHECKOUT / "workspace.yaml"


def platform_programs(settings: Settings) -> list[Program]:
    """Dagster's UI and daemon, MLflow's UI, the gateway; the sandbox where a container engine answers."""
    always = [dagster_ui(settings), dagster_daemon(settings), mlflow_ui(settings), gateway(settings)]
    return [*always, sandbox(settings)] if container_engine.version() else always


def dagster_ui(settings: Settings) -> Program:
    """Dagster's webserver."""
    base = f"http://{settings.host}:{settings.dagster_port}"
    argv = (executable("dagster-webserver"), "--host", settings.host, "--port", str(settings.dagster_port))
    return Program(
        "dagster",
        "Dagster: assets, runs, checks, schedules",
        (*argv, "--workspace", str(workspace(settings))),
        settings.dagster_port,
        "MILL_DAGSTER_PORT",
        base,
        f"{base}/server_info",
    )


def dagster_daemon(settings: Settings) -> Program:
    """Schedules, sensors, the run queue."""
    argv = (executable("dagster-daemon"), "run", "--workspace", str(workspace(settings)))
    return Program("dagster-daemon", "Dagster daemon: schedules, sensors, queue", argv)


def mlflow_ui(settings: Settings) -> Program:
    """MLflow's server. Its database comes by the environment (MLFLOW_BACKEND_STORE_URI): arguments are public."""
    base = f"http://{settings.host}:{settings.mlflow_port}"
    argv = (executable("mlflow"), "server", "--host", settings.host, "--port", str(settings.mlflow_port))
    return Program(
        "mlflow",
        "MLflow: training runs, curves, models",
        (*argv, "--workers", "1", "--artifacts-destination", str(settings.mlruns_dir)),
        settings.mlflow_port,
        "MILL_MLFLOW_PORT",
        base,
        f"{base}/health",
    )


def gateway(settings: Settings) -> Program:
    """The one public door."""
    base = f"http://{settings.host}:{settings.gateway_port}"
    argv = (executable("bentoml"), "serve", "serving.gateway:Gateway", "--host", settings.host)
    return Program(
        "gateway",
        "Gateway: the models over HTTP, /docs",
        (*argv, "--port", str(settings.gateway_port), "--working-dir", str(CHECKOUT)),
        settings.gateway_port,
        "MILL_GATEWAY_PORT",
        base,
        f"{base}/livez",
    )


def sandbox(settings: Settings) -> Program:
    """Runs code in containers; on loopback whatever MILL_HOST says: only the gateway speaks to it."""
    base = f"http://127.0.0.1:{settings.sandbox_port}"
    argv = (executable("bentoml"), "serve", "sandbox.service:Sandbox", "--host", "127.0.0.1")
    return Program(
        "sandbox",
        "Sandbox: runs code in containers",
        (*argv, "--port", str(settings.sandbox_port), "--working-dir", str(CHECKOUT)),
        settings.sandbox_port,
        "MILL_SANDBOX_PORT",
        base,
        f"{base}/livez",
    )


def release(settings: Settings, made: Release) -> Program:
    """One release's own service, from its exact Bento; on loopback whatever MILL_HOST says."""
    if made.bento_tag is None:
        raise PrerequisiteError(
            f"the release {made.name} cannot be served",
            allowed="a release with its Bento",
            found="a release without one",
            next=f"mill deploy --task {made.task}",
        )
    port = settings.release_port(made.number)
    base = f"http://127.0.0.1:{port}"
    argv = (executable("bentoml"), "serve", made.bento_tag, "--host", "127.0.0.1", "--port", str(port))
    title = f"Release {made.name} ({made.status})"
    return Program(f"release-{made.number}", title, argv, port, "MILL_RELEASE_PORT_BASE", base, f"{base}/readyz")


def release_programs(settings: Settings, releases: Sequence[Release]) -> list[Program]:
    """The services of `releases`, in order of their number."""
    return [release(settings, made) for made in sorted(releases, key=lambda made: made.number)]


def live_programs(settings: Settings, db: Engine) -> list[Program]:
    """The services of every release that may be asked: champions, and the ones kept warm to go back to."""
    from modelmill.store import releases

    return release_programs(settings, releases.live(db))
