"""The sandbox beside `docker run` of the same images with the same limits, in turns, on this machine now.

`python benchmarks/sandbox_speed.py [--rounds 30] [--row 1000] [--languages bash]`: one small program a round in each
way, 0.7 s between rounds, refills running; then 50 at once; then so many in a row, and what is left over of them.
Prints Markdown. `--records 500` alone: what the record of a run costs, on an embedded PostgreSQL, without any run.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import tempfile
import time
import uuid
from dataclasses import replace
from pathlib import Path
from statistics import median, quantiles

import psutil

from modelmill.settings import Settings
from modelmill.store import database, executions
from sandbox import hardening, owner
from sandbox.contract import Request
from sandbox.house import House
from sandbox.languages import Language, all_languages
from sandbox.seccomp import profile

PAUSE_SECONDS = 0.7
GO = "/sandbox/tools/compile -p main -importcfg /sandbox/importcfg -o /tmp/m.a /tmp/main.go"
GO += " && /sandbox/tools/link -importcfg /sandbox/importcfg -o /tmp/m /tmp/m.a && /tmp/m"
# How one would run the program without a sandbox of one's own; it comes on stdin.
PLAIN = {
    "python": ["python3", "-"],
    "javascript": ["node", "-"],
    "bash": ["bash", "-s"],
    "sql": ["sqlite3", "-safe", ":memory:"],
    "java": ["bash", "-c", "cat > /tmp/Main.java && java /tmp/Main.java"],
    "go": ["bash", "-c", f"cat > /tmp/main.go && {GO}"],
}


def docker_run(language: Language, seccomp: Path) -> list[str]:
    """The same hardening, by the command line."""
    tmp = "exec" if language.executable_tmp else "noexec"
    limits = ["--memory=512m", "--memory-swap=512m", "--cpus=0.5", "--pids-limit=64", "--network=none", "--read-only"]
    rights = ["--cap-drop=ALL", "--security-opt=no-new-privileges", f"--security-opt=seccomp={seccomp}"]
    rest = [f"--user={hardening.USER}", f"--tmpfs=/tmp:rw,{tmp},size=64m", "--ulimit=nofile=256", "--log-driver=none"]
    argv = ["docker", "run", "--rm", "--interactive", *limits, *rights, *rest, "--env=HOME=/tmp"]
    return [*argv, language.image, *PLAIN[language.name]]


def by_docker_run(language: Language, seccomp: Path) -> float:
    """Seconds."""
    start = time.perf_counter()
    argv = docker_run(language, seccomp)
    done = subprocess.run(argv, input=language.hello.encode(), capture_output=True, check=False)
    assert b"2" in done.stdout, done.stderr
    return time.perf_counter() - start


async def by_sandbox(house: House, language: Language) -> float:
    """Seconds, scan included."""
    start = time.perf_counter()
    [answer] = await house.answer(Request(language=language.name, code=language.hello))
    assert answer.status == "ok", answer
    return time.perf_counter() - start


def row(name: str, ours: list[float], theirs: list[float]) -> str:
    """One line of the table, in milliseconds."""
    numbers = [f"{1000 * f(times):.0f}" for times in (ours, theirs) for f in (median, lambda t: quantiles(t, n=20)[18])]
    return f"| {name} | {' | '.join(numbers)} | {median(theirs) / median(ours):.0f} | {len(ours)} |"


async def in_turns(house: House, rounds: int, seccomp: Path) -> None:
    """Each language both ways, in turns."""
    print("| language | sandbox p50, ms | p95 | `docker run` p50 | p95 | times faster | n |")
    print("|---|---|---|---|---|---|---|")
    for language in (all_languages()[name] for name in house.pools):
        ours: list[float] = []
        theirs: list[float] = []
        for _ in range(rounds):
            ours.append(await by_sandbox(house, language))
            await asyncio.sleep(PAUSE_SECONDS)
            theirs.append(await asyncio.to_thread(by_docker_run, language, seccomp))
            await asyncio.sleep(PAUSE_SECONDS)
        print(row(language.name, ours, theirs), flush=True)


async def at_once(house: House, count: int) -> None:
    """All asked together; the memory of the host is looked at meanwhile."""
    python = all_languages()["python"]
    least = psutil.virtual_memory().available
    before, start = least, time.perf_counter()
    running = asyncio.gather(*(by_sandbox(house, python) for _ in range(count)))
    while not running.done():
        least = min(least, psutil.virtual_memory().available)
        await asyncio.sleep(0.1)
    times = await running
    took = time.perf_counter() - start
    print(f"\n{count} at once (python): all answered in {took:.1f} s, {count / took:.1f} a second, p50", end=" ")
    print(f"{median(times):.1f} s; memory of the host at most {(before - least) / 2**20:.0f} MiB more.", flush=True)


async def in_a_row(house: House, count: int) -> None:
    """One after another, without a pause; what is there of us before and after."""
    python, me = all_languages()["python"], psutil.Process()
    before, files, start = left(house), temporary(), time.perf_counter()
    descriptors, threads, memory = me.num_fds(), me.num_threads(), me.memory_info().rss
    for _ in range(count):
        await by_sandbox(house, python)
    took = time.perf_counter() - start
    await asyncio.sleep(5)
    print(
        f"\n{count} in a row (python): {took:.0f} s, {count / took:.1f} a second. Before and after: containers", end=" "
    )
    print(f"{before} and {left(house)}, temporary files {files} and {temporary()}, descriptors", end=" ")
    print(f"{descriptors} and {me.num_fds()}, threads {threads} and", end=" ")
    print(f"{me.num_threads()}, own memory {memory >> 20} and {me.memory_info().rss >> 20} MiB.", flush=True)


def left(house: House) -> int:
    """Our containers that the engine knows."""
    found = house.api.containers(all=True, filters={"label": "modelmill=sandbox"})
    return sum(f"/{os.getpid()}@" in one["Labels"].get(owner.OWNER, "") for one in found)


def temporary() -> int:
    """Files and folders where we and the scan's process make temporary ones."""
    return sum(1 for _ in Path(os.environ["TMPDIR"]).rglob("*"))


def records(count: int) -> None:
    """What is written before a run and after it."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(root=Path(folder), home=Path(folder), database_url=None)  # nobody's installation
        database.migrate(settings)
        db = database.engine(settings)
        times: dict[str, list[float]] = {"before": [], "after": []}
        for _ in range(count):
            row = executions.opened(uuid.uuid4(), "python", "0" * 64, "default", "benchmark")
            start = time.perf_counter()
            executions.begin(db, [row], 30)
            begun = time.perf_counter()
            executions.finish(db, [replace(row, status="ok", reason="exit code 0")])
            times["before"].append(begun - start)
            times["after"].append(time.perf_counter() - begun)
        for when, spent in times.items():
            p50, p95 = 1000 * median(spent), 1000 * quantiles(spent, n=20)[18]
            print(f"The record {when} a run: p50 {p50:.1f} ms, p95 {p95:.1f}, n {count}, load {os.getloadavg()[0]:.1f}")
        db.dispose()


async def measure(rounds: int, row_length: int, languages: list[str]) -> None:
    """All of it."""
    with tempfile.TemporaryDirectory() as folder:
        seccomp = Path(folder) / "seccomp.json"
        seccomp.write_text(profile())
        os.environ["TMPDIR"] = tempfile.tempdir = f"{folder}/tmp"
        Path(tempfile.tempdir).mkdir()
        house = House(Settings(root=Path(folder), sandbox_queue=100), languages=languages)  # type: ignore[call-arg]
        try:
            await asyncio.sleep(20)  # until all pools are warm
            await in_turns(house, rounds, seccomp)
            if row_length:
                await at_once(house, 50)
                await in_a_row(house, row_length)
        finally:
            house.close()


def main() -> None:
    """Read the options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--row", type=int, default=1000, help="0: only the table")
    parser.add_argument("--languages", nargs="*", default=sorted(all_languages()))
    parser.add_argument("--records", type=int)
    asked = parser.parse_args()
    if asked.records:
        records(asked.records)
    else:
        asyncio.run(measure(asked.rounds, asked.row, asked.languages))


if __name__ == "__main__":
    main()
