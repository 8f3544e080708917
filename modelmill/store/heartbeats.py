"""Who is at work: a row a running step, renewed by a thread of the process that works, deleted when the step ends.

Whoever finds that the process is gone (here) or silent (elsewhere) declares the run dead: its rows go and its tokens
are outdated in one transaction, so what is left of it publishes nothing. A step whose row is gone stops by itself.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from sqlalchemy import Engine, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError

from modelmill import processes
from modelmill.store.tables import heartbeat, lease

BEAT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Beat:
    """A step at work. process: see `processes.identity`. heard: its last beat, seconds since the epoch.

    silent: seconds in which it could have beaten and did not; while PostgreSQL was down nobody could.
    """

    run: str
    step: str
    host: str
    pid: int
    process: str
    heard: float
    silent: float

    @property
    def here(self) -> bool:
        """Whether it works on this machine, so that its process can be looked at."""
        return self.host == socket.gethostname()

    @property
    def lives(self) -> bool:
        """Whether that very process is there. Only of those that are `here`."""
        return processes.identity(self.pid) == self.process


def stop_working() -> None:
    """What a step does when it was declared dead: as for Ctrl-C, which also ends what the main thread waits for."""
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


@contextmanager
def beating(
    db: Engine, run: str, step: str, every: float = BEAT_SECONDS, declared_dead: Callable[[], None] = stop_working
) -> Generator[None]:
    """Say that the step is being worked on until the end of the block. A database that is away is waited for."""
    _begin(db, run, step)
    over = threading.Event()
    beats = threading.Thread(
        target=_beat, args=(db, run, step, every, over, declared_dead), daemon=True, name=f"heartbeat {step}"
    )
    beats.start()
    try:
        yield
    finally:
        over.set()
        beats.join()
        with suppress(SQLAlchemyError):  # it falls silent and is cleared away
            _end(db, run, step)


def all_beats(db: Engine) -> list[Beat]:
    """Every step at work, the longest first."""
    could = func.greatest(heartbeat.c.beat_at, func.pg_postmaster_start_time())
    heard = func.extract("epoch", heartbeat.c.beat_at)
    silent = func.extract("epoch", func.clock_timestamp() - could)
    who = (heartbeat.c.run, heartbeat.c.step, heartbeat.c.host, heartbeat.c.pid, heartbeat.c.process)
    with db.connect() as conn:
        rows = conn.execute(select(*who, heard, silent).order_by(heartbeat.c.since))
        return [Beat(*row[:5], float(row[5]), float(row[6])) for row in rows]


def declare_dead(db: Engine, run: str) -> None:
    """In one transaction: what the run holds is outdated, so that nothing of it is published, and its rows are gone."""
    with db.begin() as conn:
        conn.execute(
            update(lease)
            .where(lease.c.owner.endswith(f"/{run}", autoescape=True))
            .values(token=lease.c.token + 1, owner="the reaper")
        )
        conn.execute(delete(heartbeat).where(heartbeat.c.run == run))


def _begin(db: Engine, run: str, step: str) -> None:
    who = {"host": socket.gethostname(), "pid": os.getpid(), "process": processes.identity(os.getpid())}
    statement = insert(heartbeat).values(run=run, step=step, **who)
    again = {**who, "since": func.now(), "beat_at": func.now()}
    with db.begin() as conn:
        conn.execute(statement.on_conflict_do_update(index_elements=["run", "step"], set_=again))


def _beat(
    db: Engine, run: str, step: str, every: float, over: threading.Event, declared_dead: Callable[[], None]
) -> None:
    this = (heartbeat.c.run == run, heartbeat.c.step == step)
    statement = update(heartbeat).where(*this).values(beat_at=func.now())
    while not over.wait(every):
        try:
            with db.begin() as conn:
                conn.execute(text("SET LOCAL lock_timeout = '5s'"))
                known = conn.execute(statement).rowcount
        except SQLAlchemyError:
            continue
        if not known:
            declared_dead()
            return


def _end(db: Engine, run: str, step: str) -> None:
    with db.begin() as conn:
        conn.execute(delete(heartbeat).where(heartbeat.c.run == run, heartbeat.c.step == step))
