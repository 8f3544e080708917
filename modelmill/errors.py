"""The kinds of failure a person meets. Each says what failed, what is allowed, what was found, the next command."""

from __future__ import annotations


class MillError(Exception):
    """Base of all errors that are meant to be read by a person.

    failed: what failed, with its value. allowed: what would have been right. found: what was there instead.
    next: the command or step that mends it.
    """

    exit_code = 1

    def __init__(self, failed: str, *, allowed: str, found: str, next: str) -> None:
        super().__init__(failed)
        self.failed, self.allowed, self.found, self.next = failed, allowed, found, next

    def __str__(self) -> str:
        return f"{self.failed}\n  allowed: {self.allowed}\n  found:   {self.found}\n  next:    {self.next}"

    def as_dict(self) -> dict[str, str]:
        """The four parts, as the HTTP endpoints and `--json` answer them."""
        return {"failed": self.failed, "allowed": self.allowed, "found": self.found, "next": self.next}

    def __reduce__(self) -> tuple[object, ...]:
        # Keyword-only arguments do not survive pickling by default; Dagster and multiprocessing pickle errors.
        return _rebuild, (type(self), self.failed, self.allowed, self.found, self.next)


def _rebuild(kind: type[MillError], failed: str, allowed: str, found: str, next: str) -> MillError:
    return kind(failed, allowed=allowed, found=found, next=next)


class UserError(MillError):
    """Yours to fix: an argument, a setting, a request."""

    exit_code = 2


class RefusedError(UserError):
    """The gate said no to a candidate: nothing is broken, and what answers goes on."""

    exit_code = 6


class PrerequisiteError(MillError):
    """A part is missing or does not answer: a program, a server, space on the disk."""

    exit_code = 3


class DataError(MillError):
    """Record N of file F is bad, or an artifact is not what its manifest says."""

    exit_code = 4


class FencedError(MillError):
    """A newer run took over this asset; what this run made is not published."""

    exit_code = 5
