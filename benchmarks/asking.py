"""Asks a service over HTTP with so many connections at once, each asking again when it has its answer.

A bare protocol on uvloop: aiohttp's client took as much of a core as the services that it was to measure.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import uvloop


@dataclass
class Told:
    """What came of it. times: milliseconds, sorted. statuses: how many answers of each."""

    seconds: float = 0.0
    times: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.times) / self.seconds

    def at(self, share: float) -> float:
        """The time within which this share was answered, in milliseconds."""
        return self.times[min(len(self.times) - 1, int(share * len(self.times)))]

    def __str__(self) -> str:
        marks = ", ".join(
            f"{name} {self.at(share):.2f}" for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
        )
        other = {code: n for code, n in self.statuses.items() if code != 200}
        said = f"{self.rate:8.1f} a second, {marks}, greatest {self.times[-1]:.1f} ms"
        return f"{said}, p99/p50 {self.at(0.99) / self.at(0.5):.1f}, n {len(self.times)}{f', {other}' if other else ''}"


class Caller(asyncio.Protocol):
    """One connection. Answers must have a Content-Length."""

    def __init__(self, requests: Iterator[bytes], told: Told) -> None:
        self.requests, self.told = requests, told
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.buffer = bytearray()
        self.start = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]
        self.ask()

    def ask(self) -> None:
        """The next request, or none any more."""
        request = next(self.requests, None)
        if request is None:
            self.transport.close()
            return
        self.start = time.perf_counter()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        """A part of an answer."""
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self.buffer[:end]).lower()
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        if len(self.buffer) >= end + 4 + length:
            self.told.times.append((time.perf_counter() - self.start) * 1000)
            self.told.statuses[int(head[9:12])] += 1
            self.buffer.clear()
            self.ask()

    def connection_lost(self, exc: Exception | None) -> None:
        """The end, wanted or not."""
        if not self.over.done():
            self.over.set_result(None)


def request(url: str, body: bytes | None = None, key: str = "") -> bytes:
    """The bytes of one: GET, or POST of JSON."""
    parts = urlsplit(url)
    lines = [f"{'GET' if body is None else 'POST'} {parts.path} HTTP/1.1", f"Host: {parts.netloc}"]
    lines += [f"Authorization: Bearer {key}"] if key else []
    lines += [f"Content-Length: {len(body)}", "Content-Type: application/json"] if body is not None else []
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")


def ask(port: int, requests: Sequence[bytes], connections: int) -> Told:
    """All of them, by so many connections of loopback."""
    return uvloop.run(_ask(port, requests, connections))


async def _ask(port: int, requests: Sequence[bytes], connections: int) -> Told:
    told, waiting = Told(), iter(requests)
    loop, start = asyncio.get_running_loop(), time.perf_counter()
    made = [loop.create_connection(lambda: Caller(waiting, told), "127.0.0.1", port) for _ in range(connections)]
    callers = [protocol for _, protocol in await asyncio.gather(*made)]
    await asyncio.gather(*(one.over for one in callers))
    told.seconds = time.perf_counter() - start
    told.times.sort()
    if len(told.times) != len(requests):
        raise RuntimeError(f"{len(requests) - len(told.times)} of {len(requests)} requests got no answer")
    return told
