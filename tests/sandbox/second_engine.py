"""A second engine, which a test may stop and kill: the first belongs to the machine and to every other test.

It lives in a network namespace of its own: an engine without a bridge deletes `docker0` of the one it finds itself in.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import psutil

from modelmill.settings import CHECKOUT

STOP_SECONDS = 120


def what_is_missing() -> str:
    """To run one here; empty when nothing is."""
    programs = [name for name in ("dockerd", "unshare", "umount") if shutil.which(name) is None]
    return ", ".join([*programs, *(["root"] if os.geteuid() else [])])


class SecondEngine:
    """Stopped until `start`. The folder must be short: a Unix socket's path holds 107 bytes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"unix://{folder}/docker.sock"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when it answers."""
        (self.folder / "pid").unlink(missing_ok=True)  # one that was killed left it
        roots = [f"--{name}={self.folder}/{name}" for name in ("data-root", "exec-root")]
        alone = ["--bridge=none", "--iptables=false", "--ip-forward=false", "--ip-masq=false"]
        alone += ["--add-runtime=broken=/bin/false"]
        tether = [sys.executable, "-m", "modelmill.tether"]  # it does not outlive the tests
        engine = ["dockerd", *roots, f"--pidfile={self.folder}/pid", f"--host={self.url}", *alone]
        argv = [*tether, "unshare", "--net", *engine]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(argv, stdout=log, stderr=log, start_new_session=True, cwd=CHECKOUT)
        end = time.monotonic() + STOP_SECONDS
        while time.monotonic() < end:
            with suppress(Exception):
                self.client().close()
                return
            time.sleep(0.1)
        raise AssertionError((self.folder / "log").read_text(errors="replace")[-3000:])

    def client(self) -> Any:
        """To ask it as the tests ask the first one."""
        from docker import APIClient

        client = APIClient(base_url=self.url, version="auto", timeout=60)
        client.ping()
        return client

    def containers(self) -> list[str]:
        """Their ids, those that ended too."""
        with closing(self.client()) as client:
            return [one["Id"] for one in client.containers(all=True)]

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Stop it (TERM) or kill it (KILL), containerd with it, which it started: returns when both are gone, as the
        next engine would take the dying one for its own."""
        assert self.process
        started = psutil.Process(self.process.pid).children()
        self.process.send_signal(number)
        self.process.wait(STOP_SECONDS)
        self.process = None
        assert not psutil.wait_procs(started, STOP_SECONDS)[1]

    def take_image(self, first: Any, name: str) -> None:
        """One of the first engine's."""
        with closing(self.client()) as client:
            client.load_image(b"".join(first.get_image(name)))  # about 90 MB

    def remove(self) -> None:
        """Everything of it."""
        if self.process is None:
            self.start()  # only itself ends the containers that it left when it was killed
        self.end()
        for mounted in (one.mountpoint for one in psutil.disk_partitions(all=True)):
            if mounted.startswith(f"{self.folder}/"):
                subprocess.run(["umount", mounted], check=True)
        shutil.rmtree(self.folder)
