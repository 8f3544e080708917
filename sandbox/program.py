"""From a request to a program that can be run: its language, its files, its entry and its limits are looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from modelmill.errors import UserError
from modelmill.settings import Settings
from sandbox.contract import Ceilings, Request
from sandbox.languages import Language, language


@dataclass(frozen=True, slots=True)
class Program:
    """A request whose language and limits are known to be right."""

    request: Request
    language: Language
    entry: str
    files: tuple[tuple[str, bytes], ...]
    limits: Ceilings


def ceilings(settings: Settings) -> Ceilings:
    """What the operator allows."""
    return Ceilings(settings.sandbox_memory_mb, settings.sandbox_cpus, settings.sandbox_seconds)


def program(request: Request, allowed: Ceilings, among: Mapping[str, Language]) -> Program:
    """Raises UserError: a language not among these, no entry, a limit above the operator's or too low to begin."""
    spoken = language(request.language, among)
    entry = _entry(request, spoken)
    source = {entry: request.code} if request.code is not None else request.files
    files = tuple((name, text.encode()) for name, text in source.items())
    return Program(request, spoken, entry, files, _limits(request, allowed, spoken.least_memory_mb))


def _entry(request: Request, spoken: Language) -> str:
    if request.entry:
        return request.entry
    if request.code is not None or spoken.entry in request.files:
        return spoken.entry
    if len(request.files) == 1:
        return next(iter(request.files))
    raise UserError(
        "it is not said which file is run",
        allowed=f"entry, or a file {spoken.entry}",
        found=", ".join(sorted(request.files))[:200],
        next="name the entry",
    )


def _limits(request: Request, allowed: Ceilings, least_mb: int) -> Ceilings:
    seconds, memory = request.timeout or allowed.seconds, request.memory_mb or allowed.memory_mb
    for name, wanted, most in (("timeout", seconds, allowed.seconds), ("memory_mb", memory, allowed.memory_mb)):
        if wanted > most:
            said = f"{name} is above what the operator allows"
            raise UserError(
                said, allowed=f"at most {most:g}", found=f"{wanted:g}", next=f"lower {name}, or leave it out"
            )
    if memory < least_mb:
        said = f"{request.language} does not begin with so little memory"
        raise UserError(said, allowed=f"memory_mb of at least {least_mb}", found=f"{memory}", next="raise memory_mb")
    return replace(allowed, seconds=seconds, memory_mb=memory)
