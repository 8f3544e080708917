"""The languages: a folder under images/ with Dockerfile, runner and language.toml is one. Found by being there."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from modelmill.container_engine import PREFIX
from modelmill.errors import UserError
from sandbox.contract import MEMORY_MB

IMAGES = Path(__file__).resolve().parent / "images"


class Language(BaseModel):
    """language.toml. base: the public image it is built from where a registry answers. environment: besides PATH."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    title: str
    base: str
    entry: str = Field(description="The file's name when only code is given.")
    runner: tuple[str, ...]
    executable_tmp: bool = Field(False, description="It runs what it compiled, from /tmp.")
    scratch_mb: int = Field(64, description="Size of /tmp.")
    least_memory_mb: int = Field(MEMORY_MB, description="With less its runner, which waits, has no room.")
    environment: Mapping[str, str] = {}
    hello: str = Field(description="A program that prints 2.")

    @property
    def image(self) -> str:
        """The tag that `mill sandbox build` gives it."""
        return f"{PREFIX}{self.name}"

    @property
    def folder(self) -> Path:
        """Its build context."""
        return IMAGES / self.name


@cache
def all_languages() -> Mapping[str, Language]:
    """By name."""
    found = sorted(IMAGES.glob("*/language.toml"))
    return {path.parent.name: _read(path) for path in found}


def offered(names: str) -> Mapping[str, Language]:
    """By name, those that the operator named with commas between; all, where he named none. Raises UserError."""
    wanted = [part.strip() for part in names.split(",") if part.strip()]
    return {name: language(name) for name in wanted} or all_languages()


def language(name: str, among: Mapping[str, Language] | None = None) -> Language:
    """Of these, or of all. Raises UserError when there is none of this name."""
    known = all_languages() if among is None else among
    if name in known:
        return known[name]
    raise UserError(
        f"there is no language {name[:40]!r}",
        allowed=", ".join(known),
        found=repr(name[:40]),
        next="choose one of these",
    )


def _read(path: Path) -> Language:
    return Language(name=path.parent.name, **tomllib.loads(path.read_text()))
