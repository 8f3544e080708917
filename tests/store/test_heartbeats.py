"""Who works says so; who was declared dead publishes nothing and stops."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import pytest
from sqlalchemy import Engine

from modelmill import processes
from modelmill.errors import FencedError
from modelmill.store import heartbeats, publications


def wait(until: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not until():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_step_at_work_is_heard_until_it_ends(db: Engine) -> None:
    with heartbeats.beating(db, "run", "step", every=0.05):
        [first] = heartbeats.all_beats(db)
        assert (first.run, first.step, first.pid, first.here, first.lives) == ("run", "step", os.getpid(), True, True)
        assert first.silent < 60
        wait(lambda: heartbeats.all_beats(db)[0].heard > first.heard)
    assert heartbeats.all_beats(db) == []


def test_what_was_declared_dead_is_told_and_its_token_publishes_nothing(
    db: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = threading.Event()
    monkeypatch.setenv(processes.RUN, "run-1")
    held = publications.take(db, "units", "code")
    monkeypatch.setenv(processes.RUN, "run-10")
    other = publications.take(db, "units", "other")
    with heartbeats.beating(db, "run-1", "units", every=0.05, declared_dead=told.set):
        heartbeats.declare_dead(db, "run-1")
        assert told.wait(20)
    with pytest.raises(FencedError, match="was not published"), db.begin() as conn:
        publications.publish(conn, held, input_hash="in", sha256="out", rows=1)
    with db.begin() as conn:
        publications.publish(conn, other, input_hash="in", sha256="out", rows=1)


def test_an_identity_is_of_one_process_that_lives() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    seen = processes.identity(child.pid)
    assert seen
    assert seen == processes.identity(child.pid) != processes.identity(os.getpid())
    assert child.stdin is not None
    child.stdin.close()
    wait(lambda: processes.identity(child.pid) == "")  # a zombie, until it is waited for
    child.wait()
    assert processes.identity(child.pid) == ""
