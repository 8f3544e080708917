"""The Docker engine: found, asked whether it can do what is needed, or missing with the next command."""

from __future__ import annotations

import math
import os
from collections.abc import Generator
from contextlib import closing, contextmanager
from datetime import datetime
from typing import Any

from modelmill.errors import PrerequisiteError

OLDEST = (20, 10)
SECONDS = 30  # a call that takes longer did not work
CONNECTIONS = 32  # kept when idle: the SDK has a pool for each path that it asked, and every container has its own path
LATE_SECONDS = 1  # after which an event has arrived


def connect() -> Any:
    """A client of the engine that DOCKER_HOST names, else the local one. Raises PrerequisiteError."""
    from docker import APIClient
    from docker.utils import kwargs_from_env

    with answering():
        client = APIClient(version="auto", timeout=SECONDS, num_pools=CONNECTIONS, **kwargs_from_env())
        _require_version(client.version())
    return client


@contextmanager
def answering() -> Generator[None]:
    """Within it whatever the engine does not do is a PrerequisiteError: what it refuses, and that it is not there."""
    from docker.errors import APIError, DockerException

    where = os.environ.get("DOCKER_HOST") or "the local engine"
    try:
        yield
    except APIError as error:
        raise PrerequisiteError(
            "the engine did not do what the sandbox needs",
            allowed=f"a Docker engine {OLDEST[0]}.{OLDEST[1]} or newer that has disk and memory left",
            found=f"{where}: {str(error.explanation or error)[:300]}",
            next="see the engine's own log, and free some disk (docker system df); then the same again",
        ) from error
    except (DockerException, OSError) as error:  # a RequestException is an OSError
        raise PrerequisiteError(
            "the sandbox has no engine: no code is run",
            allowed=f"a Docker engine {OLDEST[0]}.{OLDEST[1]} or newer that this user may use",
            found=f"{where} does not answer ({type(error).__name__})",
            next="install and start Docker (Debian: apt-get install docker.io), then mill sandbox build",
        ) from error


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


def require_answer(api: Any) -> None:
    """Raise PrerequisiteError when the engine is away now."""
    with answering():
        api.ping()


def ended_for_memory(api: Any, container_id: str) -> bool:
    """Whether the kernel ended a process of the container for its memory, by the engine's own record of events.

    For when PID 1 is gone and the container with it: the record is all that is left, and no program can write into it.
    Waits a moment for an event that may still be on its way. An engine that does not answer says no.
    """
    about = {"type": "container", "container": container_id, "event": "oom"}
    try:
        with answering():
            now = datetime.fromisoformat(api.info()["SystemTime"])  # its clock may not be ours
            with closing(api.events(since=0, until=math.ceil(now.timestamp()) + LATE_SECONDS, filters=about)) as told:
                return next(told, None) is not None
    except PrerequisiteError:
        return False


def removed(api: Any, container_id: str) -> bool:
    """Whether the container is gone now. False: its removal was begun before, and nobody knows yet how it ends.

    Raises the engine's errors.
    """
    from docker.errors import APIError, NotFound

    try:
        api.remove_container(container_id, force=True)
    except NotFound:
        return True
    except APIError as error:
        if error.status_code != 409:
            raise
        return False
    return True


def _require_version(said: dict[str, Any]) -> None:
    numbers = str(said.get("Version", "0")).split(".")[:2]
    if tuple(int(part) if part.isdigit() else 0 for part in numbers) < OLDEST:
        raise PrerequisiteError(
            "the Docker engine is too old for the sandbox",
            allowed=f"{OLDEST[0]}.{OLDEST[1]} or newer",
            found=str(said.get("Version")),
            next="install a newer engine",
        )
