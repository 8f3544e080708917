"""The wire between the host and PID 1 of a container (images/init/init.c), and Docker's own framing around it."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

HEADER = struct.Struct(">cI")
DOCKER_HEADER = struct.Struct(">BxxxI")
LARGEST = 64 * 1024  # PID 1 sends at most 32 KiB a frame; what says more did not come from it
STDOUT = 1


@dataclass(frozen=True, slots=True)
class Final:
    """PID 1's last word. phase: p the program began, c it does not compile, a neither. Counts are None when unknown."""

    phase: str
    exit_code: int | None
    signal: int | None
    wall_seconds: float
    cpu_seconds: float | None
    peak_bytes: int | None
    oom_kills: int | None
    timed_out: bool
    over_output: bool


def encode(kind: bytes, payload: bytes = b"") -> bytes:
    """One frame to PID 1."""
    return HEADER.pack(kind, len(payload)) + payload


class GarbledError(Exception):
    """What came cannot be from our PID 1."""


class Decoder:
    """Bytes from Docker's attach stream into frames of PID 1."""

    def __init__(self) -> None:
        self.raw = bytearray()
        self.inner = bytearray()
        self.said = bytearray()  # PID 1's stderr: only when something is broken

    def feed(self, data: bytes) -> Iterator[tuple[bytes, bytes]]:
        """The frames that are whole now. Raises GarbledError."""
        self.raw += data
        self._unwrap()
        while len(self.inner) >= HEADER.size:
            kind, length = HEADER.unpack_from(self.inner)
            if length > LARGEST:
                raise GarbledError(f"a frame of {length} bytes")
            end = HEADER.size + length
            if len(self.inner) < end:
                return
            payload = bytes(self.inner[HEADER.size : end])
            del self.inner[:end]
            yield kind, payload

    def _unwrap(self) -> None:
        """Docker: stream number, length, data."""
        while len(self.raw) >= DOCKER_HEADER.size:
            stream, length = DOCKER_HEADER.unpack_from(self.raw)
            end = DOCKER_HEADER.size + length
            if len(self.raw) < end:
                return
            into = self.inner if stream == STDOUT else self.said
            into += self.raw[DOCKER_HEADER.size : end]
            del self.raw[:end]


def final(payload: bytes) -> Final:
    """Raises GarbledError."""
    try:
        phase, *rest = payload.decode().split()
        code, signal, wall, cpu, peak, oom, timed_out, over = (int(part) for part in rest)
    except ValueError:
        raise GarbledError(repr(payload[:80])) from None
    return Final(
        phase,
        _known(code),
        _known(signal),
        wall / 1000,
        None if cpu < 0 else cpu / 1e6,
        _known(peak),
        _known(oom),
        bool(timed_out),
        bool(over),
    )


def _known(number: int) -> int | None:
    return None if number < 0 else number
