"""What taking in costs again after a change: CPU seconds of the whole intake job, first, after 1 % of files, unchanged.

    python benchmarks/incremental.py FOLDER [--units 20000] [--rounds 3]

Copies Python files of FOLDER (default: the installed packages) until they hold about that many units, takes the copy in
by the job that `mill run` starts (Dagster, checks and vectors included) in an installation of its own, then adds a
function to 1 % of the files, deletes one and moves one, and takes it in again; so for each round, and once more by the
command `mill run --stage embed` as it is typed, which starts the same job. Counted is the processor time of all
processes; that of PostgreSQL by itself. The base model is converted before, so it is in none of the numbers.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from modelmill import setup
from modelmill.errors import UserError
from modelmill.normalize.python import LANGUAGE
from modelmill.records import Dropped
from modelmill.settings import CHECKOUT, load
from modelmill.store import corpora, publications

Times = tuple[float, float, float]
NEW = """


def added_by_the_benchmark_{0}(value):
    '''Give the value number {0} back, doubled.'''
    return value * 2
"""


def copied(source: Path, target: Path, units: int) -> list[Path]:
    """Files copied until about `units` units are together, package by package."""
    files: list[Path] = []
    found = 0
    for path in sorted(source.rglob("*.py")):
        if found >= units:
            break
        try:
            drafts = list(LANGUAGE.units(path.name, path.read_text("utf-8")))
        except (ValueError, RecursionError, OSError):
            continue
        found += sum(not isinstance(one, Dropped) for one in drafts)
        place = target / path.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        files.append(Path(shutil.copy(path, place)))
    return files


def postgres_seconds(home: Path) -> float:
    """Of the embedded server and those of its processes that have ended."""
    pid = int((home / "postgres" / "postmaster.pid").read_text().split()[0])
    server = psutil.Process(pid)
    found = 0.0
    for one in [server, *server.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):  # ended since it was listed: the server counts it below
            found += sum(one.cpu_times()[:2])
    ended = server.cpu_times()
    return found + ended.children_user + ended.children_system


def taken_in(home: Path, corpus: str) -> Times:
    """CPU seconds of the job, of PostgreSQL meanwhile, and wall seconds."""
    return counted(home, ["orchestration.launch", "intake", "--corpus", corpus])


def counted(home: Path, argv: list[str]) -> Times:
    """Of a module of ours with its arguments: the same three."""
    before, server, start = resource.getrusage(resource.RUSAGE_CHILDREN), postgres_seconds(home), time.monotonic()
    env = load().child_env()
    subprocess.run([sys.executable, "-m", *argv], cwd=CHECKOUT, env=env, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return spent, postgres_seconds(home) - server, time.monotonic() - start


def changed(files: list[Path], seed: int) -> int:
    """Add a function to 1 % of the files, delete one, move one; returns how many were touched."""
    chosen = random.Random(seed).sample(files, max(3, len(files) // 100))
    chosen[0].unlink()
    files.remove(chosen[0])
    files.remove(chosen[1])
    files.append(chosen[1].rename(chosen[1].with_name(f"moved_by_the_benchmark_{seed}.py")))
    for number, file in enumerate(chosen[2:]):
        file.write_text(file.read_text("utf-8") + NEW.format(f"{seed}_{number}"), "utf-8")
    return len(chosen)


def told(what: str, times: Sequence[Times]) -> Times:
    """Print the medians, and each time of the job; returns the medians."""
    middle = tuple(statistics.median(column) for column in zip(*times, strict=True))
    each = " ".join(f"{one[0]:.2f}" for one in times)
    print("{:10}{:7.2f}{:7.2f}{:7.2f}".format(what, *middle) + (f"   ({each})" if len(times) > 1 else ""), flush=True)
    return middle[0], middle[1], middle[2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=Path(sysconfig.get_path("purelib")))
    parser.add_argument("--units", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        os.environ["MILL_HOME"] = str(home)
        settings = load()
        db = setup.prepare(settings)
        files = copied(asked.folder, Path(folder) / "code", asked.units)
        (Path(folder) / "small").mkdir()
        (Path(folder) / "small" / "a.py").write_text(NEW.format(0))
        corpora.add(settings, db, "small", str(Path(folder) / "small"))
        corpora.add(settings, db, "code", str(Path(folder) / "code"))
        taken_in(home, "small")
        first = taken_in(home, "code")
        there = publications.current(db, "units", "code")
        if there is None:
            raise UserError("nothing was taken in", allowed="a folder with Python", found=str(asked.folder), next="-")
        print(f"{len(files)} files, {there.rows} units; CPU-s of the job, of PostgreSQL, wall seconds")
        told("first", [first])
        command = ["modelmill.cli", "run", "--corpus", "code", "--stage", "embed"]
        jobs: list[Times] = []
        typed: list[Times] = []
        number = 0
        for one in range(asked.rounds):
            number = changed(files, 2 * one)
            jobs.append(taken_in(home, "code"))
            changed(files, 2 * one + 1)
            typed.append(counted(home, command))
        job, whole = told("1 % later", jobs), told("as typed", typed)
        told("unchanged", [taken_in(home, "code")])
        for what, again in (("the job", job), ("as typed", whole)):
            with_server = sum(first[:2]) / sum(again[:2])
            print(f"{number} files changed, {what}: 1/{first[0] / again[0]:.1f}, with PostgreSQL 1/{with_server:.1f}")


if __name__ == "__main__":
    main()
