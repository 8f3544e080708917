"""From what came over a wire or a command line to a request; what is none is an error in four parts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from modelmill.errors import MillError, UserError
from sandbox.contract import CODE_BYTES, Request, plain
from sandbox.line import FullError


def from_json(body: bytes | str) -> Request:
    """Raises UserError."""
    try:
        return Request.model_validate_json(body)
    except ValidationError as error:
        raise _no_request(error) from None


def from_values(values: Mapping[str, Any]) -> Request:
    """Raises UserError."""
    try:
        return Request.model_validate(values)
    except ValidationError as error:
        raise _no_request(error) from None


def text_of(file: Path) -> str:
    """A file of the person who asks, as text. Raises UserError: not there, too large, no UTF-8."""
    try:
        raw = file.read_bytes()
        if len(raw) <= CODE_BYTES:
            return raw.decode()
        found = f"{len(raw)} bytes"
    except UnicodeDecodeError as error:
        found = f"a byte that is no UTF-8 at {error.start}"
    except OSError as error:
        found = error.strerror or type(error).__name__
    raise UserError(
        f"{file} cannot be used", allowed=f"a file of at most {CODE_BYTES} bytes of UTF-8", found=found, next="mend it"
    )


def come_again(full: FullError) -> MillError:
    """Too many are waiting."""
    return MillError(
        "too many runs are waiting",
        allowed=f"{full.room} waiting runs (MILL_SANDBOX_QUEUE)",
        found=str(full),
        next=f"ask again in {full.seconds} s",
    )


def _no_request(error: ValidationError) -> UserError:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"]) or "the request"
    return UserError(
        f"{plain(where[:100])} cannot be used",
        allowed=str(first["msg"])[:200],
        found=repr(first.get("input"))[:100],
        next="see the body of POST /api/v1/devlab/execute in /docs, or mill exec --help",
    )
