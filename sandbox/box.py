"""One container: started, warm, used once, gone.

Output, input and the end come over one attached stream; the program's exit is taken from PID 1's last frame and never
waited for at the engine, whose event comes 45-85 ms later. Nothing is read from or written to a path of the container.
"""

from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from sandbox import engine, frames, hardening
from sandbox.contract import Ceilings
from sandbox.languages import Language

WARM_SECONDS = 40.0  # an interpreter that is not warm by then never will be, on a busy machine neither
GRACE_SECONDS = 5.0  # PID 1 holds the deadline; this is for when it cannot
READ = 65536

Listener = Callable[[str, bytes], None]


class BrokenError(Exception):
    """The sandbox failed, not the program."""


@dataclass(frozen=True, slots=True)
class Job:
    """What one container does. files: name and content; the entry is the first argument."""

    files: tuple[tuple[str, bytes], ...]
    argv: tuple[str, ...]
    stdin: bytes
    limits: Ceilings
    more_input: bool = False


@dataclass(slots=True)
class Outcome:
    """What the host saw. final is None when the container ended without a last word."""

    stdout: bytearray = field(default_factory=bytearray)
    stderr: bytearray = field(default_factory=bytearray)
    final: frames.Final | None = None
    late: bool = False
    cancelled: bool = False
    said: str = ""
    wall_seconds: float = 0.0  # by the host's clock, from the request on; PID 1's own is nearer to the program's
    out_of_memory: bool = False  # only asked when there was no last word

    @property
    def size(self) -> int:
        """Bytes of output."""
        return len(self.stdout) + len(self.stderr)

    @property
    def silent(self) -> bool:
        """The container ended by itself and without a last word."""
        return self.final is None and not self.late and not self.cancelled


class Box:
    """A container, once it is started. `run` belongs to one thread; `send` and `cancel` may come from others."""

    def __init__(self, api: Any, language: Language, ceilings: Ceilings, labels: dict[str, str], runtime: str) -> None:
        self.api, self.language, self.ceilings = api, language, ceilings
        self.labels, self.runtime = labels, runtime
        self.id = ""  # the engine's word for it, which it has not said yet
        self.decoder = frames.Decoder()
        self.outgoing = bytearray()
        self.lock = threading.Lock()
        self.cancelled = False
        self.wake_read, self.wake_write = socket.socketpair()
        self.wake_write.setblocking(False)  # a full one wakes too
        self.ends: list[Any] = [self.wake_read, self.wake_write]

    def start(self) -> None:
        """Returns when it is warm. Raises BrokenError and the engine's errors: it is to be destroyed then, too."""
        made = hardening.container(self.api, self.language, self.ceilings, self.labels, self.runtime)
        self.id = self.api.create_container_from_config(_config(self.api, made))["Id"]
        attached, self.stream = _attach(self.api, self.id)
        self.ends = [self.stream, attached, *self.ends]
        self.api.start(self.id)
        self._wait_warm()

    def _wait_warm(self) -> None:
        end = time.monotonic() + WARM_SECONDS
        try:
            while time.monotonic() < end:
                for kind, _ in self._receive(end):
                    if kind == b"r":
                        return
        except EOFError:
            raise BrokenError(f"{self.language.name} ended before it was warm. {self._said}".strip()) from None
        raise BrokenError(f"{self.language.name} was not warm after {WARM_SECONDS:.0f} s")

    @property
    def _said(self) -> str:
        """PID 1's complaint, if it had one."""
        return self.decoder.said.decode("utf-8", "replace")[:500]

    @property
    def alive(self) -> bool:
        """Whether it still waits for its request: one that waits says nothing."""
        try:
            self.stream.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def run(self, job: Job, listener: Listener | None = None) -> Outcome:
        """Give it its one request, collect what comes. Raises BrokenError, never for what the program does."""
        outcome, start = Outcome(), time.monotonic()
        try:
            if job.limits.memory_mb != self.ceilings.memory_mb:
                memory = job.limits.memory_mb << 20
                self.api.update_container(self.id, mem_limit=memory, memswap_limit=memory)
            self._queue(_request(job))
            end = time.monotonic() + job.limits.seconds + GRACE_SECONDS
            self._collect(outcome, job.limits.output_bytes, end, listener)
        except (OSError, frames.GarbledError) as error:  # the engine's errors are OSErrors
            raise BrokenError(f"the container: {error}") from error
        outcome.wall_seconds = round(time.monotonic() - start, 3)
        outcome.said = self._said
        if outcome.silent:
            outcome.out_of_memory = engine.ended_for_memory(self.api, self.id)
        return outcome

    def _collect(self, outcome: Outcome, limit: int, end: float, listener: Listener | None) -> None:
        while outcome.final is None and outcome.size <= limit:
            try:
                for kind, payload in self._receive(end):
                    self._take(outcome, kind, payload, listener)
                    if time.monotonic() >= end:
                        break  # whoever listens may be slow
            except EOFError:
                return
            outcome.late = outcome.final is None and time.monotonic() >= end
            outcome.cancelled = outcome.final is None and self.cancelled
            if outcome.late or outcome.cancelled:
                return

    def _take(self, outcome: Outcome, kind: bytes, payload: bytes, listener: Listener | None) -> None:
        if kind == b"f":
            outcome.final = frames.final(payload)
        elif kind in (b"o", b"e"):
            into = outcome.stdout if kind == b"o" else outcome.stderr
            into += payload
            if listener:
                listener("stdout" if kind == b"o" else "stderr", payload)

    def _receive(self, end: float) -> Iterable[tuple[bytes, bytes]]:
        """Send what waits, return the frames that came. Raises EOFError when the container is gone."""
        with self.lock:
            wanted = select.POLLIN | (select.POLLOUT if self.outgoing else 0)
        poll = select.poll()
        poll.register(self.stream, wanted)
        poll.register(self.wake_read, select.POLLIN)
        ready = dict(poll.poll(max(0.0, min(end - time.monotonic(), 1.0)) * 1000))
        if self.wake_read.fileno() in ready:
            self.wake_read.recv(READ)
        if ready.get(self.stream.fileno(), 0) & select.POLLOUT:
            self._send_some()
        if ready.get(self.stream.fileno(), 0) & ~select.POLLOUT:
            data = self.stream.recv(READ)
            if not data:
                raise EOFError
            return self.decoder.feed(data)
        return ()

    def _send_some(self) -> None:
        with self.lock:
            with suppress(BrokenPipeError, ConnectionResetError):  # it ended: what it said is still to be read
                sent = self.stream.send(self.outgoing, socket.MSG_DONTWAIT)
                del self.outgoing[:sent]
                return
            self.outgoing.clear()

    def send(self, data: bytes, last: bool = False) -> None:
        """More input for the running program."""
        self._queue((frames.encode(b"I", data) if data else b"") + (frames.encode(b"E") if last else b""))

    def cancel(self) -> None:
        """End it now."""
        self.cancelled = True
        self._wake()

    def _queue(self, data: bytes) -> None:
        with self.lock:
            self.outgoing += data
        self._wake()

    def _wake(self) -> None:
        with suppress(OSError):  # it is awake, or it has ended
            self.wake_write.send(b"!")

    def destroy(self) -> bool:
        """Whether it is gone. False: somebody else's removal of it is on its way, which may yet fail.

        Closes the stream first: the engine's kill hangs for a minute while nobody reads a full one.
        """
        for end in self.ends:
            with suppress(OSError):
                end.close()
        return not self.id or engine.removed(self.api, self.id)


def _request(job: Job) -> bytes:
    limits = f"{int(job.limits.seconds * 1000)} {job.limits.output_bytes}".encode()
    parts = [frames.encode(b"F", name.encode() + b"\0" + content) for name, content in job.files]
    go = b"".join(one.encode() + b"\0" for one in job.argv)
    parts += [frames.encode(b"L", limits), frames.encode(b"G", go)]
    if job.stdin:
        parts.append(frames.encode(b"I", job.stdin))
    if not job.more_input:
        parts.append(frames.encode(b"E"))
    return b"".join(parts)


def _config(api: Any, made: dict[str, Any]) -> dict[str, Any]:
    """The SDK's own call has no word for StdinOnce: the engine closes the container's stdin when our end is closed."""
    return {**api.create_container_config(**made), "StdinOnce": True, "AttachStdin": True}


def _attach(api: Any, container_id: str) -> tuple[Any, socket.socket]:
    wanted = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
    attached = api.attach_socket(container_id, params=wanted)
    stream: socket.socket = getattr(attached, "_sock", attached)
    stream.settimeout(None)
    return attached, stream
