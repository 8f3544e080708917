"""Dagster's instance as a run has it: few connections, and little that it imports."""

from __future__ import annotations

import subprocess
import sys
import time

from dagster import DagsterInstance
from sqlalchemy import Engine, text

from modelmill.settings import CHECKOUT, Settings
from orchestration import instance

CONNECTED = """
import sys
from modelmill.settings import load
from orchestration import instance

with instance.connect(load()) as made:
    print(len(made.get_runs()), sorted(name for name in ("rich", "pygments") if name in sys.modules))
import rich.console
import mako.ext.pygmentplugin
"""


def test_it_comes_without_what_only_colours_which_can_be_imported_later(settings: Settings, db: Engine) -> None:
    done = subprocess.run([sys.executable, "-c", CONNECTED], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "0 []\n"), done.stderr


def _connected(db: Engine) -> list[int]:
    """Server processes that others than this connection have to this test's database."""
    asked = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    with db.connect() as conn:
        return list(conn.scalars(text(asked + " AND query LIKE '%runs%'")))


def test_a_connection_is_used_again_but_not_when_the_server_may_have_been_restarted(
    dagster: DagsterInstance, db: Engine
) -> None:
    def connected() -> list[int]:
        dagster.get_runs()
        return _connected(db)

    assert any(connected() == connected() for _ in range(10)), "each second one is made anew"
    [kept] = connected()
    with db.connect() as conn:
        conn.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": kept})
    time.sleep(instance.KEPT_SECONDS)
    assert dagster.get_runs() == []
    assert _connected(db) != [kept]
