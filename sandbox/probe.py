"""Another runtime of the engine (gVisor's runsc) is tried before anybody's code is given to it."""

from __future__ import annotations

from collections.abc import Callable

from modelmill.errors import PrerequisiteError
from sandbox.box import Box, BrokenError, Job
from sandbox.contract import Ceilings
from sandbox.verdict import judge

LIMITS = Ceilings(seconds=20)


def probe(make: Callable[[], Box]) -> None:
    """Raise PrerequisiteError when a program that does next to nothing does not end well in it."""
    try:
        box = make()
        try:
            box.start()
            language = box.language
            files = ((language.entry, language.hello.encode()),)
            told = judge(box.run(Job(files, (language.entry,), b"", LIMITS)), LIMITS)
        finally:
            box.destroy()
    except (BrokenError, OSError) as error:  # the engine's errors are OSErrors
        raise _unfit(str(error)) from error
    if told.status != "ok":
        raise _unfit(f"{told.status}, {told.reason}")


def _unfit(found: str) -> PrerequisiteError:
    return PrerequisiteError(
        "the runtime of MILL_SANDBOX_RUNTIME does not run the sandbox's containers",
        allowed="one that ends a small program with exit code 0",
        found=found[:300],
        next="see the engine's own log, or unset MILL_SANDBOX_RUNTIME",
    )
