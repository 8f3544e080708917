"""Where what a run prints is kept, for its page, and shown meanwhile where the run was started.

As Dagster does on one machine, but for the showing: Dagster starts `tail` and an interpreter for each of the two
streams, and what was printed in the last second of a run may never be shown (dagster-io/dagster#23336). Here a thread
does it, and a run ends when all was shown.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TextIO

from dagster._core.execution.compute_logs import redirect_to_file
from dagster._core.storage.compute_log_manager import CapturedLogContext, ComputeIOType
from dagster._core.storage.local_compute_log_manager import IO_TYPE_EXTENSION, LocalComputeLogManager
from dagster._utils import ensure_file, touch_file

if TYPE_CHECKING:
    from dagster._serdes import ConfigurableClassData

LOOKED_EVERY = 0.1  # seconds
CHUNK = 1 << 16  # bytes


class ShownLogManager(LocalComputeLogManager):
    """Dagster's files, and what is written to them goes to the streams as well."""

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> ShownLogManager:
        """As Dagster makes it from dagster.yaml."""
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def capture_logs(self, log_key: Sequence[str]) -> Generator[CapturedLogContext]:
        """Keep and show what this process and its children print."""
        out, err = (
            self.get_captured_local_path(log_key, IO_TYPE_EXTENSION[kind])
            for kind in (ComputeIOType.STDOUT, ComputeIOType.STDERR)
        )
        with _kept(sys.stdout, out), _kept(sys.stderr, err):
            yield CapturedLogContext(log_key)
        touch_file(self.complete_artifact_path(log_key))


@contextmanager
def _kept(stream: TextIO, path: str) -> Generator[None]:
    """Redirect a stream to a file, and show what comes to stand there."""
    ensure_file(path)
    with _shown(path, stream), redirect_to_file(stream, path):
        yield


@contextmanager
def _shown(path: str, stream: TextIO) -> Generator[None]:
    try:
        shown = os.dup(stream.fileno())
    except OSError:  # a stream that is no file, as under a test runner: nothing is redirected either
        yield
        return
    done = threading.Event()
    with Path(path).open("rb") as written:
        written.seek(0, os.SEEK_END)
        thread = threading.Thread(target=_follow, args=(written, shown, done), name="show what is printed", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
            os.close(shown)


def _follow(written: BinaryIO, shown: int, done: threading.Event) -> None:
    """Copy what is added, till the end and once more."""
    with suppress(OSError):  # whoever looked on went away: what is printed is kept all the same
        while not done.wait(LOOKED_EVERY):
            _copy(written, shown)
        _copy(written, shown)


def _copy(written: BinaryIO, shown: int) -> None:
    while chunk := written.read(CHUNK):
        while chunk:
            chunk = chunk[os.write(shown, chunk) :]
