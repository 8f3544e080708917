"""An installation whose programs are killed (-9) at random moments while it works. What `make chaos` does last.

    python benchmarks/chaos.py --rounds 10 --seed 17 [--victim postmaster ...]

A home of its own, `mill up` on free ports, two small corpora of real code and content, a champion that is asked all the
time. Each round changes a corpus, starts its run (or a training) through the queue, kills the victim at a random moment
of it, waits until no run is unfinished, has the next run complete, and counts what must not be. Prints a JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
from pydantic import SecretStr
from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from modelmill import asking, processes
from modelmill.errors import MillError
from modelmill.settings import CHECKOUT, Settings, load
from modelmill.store import corpora, database, heartbeats, keys, publications

sys.path.insert(0, str(CHECKOUT / "tests"))
sys.path.insert(0, str(CHECKOUT / "tests" / "serving"))

from ports import free_port
from serving_chain import TASK, add_candidate, add_dataset, add_report
from serving_programs import FIND_TINY, tiny_tasks

CORPUS, TRAINED = "stdlib", "intent_classification"  # the first under a default's name: then that is not added
STAGES = ("documents", "units", "vectors")
# What a victim's command line holds; its environment must name our home. Two more are told by our own records.
SIGNS = {
    "step": "modelmill.finetune.worker",
    "code server": "api grpc",
    "daemon": "dagster-daemon run",
    "webserver": "dagster-webserver --",
    "mlflow": "mlflow server",
    "release service": TASK.replace("_", "-") + ":",
    "gateway": "serving.gateway:Gateway",
}
VICTIMS = (*SIGNS, "worker", "postmaster")
# The tiny task is served only: Dagster's programs would look for its file among ours.
FIND_TINY_IN_BENTOML = (
    "import sys\nif any('bentoml' in word or 'serving/program.py' in word for word in sys.orig_argv):\n"
    f"    exec({FIND_TINY!r})\n"
)
LONGEST = 180.0  # seconds for a run to be found dead; the promise is 120


class Installation:
    """A home of its own with `mill up` on it."""

    def __init__(self, folder: Path) -> None:
        self.root, self.home = folder / "root", folder / "home"
        self.root.mkdir()
        shutil.copy(CHECKOUT / "params.yaml", self.root)
        for name in ("catalog", "eval"):
            shutil.copytree(CHECKOUT / "data" / name, self.root / "data" / name)
        self.code = folder / "code"
        self.code.mkdir()
        for name in ("heapq.py", "bisect.py", "textwrap.py"):
            shutil.copy(Path(os.__file__).parent / name, self.code)
        (folder / "site").mkdir()
        (folder / "site" / "sitecustomize.py").write_text(FIND_TINY_IN_BENTOML)
        os.environ.pop("MILL_DATABASE_URL", None)
        own = {"MILL_ROOT": str(self.root), "MILL_HOME": str(self.home), "MILL_PROFILE": "tiny"}
        os.environ |= own | {"MILL_SANDBOX_WARM": "0"}  # no code is run here
        for name in ("GATEWAY", "DAGSTER", "MLFLOW", "SANDBOX", "CODE"):
            os.environ[f"MILL_{name}_PORT"] = str(free_port())
        os.environ["MILL_RELEASE_PORT_BASE"] = str(free_port())
        os.environ["PYTHONPATH"] = os.pathsep.join([str(folder / "site"), str(CHECKOUT)])
        self.settings: Settings = load()
        self.log = folder / "up.log"

    def prepare(self) -> None:
        """Tables, corpora, a champion."""
        from modelmill.deploy.stage import deploy
        from modelmill.task import get_task

        database.migrate(self.settings)
        self.db = database.engine(self.settings)
        corpora.add(self.settings, self.db, CORPUS, str(self.code), "Apache-2.0", consent=True)
        corpora.ensure_defaults(self.settings, self.db)
        with tiny_tasks():
            data = add_dataset(self.db)
            model = add_candidate(self.settings, self.db, self.home / "model", data)
            add_report(self.db, model, data)
            deploy(self.settings, self.db, get_task(TASK))

    def up(self) -> None:
        """Start everything and wait until all of it answers."""
        from orchestration import instance

        with self.log.open("w") as out:
            argv = [sys.executable, "-m", "modelmill.cli", "up"]
            self.process = subprocess.Popen(argv, cwd=CHECKOUT, stdout=out, stderr=out)
        until(lambda: "Ctrl-C or `mill down`" in self.log.read_text() or self.process.poll() is not None, 300)
        assert self.process.poll() is None, self.log.read_text()
        self.instance = instance.connect(self.settings)
        self.instance.add_dynamic_partitions("corpora", [CORPUS, "catalog"])

    def down(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait(120)

    def submit(self, job: str, partition: str = "", assets: tuple[str, ...] = ()) -> None:
        """A run into the queue, as the UI does it. The webserver may be on its way back."""
        from dagster_graphql import DagsterGraphQLClient, DagsterGraphQLClientError

        tags = {"dagster/partition": partition} if partition else {}
        config: dict[str, Any] = {} if partition else {"resources": {"mill": {"config": {"force": True}}}}
        end = time.monotonic() + LONGEST
        while True:
            try:
                client = DagsterGraphQLClient("127.0.0.1", port_number=self.settings.dagster_port)
                client.submit_job_execution(
                    job, run_config=config, tags=tags, asset_selection=[[TRAINED, one] for one in assets] or None
                )
                return
            except (DagsterGraphQLClientError, OSError) as error:
                if time.monotonic() > end:
                    raise
                said = str(error)[:200]
                print(f"  asking again: {said}", flush=True)
                time.sleep(3)

    def unfinished(self) -> list[Any]:
        """Runs that have not ended; asked again while the database is away."""
        from dagster import DagsterRunStatus, RunsFilter

        status = DagsterRunStatus
        waiting = [status.NOT_STARTED, status.QUEUED, status.STARTING, status.STARTED, status.CANCELING]
        return patient(lambda: list(self.instance.get_runs(RunsFilter(statuses=waiting))))

    def pids(self, victim: str) -> list[int]:
        """Its processes, which must be of our home."""
        if victim == "postmaster":
            return [int((self.home / "postgres" / "postmaster.pid").read_text().split()[0])]
        if victim == "worker":
            return list({beat.pid for beat in patient(lambda: heartbeats.all_beats(self.db))})
        found: list[int] = []
        for process in psutil.process_iter():
            try:
                ours = process.environ().get("MILL_HOME") == str(self.home)
                if ours and SIGNS[victim] in " ".join(process.cmdline()):
                    found.append(process.pid)
            except psutil.Error:
                continue
        return found


def until(true: Callable[[], bool], seconds: float) -> bool:
    """Whether it became true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.2)
    return False


def patient(ask: Callable[[], Any]) -> Any:
    """The answer, also after an outage of the database."""
    from dagster_postgres.utils import DagsterPostgresException

    for _ in range(240):
        try:
            return ask()
        except (SQLAlchemyError, DagsterPostgresException):
            time.sleep(0.5)
    return ask()


class Asking(threading.Thread):
    """Asks the champion without a pause and keeps the ids of what was answered."""

    def __init__(self, at: Installation) -> None:
        super().__init__(daemon=True)
        self.at, self.over = at, threading.Event()
        self.answered: list[str] = []
        self.refused = 0
        self.key = keys.create(at.settings, at.db, "chaos").secret

    def run(self) -> None:
        """Until told that it is over."""
        from modelmill.task import get_task

        with tiny_tasks():
            task = get_task(TASK)
            while not self.over.wait(0.1):
                try:
                    reply = asking.over_http(self.at.settings, task, {"text": "banana"}, self.key, seconds=5)
                    self.answered.append(reply["prediction_id"])
                except (MillError, OSError, ValueError):
                    self.refused += 1


def a_round(at: Installation, victim: str, rng: random.Random, number: int) -> dict[str, Any]:
    """Work, kill, wait, work. Returns what was seen."""
    (at.code / "added.py").write_text(f'"""Of round {number}."""\n\n\ndef number_{number}():\n    """{number}."""\n')
    if victim == "step":
        at.submit(f"train_{TRAINED}", assets=("dataset", "candidate"))
        until(lambda: bool(at.pids("step")), 120)
        time.sleep(rng.uniform(2, 20))
    else:
        at.submit("intake", CORPUS)
        until(lambda: bool(at.pids("worker")), 120)
        time.sleep(rng.uniform(0, 6))
    under_way = {run.run_id for run in at.unfinished()}
    until(lambda: bool(at.pids(victim)), 30)  # between two steps nobody is at work
    killed = at.pids(victim)
    for pid in killed:
        with suppress(ProcessLookupError):  # it has just ended by itself
            os.kill(pid, signal.SIGKILL)
    start = time.monotonic()
    stuck = not until(lambda: not under_way & {run.run_id for run in at.unfinished()}, LONGEST)
    seconds = time.monotonic() - start
    died = [
        run for run in under_way if patient(lambda run=run: at.instance.get_run_by_id(run)).status.value == "FAILURE"
    ]
    until(lambda: not at.unfinished(), LONGEST)  # what Dagster tries again
    at.submit("intake", CORPUS)
    time.sleep(1)
    until(lambda: not at.unfinished(), LONGEST)
    last = patient(lambda: at.instance.get_runs(limit=1)[0])
    return {
        "killed": len(killed),
        "under_way": len(under_way),
        "died": len(died),
        "because": [patient(lambda run=run: cause(at, run)) for run in died],
        "stuck": stuck,
        "seconds": round(seconds, 1),
        "next_completes": last.status.value == "SUCCESS",
        **patient(lambda: broken(at)),
    }


def cause(at: Installation, run_id: str) -> str:
    """What the run's last failure says, in one line."""
    from dagster import DagsterEventType

    records = at.instance.get_records_for_run(run_id, of_type=DagsterEventType.RUN_FAILURE).records
    said = [record.event_log_entry.dagster_event.message or "" for record in records]
    return said[-1].strip().splitlines()[0][:200] if said and said[-1].strip() else "nothing said"


def broken(at: Installation) -> dict[str, int]:
    """What must not be, counted."""
    counts = {
        "old_tokens": "SELECT count(*) FROM (SELECT token, max(token) OVER (PARTITION BY asset, partition ORDER BY id "
        "ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) before FROM publication) x WHERE token < before",
        "partial_units": "SELECT count(*) FROM (SELECT rows FROM publication WHERE asset = 'units' AND partition = "
        f"'{CORPUS}' ORDER BY id DESC LIMIT 1) p WHERE rows <> (SELECT count(*) FROM unit JOIN corpus ON corpus.id = "
        f"unit.corpus_id WHERE corpus.name = '{CORPUS}')",
        "without_vector": "SELECT count(*) FROM unit JOIN corpus ON corpus.id = unit.corpus_id WHERE corpus.name = "
        f"'{CORPUS}' AND NOT EXISTS (SELECT FROM vector WHERE vector.sha256 = unit.sha256)",
        "not_one_champion": f"SELECT abs(1 - count(*)) FROM release WHERE task = '{TASK}' AND status = 'champion'",
    }
    with at.db.connect() as conn:
        return {name: conn.execute(text(statement)).scalar_one() for name, statement in counts.items()}


def lost(at: Installation, answered: list[str]) -> int:
    """Answers whose prediction is not on record."""
    with at.db.connect() as conn:
        statement = text("SELECT count(*) FROM prediction WHERE id = ANY(CAST(:ids AS uuid[]))")
        return len(answered) - conn.execute(statement, {"ids": answered}).scalar_one()


def undisturbed(at: Installation) -> bool:
    """Whether the corpus is what the stages make of it in an empty database, by sha256."""
    from modelmill.embed.stage import embed
    from modelmill.extract.stage import extract
    from modelmill.normalize.stage import normalize

    url = database.database_url(at.settings)
    with create_engine(url, isolation_level="AUTOCOMMIT").connect() as conn:
        conn.execute(text("CREATE DATABASE undisturbed"))
    plain = url.set(database="undisturbed", drivername="postgresql").difference_update_query(["options"])
    alone = at.settings.model_copy(update={"database_url": SecretStr(plain.render_as_string(hide_password=False))})
    database.migrate(alone)
    db = database.engine(alone)
    corpora.add(alone, db, CORPUS, str(at.code), "Apache-2.0", consent=True)
    extract(alone, db, corpora.get(db, alone.tenant, CORPUS))
    normalize(alone, db, corpora.get(db, alone.tenant, CORPUS))
    embed(alone, db, corpora.get(db, alone.tenant, CORPUS))

    def made(engine: Any) -> list[str]:
        return [getattr(publications.current(engine, one, CORPUS), "sha256", "none") for one in STAGES]

    return made(db) == made(at.db)


def summary(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """Of one victim."""
    found = sorted(one["seconds"] for one in rounds if one["died"])
    totals = ("killed", "died", "stuck", "old_tokens", "partial_units", "without_vector", "not_one_champion")
    return {
        "rounds": len(rounds),
        **{name: sum(one[name] for one in rounds) for name in totals},
        "next_completes": sum(one["next_completes"] for one in rounds),
        "found_median": statistics.median(found) if found else None,
        "found_longest": found[-1] if found else None,
    }


def main() -> None:
    """Print the numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seed", type=int, default=17)
    parser.add_argument("--victim", action="append", choices=VICTIMS)
    asked = parser.parse_args()
    rng = random.Random(asked.seed)
    plan = [victim for victim in asked.victim or VICTIMS for _ in range(asked.rounds)]
    rng.shuffle(plan)
    with processes.term_unwinds(), tempfile.TemporaryDirectory(prefix="mill-chaos-") as folder:
        at = Installation(Path(folder))
        at.prepare()
        at.up()
        traffic = Asking(at)
        traffic.start()
        seen: dict[str, list[dict[str, Any]]] = {}
        try:
            at.submit("intake", "catalog")
            until(lambda: not at.unfinished(), 300)
            for number, victim in enumerate(plan):
                seen.setdefault(victim, []).append(a_round(at, victim, rng, number))
                print(number, victim, json.dumps(seen[victim][-1]), flush=True)
        finally:
            traffic.over.set()
            traffic.join()
            result = {
                "seed": asked.seed,
                "victims": {victim: summary(rounds) for victim, rounds in seen.items()},
                "answered": len(traffic.answered),
                "refused": traffic.refused,
                "answers_lost": patient(lambda: lost(at, traffic.answered)),
                "equals_undisturbed": patient(lambda: undisturbed(at)),
                "runs_left_beating": len(patient(lambda: heartbeats.all_beats(at.db))),
            }
            at.down()
            print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
