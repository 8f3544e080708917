"""Libraries without parts that they can do without, where nobody here needs those and importing them takes long."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress


@contextmanager
def without(*parts: str) -> Generator[None]:
    """In the block importing these modules fails as if they were not installed, unless they are loaded; after it not.

    Only for what a library does without by itself (`try: import ... except ImportError`).
    """
    hidden = [name for name in parts if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # pyright: ignore  (None: an import of it raises ModuleNotFoundError)
    try:
        yield
    finally:
        for name in hidden:
            sys.modules.pop(name, None)  # another thread may have hidden it too


def load(library: str, *parts: str) -> None:
    """Import a library without these parts, so that whoever imports it next gets it so; nothing if it is not there."""
    with without(*parts), suppress(ImportError):
        importlib.import_module(library)
