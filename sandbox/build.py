"""`mill sandbox build`: the images of all languages, by the engine, from a public base or from our own."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from modelmill.container_engine import PREFIX
from modelmill.errors import PrerequisiteError
from sandbox import base, engine
from sandbox.base import Tell
from sandbox.languages import IMAGES, Language

INIT = f"{PREFIX}init"
INIT_BASE = "debian:bookworm-slim"
BUILD_SECONDS = 1800
PROXIES = ("http_proxy", "https_proxy", "no_proxy")


def build(api: Any, languages: Sequence[Language], tell: Tell) -> None:
    """Make what is missing or changed; the engine's own cache knows what is neither. Raises PrerequisiteError."""
    api.timeout = BUILD_SECONDS
    public = _registry_answers(api)
    tell("bases: public images" if public else "no registry answers: bases are made of Debian packages")
    ours = "" if public else base.make(api, tell)
    _image(api, "init", ours or INIT_BASE, tell)
    for language in languages:
        _image(api, language.name, ours or language.base, tell)


@engine.answering()
def _registry_answers(api: Any) -> bool:
    """Asked for the smallest base; one that is there already needs no registry."""
    from docker.errors import APIError

    if api.images(name=INIT_BASE):
        return True
    try:
        api.pull(*INIT_BASE.split(":"))
    except APIError:
        return False
    return True


@engine.answering()
def _image(api: Any, name: str, begin_with: str, tell: Tell) -> None:
    args = {"BASE": begin_with, "INIT": INIT} | {key: os.environ[key] for key in PROXIES if key in os.environ}
    steps = api.build(
        path=str(IMAGES / name), tag=f"{PREFIX}{name}", buildargs=args, rm=True, forcerm=True, decode=True
    )
    said: list[str] = []
    for step in steps:
        said.append(str(step.get("stream") or step.get("error") or "").rstrip())
        if "error" in step:
            raise PrerequisiteError(
                f"the image {PREFIX}{name} was not built",
                allowed="every step of its Dockerfile ending with 0",
                found=" | ".join(filter(None, said[-4:]))[-400:],
                next=f"see that packages can be installed in a container, then mill sandbox build (from {begin_with})",
            )
    tell(f"{name}: {PREFIX}{name}")
