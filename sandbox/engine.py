"""The Docker engine: found, asked whether it can do what is needed, or missing with the next command."""

from __future__ import annotations

import os
from typing import Any

from modelmill.errors import PrerequisiteError

OLDEST = (20, 10)
SECONDS = 30  # a call that takes longer did not work
CONNECTIONS = 32


def connect() -> Any:
    """A client of the engine that DOCKER_HOST names, else the local one. Raises PrerequisiteError."""
    from docker import APIClient
    from docker.errors import DockerException
    from docker.utils import kwargs_from_env
    from requests.exceptions import RequestException

    try:
        client = APIClient(version="auto", timeout=SECONDS, num_pools=CONNECTIONS, **kwargs_from_env())
        _require_version(client.version())
    except (DockerException, RequestException, OSError) as error:
        raise silent(error) from error
    return client


def silent(error: Exception) -> PrerequisiteError:
    """The error for an engine that does not answer."""
    where = os.environ.get("DOCKER_HOST") or "the local engine"
    return PrerequisiteError(
        "the sandbox has no engine: no code is run",
        allowed=f"a Docker engine {OLDEST[0]}.{OLDEST[1]} or newer that this user may use",
        found=f"{where} does not answer ({type(error).__name__})",
        next="install and start Docker (Debian: apt-get install docker.io), then mill sandbox build",
    )


def require_images(api: Any, names: list[str]) -> None:
    """Raise PrerequisiteError when one of the languages' images is missing."""
    tags = {tag for image in api.images() for tag in image["RepoTags"] or ()}
    missing = [name for name in names if f"{name}:latest" not in tags]
    if missing:
        raise PrerequisiteError(
            "the images of the sandbox are missing",
            allowed="an image for every language",
            found=f"no {', '.join(missing)}",
            next="mill sandbox build",
        )


def require_runtime(api: Any, runtime: str) -> None:
    """Raise PrerequisiteError when the runtime that the operator chose is not there."""
    there = sorted(api.info().get("Runtimes") or {})
    if runtime and runtime not in there:
        raise PrerequisiteError(
            f"the engine has no runtime {runtime!r}",
            allowed=", ".join(there),
            found=f"MILL_SANDBOX_RUNTIME={runtime}",
            next="install it and name it in the engine's daemon.json, or unset MILL_SANDBOX_RUNTIME",
        )


def _require_version(said: dict[str, Any]) -> None:
    numbers = str(said.get("Version", "0")).split(".")[:2]
    if tuple(int(part) if part.isdigit() else 0 for part in numbers) < OLDEST:
        raise PrerequisiteError(
            "the Docker engine is too old for the sandbox",
            allowed=f"{OLDEST[0]}.{OLDEST[1]} or newer",
            found=str(said.get("Version")),
            next="install a newer engine",
        )


def require_answer(api: Any) -> None:
    """Raise PrerequisiteError when the engine is away now."""
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    try:
        api.ping()
    except (DockerException, RequestException, OSError) as error:
        raise silent(error) from error
