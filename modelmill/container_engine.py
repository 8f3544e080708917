"""Whether a container engine answers, and whether it has the sandbox's images. The sandbox itself is another room."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Any, TypeVar

Answer = TypeVar("Answer")

SECONDS = 3  # an engine on the same machine answers in milliseconds
PREFIX = "mill-sandbox-"  # of the names of the sandbox's images


def version() -> str | None:
    """The engine's version; None where none answers."""
    return _ask(lambda client: str(client.version()["Version"]))


def images() -> list[str]:
    """The sandbox's images that the engine has; empty where none answers."""
    tags: list[str] | None = _ask(lambda client: [tag for one in client.images() for tag in one["RepoTags"] or ()])
    return sorted(tag.split(":")[0] for tag in tags or [] if tag.startswith(PREFIX))


def _ask(question: Callable[[Any], Answer]) -> Answer | None:
    from docker import APIClient
    from docker.errors import DockerException
    from docker.utils import kwargs_from_env
    from requests.exceptions import RequestException

    try:
        with closing(APIClient(version="auto", timeout=SECONDS, **kwargs_from_env())) as client:
            return question(client)
    except (DockerException, RequestException, OSError):
        return None
