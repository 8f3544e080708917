"""The scan's door: asks the worker process, and says whether the operator's policy lets the program through."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress

from sandbox.contract import Finding, Policy

SECONDS = 10.0  # a program of 1 MB takes 2 s
START_SECONDS = 60.0  # the worker loads bandit: 1 s, more on a machine that has other work


class Scanner:
    """One worker, started at first use, started again when it failed."""

    def __init__(self, policy: Policy) -> None:
        self.policy: Policy = policy
        self.lock = threading.Lock()
        self.worker: subprocess.Popen[bytes] | None = None

    def scan(self, language: str, files: Sequence[tuple[str, bytes]]) -> list[Finding]:
        """What was found. A scan that failed is a finding itself, never an empty list."""
        if self.policy == "off":
            return []
        asked = {"language": language, "files": {name: content.decode() for name, content in files}}
        with self.lock:
            try:
                return self._ask(json.dumps(asked).encode() + b"\n")
            except (OSError, ValueError) as error:
                self._end()
                said = f"the scan failed: {type(error).__name__}"
                return [Finding(kind="unscanned", rule="failed", severity="high", file="", line=0, message=said)]

    def refuses(self, findings: Sequence[Finding]) -> bool:
        """Whether they keep the program from being run."""
        return self.policy == "refuse" and any(one.severity == "high" for one in findings)

    def close(self) -> None:
        """End the worker."""
        with self.lock:
            self._end()

    def _ask(self, line: bytes) -> list[Finding]:
        if self.worker is None or self.worker.poll() is not None:
            self.worker = self._start()
        assert self.worker.stdin and self.worker.stdout
        with _ended_after(SECONDS, self.worker):
            self.worker.stdin.write(line)
            self.worker.stdin.flush()
            return [Finding(**one) for one in json.loads(self.worker.stdout.readline())]

    def _start(self) -> subprocess.Popen[bytes]:
        argv = [sys.executable, "-m", "modelmill.tether", sys.executable, "-m", "sandbox.scan.worker"]
        made = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert made.stdout
        with _ended_after(START_SECONDS, made):
            made.stdout.readline()  # it is ready, or has ended
        return made

    def _end(self) -> None:
        if self.worker is None:
            return
        self.worker.kill()
        self.worker.wait()
        for end in (self.worker.stdin, self.worker.stdout):
            with suppress(OSError):
                if end:
                    end.close()
        self.worker = None


@contextmanager
def _ended_after(seconds: float, worker: subprocess.Popen[bytes]) -> Generator[None]:
    """A worker that hangs, in reading or in answering, is ended: whoever waits for it sees its pipes close."""
    timer = threading.Timer(seconds, worker.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
