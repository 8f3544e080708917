"""`python:stdlib`: the standard library of the interpreter that runs. Real code that is always there (licence PSF-2.0).

Its tests, its editor and its frozen copies are left out: they would teach little and weigh half.
"""

from __future__ import annotations

import platform
import sys
import sysconfig
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from modelmill.extract.directory import FolderSnapshot, unreadable
from modelmill.records import sha256_text

URI = "python:stdlib"
LEFT_OUT = frozenset(
    {
        "test", "tests", "idle_test", "idlelib", "lib2to3", "turtledemo", "lib-dynload", "ensurepip", "pydoc_data",
    }
)  # fmt: skip


class PythonStdlib:
    """The revision is the interpreter's version and build; the same build has the same library."""

    name = "python_stdlib"

    def matches(self, uri: str) -> bool:
        return uri == URI

    @contextmanager
    def open(self, uri: str, home: Path, revision: str | None = None) -> Generator[FolderSnapshot]:
        root = Path(sysconfig.get_path("stdlib"))
        if not (root / "os.py").is_file():
            raise unreadable(uri, f"no os.py in {root}: this interpreter keeps its library elsewhere")
        build = sha256_text(sys.version)[:8]
        yield FolderSnapshot(root, f"{sys.implementation.name}-{platform.python_version()}-{build}", LEFT_OUT)


SOURCE = PythonStdlib()
