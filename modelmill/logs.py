"""Logs as JSON lines: when, how grave, which program, run, asset, partition, request; what was said. Nothing secret.

Our own words go through Python's `logging` (the logger `mill`) into logs/mill.jsonl of the home, from whatever process.
What the programs print (`python -m modelmill.logs NAME`, behind modelmill/tether.py) becomes one such line each.
Every text is cleaned by the intake's rules (normalize/privacy.py), and of this installation's own secrets.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import re
import signal
import sys
import time
import traceback
from collections.abc import Collection, Generator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any
from urllib.parse import unquote, urlsplit

MAX_BYTES, BACKUPS = 10_000_000, 2
LONGEST = 20_000  # characters of one line; the rest of a longer one is cut off
SHORTEST_SECRET = 6  # characters; what is shorter would be taken out of the middle of words
SECRETS = ("MILL_KEY_PEPPER", "MILL_FAILURE_WEBHOOK", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
ADDRESSES = (
    "MILL_DATABASE_URL", "DAGSTER_POSTGRES_URL", "MLFLOW_BACKEND_STORE_URI", "MILL_TEST_DATABASE_URL", "MILL_STORE_URL",
)  # fmt: skip
# What our own keys look like, and what HTTP carries them in; the rest is the intake's to find.
OWN = re.compile(r"\b(mk_[a-z2-7]{10})\.[A-Za-z0-9_-]{20,}|\b((?:Bearer|Basic) +)[A-Za-z0-9._~+/=-]{8,}")
RUN_ID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b")

NOTHING: Mapping[str, str] = MappingProxyType({})
_about: ContextVar[Mapping[str, str]] = ContextVar("about", default=NOTHING)
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
NAMED_LEVEL = re.compile(r"\b(DEBUG|INFO|WARNING|ERROR|CRITICAL)\b")
# How a line begins that says something new.
BEGINS = re.compile(rf"\{{|\d{{4}}[-/]\d\d[-/]\d\d|{NAMED_LEVEL.pattern}")  # JSON, a date, a level


@contextmanager
def about(**fields: str) -> Generator[None]:
    """Every line that is logged within says this of itself: run, asset, partition, request."""
    token = _about.set({**_about.get(), **{name: value for name, value in fields.items() if value}})
    try:
        yield
    finally:
        _about.reset(token)


def logger() -> logging.Logger:
    """Ours."""
    return logging.getLogger("mill")


def configure(home: Path, program: str, level: str = "info") -> None:
    """From now on this process's own words go into the home's log. Calling it again changes nothing."""
    ours = logger()
    if not any(isinstance(one, Rotating) for one in ours.handlers):
        handler = Rotating(home / "logs" / "mill.jsonl")
        handler.setFormatter(Lines(program, home))
        ours.addHandler(handler)
        ours.propagate = False
    ours.setLevel(level.upper())


class Lines(logging.Formatter):
    """A record as one line of JSON."""

    def __init__(self, program: str, home: Path) -> None:
        super().__init__()
        self.program, self.home = program, home

    def format(self, record: logging.LogRecord) -> str:
        """Its exception too, as text."""
        said: dict[str, Any] = {**_about.get(), "pid": record.process, "said": record.getMessage()}
        if record.exc_info and record.exc_info[1]:
            said["error"] = "".join(traceback.format_exception(record.exc_info[1]))
        return line(record.created, record.levelname.lower(), self.program, said, self.home)


class Rotating(logging.Handler):
    """Appends to a file that several processes write, under a lock; at 10 MB it becomes FILE.1, and that FILE.2.

    The library's own handler would let each process rotate what another one writes to.
    """

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.file = file

    def emit(self, record: logging.LogRecord) -> None:
        """A disk that is full or read-only stops no work."""
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with self.file.with_suffix(".lock").open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                if self.file.exists() and self.file.stat().st_size > MAX_BYTES:
                    self._rotate()
                with self.file.open("a", encoding="utf-8") as out:
                    out.write(self.format(record) + "\n")
        except OSError:
            return
        except Exception:  # noqa: BLE001  (what the library does with a record that cannot be written)
            self.handleError(record)

    def _rotate(self) -> None:
        for number in range(BACKUPS, 0, -1):
            before = self.file.with_suffix(f"{self.file.suffix}.{number - 1}") if number > 1 else self.file
            with suppress(FileNotFoundError):
                before.replace(self.file.with_suffix(f"{self.file.suffix}.{number}"))


def forget(home: Path, runs: Collection[str], partitions: Collection[str]) -> int:
    """Take the lines about these runs or partitions out of the home's logs and their older parts; returns how many."""
    file, gone = home / "logs" / "mill.jsonl", 0
    if not file.parent.is_dir():
        return 0
    with file.with_suffix(".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for part in sorted(file.parent.glob(f"{file.name}*")):
            lines = part.read_bytes().splitlines(keepends=True)
            kept = [one for one in lines if not _is_about(one, runs, partitions)]
            if len(kept) < len(lines):
                part.write_bytes(b"".join(kept))
                gone += len(lines) - len(kept)
    return gone + sum(_blotted(part, runs, partitions) for part in file.parent.glob("*.log*"))


def _blotted(file: Path, runs: Collection[str], partitions: Collection[str]) -> int:
    """The same of a program's log, which its writer has open and adds to meanwhile: lines are written over where they
    stand, each by an empty object of its length.
    """
    gone = 0
    with file.open("r+b") as held:
        while text := held.readline():
            if _is_about(text, runs, partitions):
                held.seek(-len(text), os.SEEK_CUR)
                held.write(b"{}".ljust(len(text) - 1) + b"\n")
                gone += 1
    return gone


def _is_about(text: bytes, runs: Collection[str], partitions: Collection[str]) -> bool:
    try:
        said = json.loads(text)
    except ValueError:
        return False
    return isinstance(said, dict) and (said.get("run") in runs or said.get("partition") in partitions)


def line(at: float, level: str, program: str, said: Mapping[str, Any], home: Path) -> str:
    """One line of JSON, cleaned. at: seconds since the epoch."""
    seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + f".{int(at * 1000) % 1000:03}Z"
    words = {name: cleaned(value, home) if isinstance(value, str) else value for name, value in said.items()}
    return json.dumps({"at": seconds, "level": level, "program": program, **words}, ensure_ascii=False, default=str)


def cleaned(text: str, home: Path) -> str:
    """The text without this installation's secrets, our keys, and what the intake takes out of code."""
    from modelmill.normalize import privacy

    text = text[:LONGEST]
    for secret in own_secrets(home):
        text = text.replace(secret, "<secret>")
    text = OWN.sub(lambda found: f"{found[1] or found[2]}<secret>", text)
    ids = RUN_ID.findall(text)
    return text if text in ids else privacy.clean(text).text


def own_secrets(home: Path) -> tuple[str, ...]:
    """What is never written: passwords of addresses, the pepper, whatever lies in home/secrets. The longest first."""
    kept = home / "secrets"
    files = tuple(sorted((str(file), file.stat().st_mtime_ns) for file in kept.glob("*"))) if kept.is_dir() else ()
    given = tuple(os.environ.get(name, "") for name in (*SECRETS, *ADDRESSES))
    return _own_secrets(files, given)


@cache
def _own_secrets(files: tuple[tuple[str, int], ...], given: tuple[str, ...]) -> tuple[str, ...]:
    found = set(given[: len(SECRETS)])
    for address in given[len(SECRETS) :]:
        with suppress(ValueError):
            password = urlsplit(address).password or ""
            found |= {password, unquote(password)}
    for name, _ in files:
        with suppress(OSError):
            found.add(Path(name).read_text(encoding="utf-8", errors="replace").strip())
    return tuple(sorted((one for one in found if len(one) >= SHORTEST_SECRET), key=len, reverse=True))


def relay(program: str, lines: IO[str], out: IO[str], home: Path) -> None:
    """What a program prints, a line of JSON each. Lines that are JSON already keep what they say of themselves; those
    that begin nothing new, as a traceback's, are about the run of the line before.
    """
    run = ""
    for text in lines:
        if text.strip():
            run = _run_of(text, run)
            out.write(_relayed(program, text.rstrip("\n"), home, run) + "\n")
            out.flush()


def _run_of(text: str, before: str) -> str:
    """The run that a printed line is about, "" for none. before: that of the line before it."""
    found = RUN_ID.search(text)
    if found:
        return found[0]
    return "" if BEGINS.match(text) else before


def _relayed(program: str, text: str, home: Path, run: str) -> str:
    told: dict[str, Any] = {}
    if text.startswith("{"):
        with suppress(ValueError, RecursionError):
            told = json.loads(text)
    level = str(told.pop("level", "info")).lower()
    if not told:
        text = COLOUR.sub("", text)
        named = NAMED_LEVEL.search(text[:200])
        level = named[1].lower() if named else level
    words = told.pop("event", None) or told.pop("said", None) or told.pop("message", None)
    said: dict[str, Any] = {"run": run} if run else {}
    said["said"] = str(words) if words else text
    if told.get("exception") or told.get("exc_info"):
        said["error"] = str(told.get("exception") or told["exc_info"])
    return line(time.time(), level, program, said, home)


def main() -> None:
    """Until the program has closed its end; after TERM for two seconds more, so that its last words are kept."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda _number, _frame: signal.alarm(2))
    with open(sys.stdin.fileno(), encoding="utf-8", errors="replace", closefd=False) as lines:
        relay(sys.argv[1], lines, sys.stdout, Path(os.environ["MILL_HOME"]))


if __name__ == "__main__":
    main()
