"""One hostile program: what it tries, and what containment means for it.

Every program prints TRIED when an attempt was refused and ESCAPED when it was not: the first must be there (or the test
could not fail), the second never.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.contract import Answer

# Prints how the kernel answers a system call. Numbers are those of x86-64.
SYSCALLS = """
import ctypes, errno, os
libc = ctypes.CDLL(None, use_errno=True)
def call(name, number, *args):
    ctypes.set_errno(0)
    got = libc.syscall(ctypes.c_long(number), *[ctypes.c_long(a) if isinstance(a, int) else a for a in args])
    said = errno.errorcode.get(ctypes.get_errno(), '?')
    print('ESCAPED' if got >= 0 else 'TRIED', name, got, said, flush=True)
"""


@dataclass(frozen=True)
class Hostile:
    """status: those it may end with. says: parts of its output. judge: what else the host must have measured."""

    name: str
    contained: str
    code: str
    language: str = "python"
    status: tuple[str, ...] = ("ok",)
    says: tuple[str, ...] = ("TRIED",)
    never: tuple[str, ...] = ()
    judge: Callable[[Answer], bool] = lambda _answer: True
    ask: dict[str, Any] = field(default_factory=dict)
