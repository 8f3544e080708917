"""The night's tick with the daemon killed (-9) at it, while the clock is set by a day under a run that is at work.

    python benchmarks/clock.py --rounds 10 --seed 17     # needs Debian's package faketime

An installation under `mill up` whose programs read a clock that is set through libfaketime (but for PostgreSQL where
it runs as a user of its own). Each round: a run is at work; the clock jumps to ten seconds before 02:00 of the next
day; the daemon is killed at a random moment around 02:00. Counted: runs of each nightly schedule for that day (one is
right), and what became of the run that was at work (it must not be found dead). At the end the clock is set back and
reaches 02:00 of the same day again. Prints a JSON object.
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
from typing import Any

from chaos import CORPUS, LONGEST, Installation, patient, until

from modelmill import processes
from modelmill.store import corpora, database
from modelmill.task import all_tasks

LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
EARLIER, SETTLED = 10.0, 75.0  # seconds before the tick, and in which a second run of it would have come


class Clock:
    """The wall clock of the programs that are started from now on."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "clock"
        self.set(datetime.now(UTC))
        os.environ |= {
            "LD_PRELOAD": str(LIBRARY),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def set(self, now: datetime) -> None:
        """Read by every program at its next look."""
        self.offset = now.timestamp() - REAL()
        draft = self.file.with_suffix(".draft")
        draft.write_text(f"{self.offset:+.3f}\n")
        draft.replace(self.file)

    def wait(self, moment: datetime) -> None:
        """Until it shows `moment`."""
        time.sleep(max(0.0, moment.timestamp() - REAL() - self.offset))


REAL = time.time  # this program's own, which is not set


def nightly(at: Installation) -> Counter[str]:
    """Runs by the key under which a schedule asked for them: task and day."""
    from dagster import RunsFilter

    found: Counter[str] = Counter()
    for task in all_tasks():
        runs = patient(
            lambda task=task: at.instance.get_runs(RunsFilter(tags={"dagster/schedule_name": f"nightly_{task}"}))
        )
        found.update(run.tags["dagster/run_key"] for run in runs)
    return found


def a_round(at: Installation, clock: Clock, night: datetime, rng: random.Random, number: int) -> dict[str, Any]:
    """Jump, kill, count."""
    lines = "\n\n".join(f'def of_{number}_{n}(x):\n    """Number {n}."""\n    return x + {n}\n' for n in range(200))
    (at.code / "added.py").write_text(lines)
    at.submit("intake", CORPUS)
    until(lambda: bool(at.pids("worker")), LONGEST)
    (under_way,) = [run.run_id for run in at.unfinished() if run.job_name == "intake"][:1]
    clock.set(night - timedelta(seconds=EARLIER))
    moment = rng.uniform(-1.0, 3.0)
    clock.wait(night + timedelta(seconds=moment))
    for pid in at.pids("daemon"):
        os.kill(pid, signal.SIGKILL)
    keys = {f"{task}:{night.date().isoformat()}" for task in all_tasks()}
    came = until(lambda: keys <= set(nightly(at)), LONGEST)
    time.sleep(SETTLED)
    until(lambda: not at.unfinished(), 2 * LONGEST)
    found = nightly(at)
    ended = patient(lambda: at.instance.get_run_by_id(under_way)).status.value
    return {"killed_at": round(moment, 2), "came": came, "runs": {key: found[key] for key in keys}, "at_work": ended}


def main() -> None:
    """Print the numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seed", type=int, default=17)
    asked = parser.parse_args()
    if LIBRARY is None:
        raise SystemExit("error: libfaketime is not there: apt-get install faketime")
    rng, rounds = random.Random(asked.seed), list[dict[str, Any]]()
    with processes.term_unwinds(), tempfile.TemporaryDirectory(prefix="mill-clock-") as folder:
        at = Installation(Path(folder))
        database.migrate(at.settings)
        at.db = database.engine(at.settings)
        for name in (CORPUS, "catalog"):  # nobody allowed training: each night has a reason and ends at its first stage
            corpora.add(at.settings, at.db, name, str(at.code), "Apache-2.0", consent=False)
        clock = Clock(Path(folder))
        at.up()
        try:
            until(lambda: not at.unfinished(), LONGEST)
            first = datetime.now(UTC).replace(hour=2, minute=0, second=0, microsecond=0) + timedelta(days=1)
            for number in range(asked.rounds):
                rounds.append(a_round(at, clock, first + timedelta(days=number), rng, number))
                print(number, json.dumps(rounds[-1]), flush=True)
            before = nightly(at)
            clock.set(first + timedelta(days=asked.rounds - 1, seconds=-EARLIER))
            time.sleep(EARLIER + SETTLED)
            again = nightly(at) - before
        finally:
            at.down()
    result = {
        "seed": asked.seed,
        "rounds": len(rounds),
        "nights_of_one_run": sum(set(one["runs"].values()) == {1} for one in rounds),
        "run_at_work_succeeded": sum(one["at_work"] == "SUCCESS" for one in rounds),
        "runs_after_the_clock_was_set_back": sum(again.values()),
    }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
