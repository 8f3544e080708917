"""What a failure of a library means to a person: the database gone, the disk full, a place that may not be written."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from modelmill.errors import MillError, PrerequisiteError

if TYPE_CHECKING:
    from sqlalchemy.exc import DBAPIError

FULL = (errno.ENOSPC, errno.EDQUOT)
DISK_FULL, NOT_ALLOWED = "53100", "42501"  # https://www.postgresql.org/docs/current/errcodes-appendix.html
# What a server says that has no connection left; libpq gives no code for what fails before there is a connection.
NO_ROOM = ("too many clients already", "remaining connection slots are reserved", "too many connections for")


def foreseen(error: BaseException) -> BaseException | None:
    """What `explained` has words for: the error, or what a library such as MLflow wrapped in its own; None: neither."""
    from sqlalchemy.exc import SQLAlchemyError

    if isinstance(error, MillError | SQLAlchemyError | OSError) or _no_space(error):
        return error
    while error.__cause__ is not None:
        error = error.__cause__
        if isinstance(error, SQLAlchemyError) or _no_space(error):
            return error
    return None


def _no_space(error: BaseException) -> bool:
    """Whether a library that is no Python's, as safetensors, says in an error of its own what the system told it."""
    return os.strerror(errno.ENOSPC) in str(error)


def explained(error: BaseException) -> MillError:
    """The four-part error for any exception; one that nobody foresaw says so, and how to see where it comes from."""
    from sqlalchemy.exc import OperationalError, ProgrammingError

    error = foreseen(error) or error
    if isinstance(error, MillError):
        return error
    if isinstance(error, OperationalError):
        return _unanswered(error)
    if isinstance(error, ProgrammingError):
        return _unfit(error)
    if isinstance(error, OSError) and error.errno is not None:
        return _system(error)
    if _no_space(error):
        return _disk_full("", str(error).strip().splitlines()[-1])
    return MillError(
        "something failed that nobody foresaw",
        allowed="none: this is a mistake in modelmill",
        found=f"{type(error).__name__}: {error}",
        next="run the same with MILL_DEBUG=1 for the traceback, and report it",
    )


def _unanswered(error: DBAPIError) -> MillError:
    """By a server that is full or away."""
    from modelmill import settings
    from modelmill.store import database

    if (full := database_disk_full(error)) is not None:
        return full
    if any(said in str(error.orig) for said in NO_ROOM):
        return _no_room(str(error.orig))
    return database.unreachable(settings.load(), error)


def _unfit(error: DBAPIError) -> MillError:
    """A server whose tables this user may not use, or that lacks them."""
    said = str(error.orig).splitlines()[0]
    if _code(error) == NOT_ALLOWED:
        return _not_allowed(said)
    return PrerequisiteError(
        "the database has not the tables this version needs",
        allowed="tables of this version",
        found=said,
        next="mill migrate",
    )


def database_disk_full(error: DBAPIError) -> PrerequisiteError | None:
    """What the server means that has no space left; None: it means something else."""
    if _code(error) != DISK_FULL:
        return None
    return _disk_full("where the database lies", str(error.orig).splitlines()[0])


def _code(error: DBAPIError) -> str | None:
    """PostgreSQL's code: psycopg calls it sqlstate; psycopg2, which Dagster speaks, pgcode."""
    return getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None)


def _not_allowed(said: str) -> MillError:
    return PrerequisiteError(
        "the database refused its user",
        allowed="the owner of the schema mill, or a user that was granted what the owner may",
        found=said,
        next="name such a user in MILL_DATABASE_URL, then the same again",
    )


def _system(error: OSError) -> MillError:
    where = f" ({error.filename})" if error.filename else ""
    if error.errno in FULL:  # of a copy it is the second place that is full
        return _disk_full(str(error.filename2 or error.filename or ""), str(error))
    return PrerequisiteError(
        f"the system refused{where}",
        allowed="a file or address that this user may use",
        found=f"{type(error).__name__}: {error.strerror or error}",
        next="mill doctor",
    )


def _no_room(said: str) -> PrerequisiteError:
    return PrerequisiteError(
        "the database takes no more connections",
        allowed="a free connection",
        found=said.strip().splitlines()[-1],
        next="run the same again when others have ended, or raise max_connections of the server",
    )


def _disk_full(where: str, found: str) -> PrerequisiteError:
    return PrerequisiteError(
        f"the disk is full{f' ({where})' if where else ''}",
        allowed="free space",
        found=found,
        next="free some, then run the same again: what was published is whole",
    )
