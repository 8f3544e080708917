"""What the host sees while a hostile program runs: processes, memory, disk, settings, and whether anybody called."""

from __future__ import annotations

import os
import socket
import threading
import time
import uuid
from pathlib import Path
from typing import Any

import psutil

SETTINGS = [
    *("kernel/core_pattern", "kernel/hostname", "kernel/randomize_va_space", "kernel/dmesg_restrict"),
    *("vm/overcommit_memory", "net/ipv4/ip_forward", "fs/suid_dumpable"),
]
MB = 1 << 20


class Host:
    """Listens on every address and on an abstract socket, and holds a canary that no program may read."""

    def __init__(self, api: Any, folder: Path) -> None:
        self.api = api
        self.canary = f"canary-{uuid.uuid4().hex}"
        os.environ["MILL_TEST_CANARY"] = self.canary
        self.file = folder / "canary"
        self.file.write_text(self.canary)
        self.calls: list[str] = []
        self.ended = threading.Event()
        self.tcp = self._listen(socket.socket(socket.AF_INET, socket.SOCK_STREAM), ("0.0.0.0", 0))
        self.port = self.tcp.getsockname()[1]
        self.udp = self._listen(socket.socket(socket.AF_INET, socket.SOCK_DGRAM), ("0.0.0.0", self.port))
        self.abstract = self._listen(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM), f"\0{self.canary}"[:60])

    @property
    def addresses(self) -> list[str]:
        """Of the host, the engine's bridge among them."""
        every = [a for nic in psutil.net_if_addrs().values() for a in nic if a.family == socket.AF_INET]
        return [one.address for one in every if not one.address.startswith("127.")]

    def _listen(self, on: socket.socket, address: Any) -> socket.socket:
        on.bind(address)
        on.settimeout(0.1)
        if on.type == socket.SOCK_STREAM:
            on.listen()
        threading.Thread(target=self._wait, args=(on,), daemon=True).start()
        return on

    def _wait(self, on: socket.socket) -> None:
        while not self.ended.is_set():
            try:
                who = on.accept()[1] if on.type == socket.SOCK_STREAM else on.recvfrom(100)[1]
            except TimeoutError:
                continue
            except OSError:
                return
            self.calls.append(str(who))

    def snapshot(self) -> dict[str, Any]:
        """What must be the same before and after."""
        return {
            "settings": {name: Path("/proc/sys", name).read_text() for name in SETTINGS},
            "cores": sorted(str(path) for path in Path.cwd().glob("core*")),
        }

    def clock(self) -> float:
        """Seconds between the two clocks; one that is set differs by years, one that is corrected by little."""
        return time.time() - time.monotonic()

    def measures(self) -> dict[str, float]:
        """What may change a little, for other reasons. What other programs hold and write meanwhile is not in it: of
        memory what no process has for itself, of the disk what the engine keeps.
        """
        lines = (line.split() for line in Path("/proc/meminfo").read_text().splitlines())
        kilobytes = {name.rstrip(":"): int(value) for name, value, *_ in lines}
        kept = self.api.df()
        sizes = [kept["LayersSize"], *(one.get("SizeRw") or 0 for one in kept["Containers"] or ())]
        return {
            "processes": len(psutil.pids()),
            "memory": (kilobytes["MemAvailable"] + kilobytes["AnonPages"]) / 1024,
            "disk": sum(sizes) / MB,
        }

    def is_as_before(self, measured: dict[str, float]) -> bool:
        """Other work on the machine may want some, for a while."""
        now = self.measures()
        return (
            now["processes"] < measured["processes"] + 60
            and now["memory"] > measured["memory"] - 800
            and now["disk"] < measured["disk"] + 100
        )

    def gone(self, container: str) -> bool:
        """Whether the container and every process of it are no more."""
        there = [one["Id"] for one in self.api.containers(all=True)]
        return container not in there and not processes_of(container)

    def close(self) -> None:
        self.ended.set()
        for one in (self.tcp, self.udp, self.abstract):
            one.close()


def processes_of(container: str) -> list[int]:
    """Host ids of the processes in the container's cgroup."""
    found: list[int] = []
    for pid in psutil.pids():
        try:
            if container in Path(f"/proc/{pid}/cgroup").read_text():
                found.append(pid)
        except OSError:
            continue
    return found
