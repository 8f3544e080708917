"""What serving costs, beside FastAPI alone and beside sentence-transformers' way, in turns; client on the same cores.

    python benchmarks/serving_speed.py tail                    # why BentoML's slowest answers are slow
    MILL_HOME=... python benchmarks/serving_speed.py nothing   # the gateway beside FastAPI, where neither does anything
    MILL_HOME=... python benchmarks/serving_speed.py cached    # a text embedded before beside nothing at all
    MILL_HOME=... python benchmarks/serving_speed.py batching  # the search release beside the same model, one by one
    MILL_HOME=... python benchmarks/serving_speed.py search    # the search endpoint at 1, 16 and 64 connections

MILL_HOME: an installation in which semantic_search has a release. `CPU-ms`: of the service's processes, for one answer,
so that another load disturbs them less than it does the clock; ratios are of medians, with the least and the greatest.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parent))
from asking import Told, ask, request
from embedding import examples
from nothing import ROUTE

from modelmill import programs
from modelmill.processes import require_port, term_unwinds
from modelmill.settings import CHECKOUT, Settings, load
from modelmill.store import database, keys, releases
from modelmill.task import get_task

TASK = "semantic_search"
FIRST_PORT = 18800
PATIENCE_SECONDS = 180.0


@dataclass
class Service:
    """A started program that listens on `port`."""

    name: str
    port: int
    program: subprocess.Popen[bytes]

    @property
    def processes(self) -> list[psutil.Process]:
        """Its own first."""
        return [psutil.Process(self.program.pid), *psutil.Process(self.program.pid).children(recursive=True)]

    @property
    def cpu(self) -> float:
        """Seconds of the processor so far."""
        return sum(sum(one.cpu_times()[:2]) for one in self.processes)

    def measured(self, requests: Sequence[bytes], connections: int) -> tuple[Told, float]:
        """What came of it, and CPU-ms for each."""
        before = self.cpu
        told = ask(self.port, requests, connections)
        if set(told.statuses) - {200, 429, 503}:
            raise RuntimeError(f"{self.name} answered {dict(told.statuses)}")
        return told, (self.cpu - before) * 1000 / len(requests)


@contextmanager
def started(name: str, port: int, argv: Sequence[str], path: str = "/livez", **more: str) -> Generator[Service]:
    """Until it answers; ended with the block."""
    require_port("127.0.0.1", port, name, "FIRST_PORT")
    quiet = subprocess.DEVNULL
    env = {**load().child_env(), "BENTOML_DO_NOT_TRACK": "true", **more}
    program = subprocess.Popen(argv, env=env, cwd=CHECKOUT, stdout=quiet, stderr=quiet, start_new_session=True)
    service = Service(name, port, program)
    try:
        _wait(f"http://127.0.0.1:{port}{path}", program)
        yield service
    finally:
        every = service.processes if program.poll() is None else []
        program.terminate()
        for one in psutil.wait_procs(every, 10)[1]:
            one.kill()
        program.wait()


def _wait(url: str, program: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end and program.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except urllib.error.HTTPError as error:
            if error.code == 404:  # it answers; it has no such route
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise TimeoutError(f"{url}: {'no answer' if program.poll() is None else 'the program has ended'}")


def nothing(name: str, port: int, alone: bool = True) -> list[str]:
    """The program of a service that does nothing. alone: in one process, else by `bentoml serve`."""
    service = f"benchmarks.nothing:{name}"
    if name in ("Fastapi", "Remembered"):
        argv = [sys.executable, "-m", "uvicorn", service, "--port", str(port), "--no-access-log"]
        return [*argv, "--log-level", "warning"]
    if alone:
        return list(programs.served(service, "127.0.0.1", port))
    return [programs.executable("bentoml"), "serve", service, "--host", "127.0.0.1", "--port", str(port)]


def said(service: Service, connections: int, told: Told, cpu: float) -> None:
    """One line."""
    print(f"  {service.name:26s} {connections:2d} connections, {cpu:5.2f} CPU-ms {told}", flush=True)


def tail(rounds: int, number: int) -> None:
    """One connection; and how often and how long the garbage collector stopped everything."""
    wanted = [
        ("FastAPI alone", "Fastapi", True),
        ("bentoml serve, a method", "Method", False),
        ("bentoml serve, an app", "Mounted", False),
        ("the same, log/metrics off", "Quiet", False),
        ("that, in one process", "Quiet", True),
    ]
    with ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        logs = [Path(folder) / str(place) for place in range(len(wanted))]
        services: list[Service] = []
        for place, (name, what, alone) in enumerate(wanted):
            argv = nothing(what, FIRST_PORT + place, alone)
            log = {"GC_LOG": str(logs[place])} if what != "Fastapi" else {}
            services.append(stack.enter_context(started(name, FIRST_PORT + place, argv, **log)))
        for _ in range(rounds):
            for (_, what, _), service, log in zip(wanted, services, logs, strict=True):
                body = b"{}" if what == "Method" else None
                asked = [request(f"http://127.0.0.1:{service.port}{ROUTE}", body)] * number
                log.unlink(missing_ok=True)
                said(service, 1, *service.measured(asked, 1))
                if log.is_file():
                    print(f"{'':28s} full collections, CPU-ms: {', '.join(log.read_text().split())}", flush=True)


def in_turns(
    ours: Service, theirs: Service, asked: Callable[[Service], Sequence[bytes]], connections: int, rounds: int
) -> None:
    """Both in each round; the ratios of answers a second and of CPU."""
    rates: list[float] = []
    costs: list[float] = []
    for number in range(rounds):
        both = {}
        for one in (ours, theirs)[:: 1 if number % 2 else -1]:
            both[one.name] = one.measured(asked(one), connections)
            said(one, connections, *both[one.name])
        (mine, my_cpu), (other, other_cpu) = both[ours.name], both[theirs.name]
        rates.append(mine.rate / other.rate)
        costs.append(other_cpu / my_cpu)
    for what, ratios in (("answers a second", rates), ("answers a CPU-s", costs)):
        ends = f"[{min(ratios):.2f}, {max(ratios):.2f}], {rounds} rounds"
        print(f"  {ours.name} beside {theirs.name}, {what}: {statistics.median(ratios):.2f}x {ends}", flush=True)


@contextmanager
def key(settings: Settings, scope: str) -> Generator[str]:
    """For this run."""
    db = database.engine(settings)
    made = keys.create(settings, db, f"benchmark {os.getpid()}", [scope])
    try:
        yield made.secret
    finally:
        keys.revoke(db, settings.tenant, made.key.prefix)


def cached(rounds: int, number: int) -> None:
    """FastAPI alone with a text that was embedded before, beside the same with nothing to do."""
    ports = FIRST_PORT, FIRST_PORT + 1
    with (
        started("nothing", ports[0], nothing("Fastapi", ports[0])) as bare,
        started("embedded before", ports[1], nothing("Remembered", ports[1])) as ours,
    ):

        def asked(one: Service) -> Sequence[bytes]:
            return [request(f"http://127.0.0.1:{one.port}{ROUTE}")] * number

        for connections in (1, 16):
            in_turns(ours, bare, asked, connections, rounds)


def gateway_beside_fastapi(rounds: int, number: int) -> None:
    """Where neither does anything."""
    ports = FIRST_PORT, FIRST_PORT + 1
    with (
        key(load(), "predict") as secret,
        started("FastAPI alone", ports[0], nothing("Fastapi", ports[0])) as bare,
        started("the gateway", ports[1], nothing("Gateway", ports[1]), MILL_REQUESTS_PER_SECOND="20000") as ours,
    ):

        def asked(one: Service) -> Sequence[bytes]:
            return [request(f"http://127.0.0.1:{one.port}{ROUTE}", key=secret)] * number

        for connections in (1, 16):
            in_turns(ours, bare, asked, connections, rounds)


def bodies(settings: Settings, number: int, seed: int) -> list[bytes]:
    """As the gateway asks a release; every text is another one."""
    queries = [f"{text} {place}" for place, text in enumerate(distinct(number, seed))]
    return [json.dumps({"tenant": settings.tenant, "inputs": [{"query": one, "k": 10}]}).encode() for one in queries]


def distinct(number: int, seed: int) -> list[str]:
    """First paragraphs of the standard library's docstrings, again from the start when there are no more."""
    known, _ = examples(min(number, 1000), seed)
    return [known[place % len(known)] for place in range(number)]


def batching(rounds: int, number: int) -> None:
    """The release's service beside FastAPI with the same model, asked for one text at a time."""
    settings = load()
    champion = releases.champion(database.engine(settings), TASK)
    assert champion, f"{TASK} has no release"
    made = programs.release(settings, champion)
    alone = [sys.executable, "-m", "uvicorn", "benchmarks.one_by_one:app", "--port", str(FIRST_PORT)]
    candidate = {"MILL_BENCHMARK_CANDIDATE": champion.candidate_sha256, "MILL_BENCHMARK_TASK": TASK}
    seeds = iter(range(10**6))
    with (
        started("one by one", FIRST_PORT, [*alone, "--no-access-log"], "/readyz", **candidate) as theirs,
        started("the release", made.port or 0, made.argv, "/readyz") as ours,
    ):

        def asked(one: Service) -> Sequence[bytes]:
            url = f"http://127.0.0.1:{one.port}/predict"
            return [request(url, body) for body in bodies(settings, number, next(seeds))]

        for connections in (1, 16):
            in_turns(ours, theirs, asked, connections, rounds)


def questions(number: int, first: int) -> list[str]:
    """What people ask of the standard library (data/eval, some 40 characters), numbered: never the same."""
    lines = (CHECKOUT / "data/eval/semantic_search/asked.jsonl").read_text(encoding="utf-8").splitlines()
    known = [str(json.loads(line)["query"]) for line in lines]
    return [f"{known[place % len(known)]} {first + place}" for place in range(number)]


def kinds(number: int, first: int) -> dict[str, list[str]]:
    """The queries of a round by their kind, the first of which bears the number `first`."""
    return {
        "asked": questions(number, first),
        "docstrings": [f"{text} {first + place}" for place, text in enumerate(distinct(number, first))],
        "repeated": [str(get_task(TASK).sample["query"])] * number,
    }


def search(rounds: int, number: int) -> None:
    """Through the gateway, logged like any other answer. `asked`: questions; `docstrings`: first paragraphs of those;
    `repeated`: all ask the same. A first round is not told: services that just began look names up for the log.
    """
    settings = load()
    champion = releases.champion(database.engine(settings), TASK)
    assert champion, f"{TASK} has no release"
    made, port = programs.release(settings, champion), FIRST_PORT
    url = f"http://127.0.0.1:{port}/api/v1/{get_task(TASK).route}"
    argv = programs.served("serving.gateway:Gateway", "127.0.0.1", port)
    with (
        key(settings, "predict") as secret,
        started("release", made.port or 0, made.argv, "/readyz"),
        started("gateway", port, argv, MILL_REQUESTS_PER_SECOND="20000") as ours,
    ):
        first = 0  # number of the next question
        for turn in range(rounds + 1):
            for connections in (1, 16, 64) if turn else (16,):
                for what, queries in kinds(number, first).items():
                    asked = [request(url, json.dumps({"query": one, "k": 10}).encode(), secret) for one in queries]
                    ours.name = f"search, {what}"
                    measured = ours.measured(asked, connections)
                    if turn:
                        said(ours, connections, *measured)
                first += number


def main() -> None:
    """Read the options."""
    parts: dict[str, tuple[Callable[[int, int], None], int]] = {
        "tail": (tail, 1000),
        "nothing": (gateway_beside_fastapi, 4000),
        "cached": (cached, 4000),
        "batching": (batching, 400),
        "search": (search, 1000),
    }
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=parts)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--number", type=int, help="requests a round")
    words = parser.parse_args()
    work, number = parts[words.part]
    print(f"{words.part}: {len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f}", flush=True)
    with term_unwinds():
        work(words.rounds, words.number or number)


if __name__ == "__main__":
    main()
