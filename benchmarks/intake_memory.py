"""Memory of an intake by stage (normalize with its processes, each with its checks), for corpora of several sizes.

    python benchmarks/intake_memory.py [FOLDER] [--lines 250000 1000000]

Copies Python files of FOLDER (default: the installed packages) until they hold about that many lines, and takes the
copy in by the jobs that `mill run --only --stage` starts, in an installation of its own for each size. Looked at every
half second: the proportional set size of the job's processes together, and that of PostgreSQL's.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psutil

from modelmill import setup
from modelmill.embed.encoder import encoder_source
from modelmill.settings import CHECKOUT, Settings, load
from modelmill.store import corpora, publications

EVERY = 0.5  # seconds
STAGES = ("extract", "normalize", "embed")


def copied(source: Path, target: Path, lines: int) -> int:
    """Copy files until about `lines` lines are together, package by package; returns how many there are."""
    found = 0
    for path in sorted(source.rglob("*.py")):
        if found >= lines:
            break
        place = target / path.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        found += Path(shutil.copy(path, place)).read_bytes().count(b"\n")
    return found


def of(processes: Iterable[psutil.Process]) -> float:
    """Their proportional set sizes together, in MB."""
    total = 0.0
    for one in processes:
        with suppress(psutil.Error):  # ended meanwhile
            total += one.memory_full_info().pss / 1e6
    return total


def family(pid: int) -> list[psutil.Process]:
    """The process and all that it started."""
    try:
        first = psutil.Process(pid)
        return [first, *first.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def peaks(settings: Settings, stage: str) -> tuple[float, float]:
    """Run the stage of the corpus; the job's peak and PostgreSQL's, in MB."""
    server = int((settings.home_dir / "postgres" / "postmaster.pid").read_text().split()[0])
    argv = [sys.executable, "-m", "orchestration.launch", "intake", "--corpus", "code", "--stage", stage, "--only"]
    ours = theirs = 0.0
    with subprocess.Popen(argv, cwd=CHECKOUT, stdout=subprocess.DEVNULL) as job:
        while job.poll() is None:
            ours, theirs = max(ours, of(family(job.pid))), max(theirs, of(family(server)))
            time.sleep(EVERY)
    if job.returncode:
        raise SystemExit(f"{stage} ended with exit status {job.returncode}")
    return ours, theirs


def measured(source: Path, lines: int) -> str:
    """A row of the table, in an installation of its own."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MILL_HOME"] = str(Path(folder) / "home")
        settings = load()
        db = setup.prepare(settings)
        encoder_source(settings, made=True)  # the base model is converted once an installation, whatever the corpus
        found = copied(source, Path(folder) / "code", lines)
        corpora.add(settings, db, "code", str(Path(folder) / "code"))
        start = time.monotonic()
        job, server = zip(*(peaks(settings, stage) for stage in STAGES), strict=True)
        there = publications.current(db, "units", "code")
        row = " ".join(f"{one:9.0f}" for one in (*job, max(server), time.monotonic() - start))
        return f"{found:9,} {there.rows if there else 0:7,} {row}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=Path(sysconfig.get_path("purelib")))
    parser.add_argument("--lines", type=int, nargs="+", default=[250_000, 1_000_000])
    asked = parser.parse_args()
    print("    lines   units" + "".join(f"{name:>10}" for name in (*STAGES, "database", "s")), flush=True)
    for lines in asked.lines:
        print(measured(asked.folder, lines), flush=True)


if __name__ == "__main__":
    main()
