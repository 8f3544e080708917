"""The night's tick with the daemon killed (-9) at it: is every night asked for once?

    python benchmarks/ticks.py --rounds 10 --seed 17

An installation under `mill up` whose night is every minute, and whose corpora nobody may train on: each tick has a
reason, and its run ends at its first stage. In each round the daemon is killed at a random moment from a second before
a full minute to three after it; the supervisor starts it again. Counted: runs by the key under which a schedule asked
for them, task and minute. Prints a JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from chaos import CORPUS, LONGEST, Installation, patient, until

from modelmill import processes
from modelmill.store import corpora, database
from modelmill.task import all_tasks
from orchestration.schedules import run_key

SETTLED = 75.0  # seconds in which a second run of a tick would have come


def asked_for(at: Installation) -> Counter[str]:
    """Runs by the key of the schedule's wish."""
    from dagster import RunsFilter

    runs = patient(lambda: at.instance.get_runs(RunsFilter(tags={"dagster/schedule_name": names()})))
    return Counter(run.tags["dagster/run_key"] for run in runs)


def names() -> list[str]:
    """The nightly schedules."""
    return [f"nightly_{task}" for task in all_tasks()]


def a_round(at: Installation, rng: random.Random) -> tuple[datetime, float]:
    """Kill the daemon around the next full minute; the minute, and when after it."""
    minute = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
    if (minute - datetime.now(UTC)).total_seconds() < 5:
        minute += timedelta(minutes=1)
    moment = rng.uniform(-1.0, 3.0)
    time.sleep((minute - datetime.now(UTC)).total_seconds() + moment)
    for pid in at.pids("daemon"):
        os.kill(pid, signal.SIGKILL)
    until(lambda: bool(at.pids("daemon")), LONGEST)
    time.sleep(30)
    return minute, moment


def nights(rounds: int, rng: random.Random) -> tuple[list[tuple[datetime, float]], Counter[str]]:
    """Each minute is a night. Returns which were hit, how far from them, and how often each was asked for."""
    with processes.term_unwinds(), tempfile.TemporaryDirectory(prefix="mill-ticks-") as folder:
        at = Installation(Path(folder))
        database.migrate(at.settings)
        at.db = database.engine(at.settings)
        for name in (CORPUS, "catalog"):
            corpora.add(at.settings, at.db, name, str(at.code), "Apache-2.0", consent=False)
        os.environ["MILL_NIGHT"] = "* * * * *"
        at.up()
        try:
            until(lambda: bool(asked_for(at)), LONGEST)
            killed = [a_round(at, rng) for _ in range(rounds)]
            time.sleep(SETTLED)
            return killed, asked_for(at)
        finally:
            at.down()


def main() -> None:
    """Print the numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seed", type=int, default=17)
    asked = parser.parse_args()
    killed, found = nights(asked.rounds, random.Random(asked.seed))
    wished = {(minute, moment): [found[run_key(task, minute)] for task in all_tasks()] for minute, moment in killed}
    for (minute, moment), counts in wished.items():
        print(f"{minute:%H:%M} killed {moment:+.2f} s from it: runs {counts}", flush=True)
    result = {
        "seed": asked.seed,
        "ticks": sum(len(counts) for counts in wished.values()),
        "once": sum(count == 1 for counts in wished.values() for count in counts),
        "never": sum(count == 0 for counts in wished.values() for count in counts),
        "more_than_once": sum(count > 1 for count in found.values()),
        "ticks_in_all": len(found),
    }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
