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
from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
from hostile_host import processes_of
from sandbox_waiting import until

from modelmill.settings import CHECKOUT

STOP_SECONDS = 120


def what_is_missing() -> str:
    """To run one here; empty when nothing is."""
    programs = [name for name in ("dockerd", "unshare", "umount", "chattr") if shutil.which(name) is None]
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
        """Their ids, those that ended too.

        Not what it only lists: while it starts it removes a container that ended and, in another thread, writes down
        the state of the same one, and may write last (moby 20.10, `restore` in daemon/daemon.go). It then lists it as
        dead until it is started again, and answers 404 to whoever asks for it or removes it.
        """
        with closing(self.client()) as client:
            return [one["Id"] for one in client.containers(all=True) if _is_there(client, one["Id"])]

    def state(self, container_id: str) -> str:
        """Of the container itself: its list says "removing" of one that it failed to remove, too."""
        with closing(self.client()) as client:
            return (_state(client, container_id) or {"Status": "gone"})["Status"]

    def comes_to_hold(self, count: int) -> None:
        """Returns when it has so many containers; fails, with its own word for each of them, when not in time."""
        try:
            until(lambda: len(self.containers()) == count)
        except AssertionError as error:
            raise AssertionError(f"not {count} containers: {error}\n{self.told()}") from None

    def told(self) -> str:
        """What it says of each container that it lists, what processes that has, and what its log has of it."""
        log = (self.folder / "log").read_text(errors="replace").splitlines()
        said: list[str] = []
        with closing(self.client()) as client:
            for one in client.containers(all=True):
                said.append(f"{one['Id']}: {_state(client, one['Id'])}, listed as {one}")
                said.append(f"  processes: {processes_of(one['Id'])}")
                said += [f"  {line}" for line in log if one["Id"] in line][-20:]
        return "\n".join([*said, "the end of its log:", *log[-20:]])

    @contextmanager
    def unable_to_remove(self, container_id: str, names: int = 0) -> Generator[None]:
        """Within it every removal of the container fails; not at once when there are many names to remove before."""
        held = self.folder / "data-root/containers" / container_id / "held"
        held.mkdir()
        (held / "one").touch()
        for number in range(names):
            (held / str(number)).hardlink_to(held / "one")
        (held / "immutable").touch()
        subprocess.run(["chattr", "+i", held / "immutable"], check=True)
        try:
            yield
        finally:
            subprocess.run(["chattr", "-i", held / "immutable"], check=True)

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
        self._end_shims()
        for mounted in (one.mountpoint for one in psutil.disk_partitions(all=True)):
            if mounted.startswith(f"{self.folder}/"):
                subprocess.run(["umount", mounted], check=True)
        shutil.rmtree(self.folder)

    def _end_shims(self) -> None:
        """Of containers that it was starting when it was killed it knows nothing, and their shims wait for ever."""
        for one in psutil.process_iter(["name", "cmdline"]):
            if str(one.info["name"]).startswith("containerd-shim") and self._is_named_in(one.info["cmdline"] or ()):
                for left in (*one.children(recursive=True), one):
                    with suppress(psutil.NoSuchProcess):
                        left.kill()

    def _is_named_in(self, argv: Sequence[str]) -> bool:
        return any(word.startswith(f"{self.folder}/") for word in argv)


def _is_there(client: Any, container_id: str) -> bool:
    return _state(client, container_id) is not None or bool(processes_of(container_id))


def _state(client: Any, container_id: str) -> Any:
    """None when the engine has no such container, whatever it lists."""
    from docker.errors import NotFound

    try:
        return client.inspect_container(container_id)["State"]
    except NotFound:
        return None
