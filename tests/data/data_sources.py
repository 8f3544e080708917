"""Real sources, small, and a tiny encoder that can be checked by hand."""

from __future__ import annotations

import shutil
import string
import sysconfig
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sqlalchemy import Engine

from modelmill.extract.stage import extract
from modelmill.normalize.stage import normalize
from modelmill.records import Corpus
from modelmill.settings import Settings
from modelmill.store import corpora

MODULES = (
    "argparse.py", "bisect.py", "calendar.py", "csv.py", "difflib.py", "fractions.py", "heapq.py", "json",
    "pprint.py", "random.py", "shlex.py", "statistics.py", "textwrap.py", "wave.py",
)  # fmt: skip


class Letters:
    """An encoder that can be checked by hand: how often each letter occurs, at unit length."""

    dim = 26

    def __init__(self, name: str = "letters", fail_after: int = 1_000_000) -> None:
        self.name, self.left, self.seen = name, fail_after, 0

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        if self.left <= 0:
            raise KeyboardInterrupt
        self.left -= 1
        self.seen += len(texts)
        counts = np.array([[text.lower().count(letter) for letter in string.ascii_lowercase] for text in texts], float)
        return (counts / np.maximum(np.linalg.norm(counts, axis=1, keepdims=True), 1e-9)).astype(np.float32)


def take_in(settings: Settings, db: Engine, name: str, folder: Path, consent: bool = True) -> None:
    """Add or refresh a corpus, up to its units."""
    corpora.add(settings, db, name, str(folder), "Apache-2.0", consent=consent)
    extract(settings, db, known(settings, db, name))
    normalize(settings, db, known(settings, db, name))


def known(settings: Settings, db: Engine, name: str = "code") -> Corpus:
    """The corpus of that name."""
    return corpora.get(db, settings.tenant, name)


def copy_modules(folder: Path) -> Path:
    """The MODULES of the running interpreter, in a folder of their own."""
    folder.mkdir()
    library = Path(sysconfig.get_path("stdlib"))
    for name in MODULES:
        source = library / name
        shutil.copytree(source, folder / name) if source.is_dir() else shutil.copy(source, folder)
    return folder
