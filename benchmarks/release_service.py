"""A release's own service, started alone: seconds until it answers, memory (PSS), and its answers under load.

    MILL_HOME=... python benchmarks/release_service.py                # every champion of this installation
    python benchmarks/release_service.py --task semantic_search --requests 2000

Asked directly, not through the gateway, over HTTP on loopback; the client runs on the same cores. `distinct`: every
request asks something else (docstrings of the standard library, so nothing that was asked before). `repeated`: all ask
the task's sample. PSS is of all processes of the service, after the load.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import aiohttp
import psutil

sys.path.insert(0, str(Path(__file__).parent))
from embedding import examples

from modelmill import programs
from modelmill.settings import Settings, load
from modelmill.store import database, releases
from modelmill.task import Task, get_task

PORT = 8999
PATIENCE = 120.0  # seconds until a service must answer


def pss_mb(pid: int) -> float:
    """Proportional set size of the process and all below it."""
    tree = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    return sum(one.memory_full_info().pss for one in tree) / 2**20


def cpu_s(pid: int) -> float:
    """Processor seconds of the process and all below it: what the start costs, whatever else the machine does."""
    tree = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    return sum(sum(one.cpu_times()[:4]) for one in tree)


async def ready(base: str) -> float:
    """Seconds until /readyz says yes."""
    start = time.perf_counter()
    async with aiohttp.ClientSession() as session:
        while time.perf_counter() - start < PATIENCE:
            try:
                async with session.get(f"{base}/readyz", timeout=aiohttp.ClientTimeout(5)) as answer:
                    if answer.status == 200:
                        return time.perf_counter() - start
            except (aiohttp.ClientError, TimeoutError):
                pass
            await asyncio.sleep(0.05)
    raise TimeoutError(f"{base} did not become ready")


async def load_of(base: str, bodies: list[dict[str, Any]], connections: int) -> tuple[float, list[float]]:
    """Requests a second, and each answer's milliseconds, sorted. Raises on any answer that is not 200."""
    times: list[float] = []
    waiting = iter(bodies)

    async def one(session: aiohttp.ClientSession) -> None:
        for body in waiting:
            start = time.perf_counter()
            async with session.post(f"{base}/predict", json=body) as answer:
                text = await answer.text()
                if answer.status != 200:
                    raise RuntimeError(text)
            times.append((time.perf_counter() - start) * 1000)

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=connections)) as session:
        start = time.perf_counter()
        await asyncio.gather(*(one(session) for _ in range(connections)))
        took = time.perf_counter() - start
    return len(times) / took, sorted(times)


def told(what: str, rate: float, times: list[float]) -> str:
    """One line."""
    at = {share: times[min(len(times) - 1, int(share * len(times)))] for share in (0.5, 0.95, 0.99)}
    return (f"  {what:32s} {rate:7.1f} a second, p50 {at[0.5]:6.1f} ms, p95 {at[0.95]:6.1f}, p99 {at[0.99]:6.1f} "
            f"(p99/p50 {at[0.99] / at[0.5]:.1f}), greatest {times[-1]:.1f}, n {len(times)}")  # fmt: skip


def bodies(settings: Settings, task: Task, queries: list[str] | None, number: int) -> list[dict[str, Any]]:
    """Requests as the gateway sends them."""
    field = next(name for name, value in task.sample.items() if isinstance(value, str))
    texts = queries or [str(task.sample[field])]
    inputs = [{**task.sample, field: texts[place % len(texts)]} for place in range(number)]
    return [{"tenant": settings.tenant, "inputs": [one]} for one in inputs]


def measure(settings: Settings, task: Task, requests: int) -> None:
    """Start, ask, end."""
    champion = releases.champion(database.engine(settings), task.name)
    if champion is None:
        print(f"{task.name}: no release")
        return
    argv = list(programs.release(settings, champion).argv)
    argv[argv.index("--port") + 1] = str(PORT)
    base = f"http://127.0.0.1:{PORT}"
    quiet = subprocess.DEVNULL
    service = subprocess.Popen(
        argv, env=settings.child_env(), cwd=settings.root, stdout=quiet, stderr=quiet, start_new_session=True
    )
    try:
        took = asyncio.run(ready(base))
        print(f"{champion.name}, load {os.getloadavg()[0]:.1f}: ready after {took:.1f} s, "
              f"{cpu_s(service.pid):.1f} CPU-s, PSS {pss_mb(service.pid):.0f} MB", flush=True)  # fmt: skip
        queries, _ = examples(min(requests, 2000), 17)
        for connections in (1, 16):
            for what, texts in (("distinct", queries), ("repeated", None)):
                asked = bodies(settings, task, texts, requests if connections > 1 else requests // 4)
                print(told(f"{what}, {connections} connections", *asyncio.run(load_of(base, asked, connections))))
                sys.stdout.flush()
        print(f"  PSS after it {pss_mb(service.pid):.0f} MB; {json.dumps(_about(base))}")
    finally:
        os.killpg(service.pid, signal.SIGTERM)
        service.wait(30)


def _about(base: str) -> Any:
    import urllib.request

    with urllib.request.urlopen(f"{base}/about") as answer:
        return {name: value for name, value in json.load(answer).items() if name in ("engine", "ready")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", action="append", help="default: semantic_search and intent_classification")
    parser.add_argument("--requests", type=int, default=1000)
    words = parser.parse_args()
    for name in words.task or ["semantic_search", "intent_classification"]:
        measure(load(), get_task(name), words.requests)


if __name__ == "__main__":
    main()
