"""Files that are found by being there: what one of them exposes, and what is said when it cannot be used."""

from __future__ import annotations

import importlib
import traceback
from pathlib import Path
from typing import Any

from modelmill.errors import UserError


def exposed(package: str, name: str, what: str) -> Any:
    """`what` of the module `name` in `package`. Raises UserError when the file fails to load or has none."""
    file = f"{package.replace('.', '/')}/{name}.py"
    try:
        module = importlib.import_module(f"{package}.{name}")
    except Exception as error:  # whatever its author wrote runs here
        raise unusable(file, allowed="a file that Python can import", found=_said(error, file)) from error
    if not hasattr(module, what):
        raise unusable(file, allowed=f"a file that sets {what}", found=f"no {what} in it")
    return getattr(module, what)


def unusable(file: str, *, allowed: str, found: str) -> UserError:
    """The error for a file that takes part by being there, and cannot."""
    return UserError(
        f"the file {file} cannot be used",
        allowed=allowed,
        found=found,
        next=f"correct it, or take it out of {Path(file).parent} until it is ready",
    )


def _said(error: Exception, file: str) -> str:
    """With the line of the file itself that it came from, however deep it was raised."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename.endswith(file)]
    told = f"{type(error).__name__}: {error}"
    return f"line {lines[-1]}: {told}" if lines else told
