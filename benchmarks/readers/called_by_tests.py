"""A plugin of pytest: which functions of a package each function of its tests calls itself, told by running them.

    PYTHONPATH=benchmarks/readers CALLED=calls.tsv python -m pytest -q -p called_by_tests tests

A line each: path and name of what calls, path and name of what is called, and `direct`, or `within` for what is reached
only through other functions. A class that is made is called. What a context manager or a wrapper of the standard
library stands between counts as direct. Only for packages one would run: nothing is contained.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import threading
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

ROOT = Path.cwd()
BETWEEN = frozenset({contextlib.__file__, functools.__file__})
MADE = frozenset({"__init__", "__new__"})

called: set[tuple[str, str, str, str, str]] = set()
known: dict[CodeType, tuple[str, str]] = {}
classes: dict[type, tuple[str, str]] = {}


def place(code: CodeType) -> tuple[str, str]:
    """Path below the root, or "", and the name of the function that the code lies in, or "" outside of one.

    Of what is defined in a function of the package, a wrapper, neither.
    """
    if code not in known:
        file = Path(code.co_filename)
        inside = file.is_absolute() and file.is_relative_to(ROOT) and file.suffix == ".py"
        name = code.co_qualname.split(".<locals>")[0]
        inside = inside and ("<locals>" not in code.co_qualname or is_test(str(file.relative_to(ROOT))))
        known[code] = (str(file.relative_to(ROOT)) if inside else "", "" if "<" in name else name)
    return known[code]


def made(frame: FrameType) -> tuple[str, str]:
    """The class of which an instance is made: where its methods lie, for a class may say it is its package's."""
    one = frame.f_locals.get(frame.f_code.co_varnames[0]) if frame.f_code.co_varnames else None
    cls = one if isinstance(one, type) else type(one)
    if cls not in classes:
        name = cls.__qualname__.split(".<locals>")[0]
        own = (code for held in vars(cls).values() if (code := getattr(held, "__code__", None)) is not None)
        found = next((at for code in own if (at := place(code))[1].startswith(f"{name}.")), None)
        classes[cls] = (found[0] if found else module(cls.__module__), name)
    return classes[cls]


def module(name: str) -> str:
    """A module's path below the root, or ""."""
    file = Path(getattr(sys.modules.get(name), "__file__", None) or "")
    return str(file.relative_to(ROOT)) if file.is_relative_to(ROOT) else ""


def look(frame: FrameType, event: str, _: Any) -> None:
    """Note who called; asked at each call."""
    if event != "call":
        return
    path, name = made(frame) if frame.f_code.co_name in MADE else place(frame.f_code)
    if not path or not name or is_test(path):
        return
    caller, way = frame.f_back, "direct"
    code = frame.f_code
    while caller is not None and is_between(caller, code):
        code, caller = caller.f_code, caller.f_back
    while caller is not None:
        by_path, by_name = place(caller.f_code)
        if by_path and is_test(by_path):
            if by_name:
                called.add((by_path, by_name, path, name, way))
            return
        caller, way = caller.f_back, "within"


def is_between(frame: FrameType, code: CodeType) -> bool:
    """Whether a frame is the standard library's, or that of a wrapper of what it calls."""
    held = (frame.f_locals.get(name) for name in frame.f_code.co_freevars)
    return frame.f_code.co_filename in BETWEEN or any(getattr(one, "__code__", None) is code for one in held)


def is_test(path: str) -> bool:
    """By its folder."""
    return path.startswith(("tests/", "test/"))


def pytest_configure() -> None:
    """Begin before the tests are imported."""
    threading.setprofile(look)
    sys.setprofile(look)


def pytest_unconfigure() -> None:
    """Write what was found."""
    sys.setprofile(None)
    threading.setprofile(None)  # pyright: ignore[reportArgumentType]
    Path(os.environ["CALLED"]).write_text("".join("\t".join(one) + "\n" for one in sorted(called)))
