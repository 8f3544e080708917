"""`mill up`: everything to look at and use, standing until somebody ends it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from modelmill import processes, programs, readiness, setup, supervise
from modelmill.errors import MillError, PrerequisiteError
from modelmill.programs import Program
from modelmill.settings import Settings
from modelmill.store import server

if TYPE_CHECKING:
    from rich.console import Console

LOOK_EVERY = 5.0  # seconds between two looks for releases made or taken back meanwhile


def up(settings: Settings, console: Console) -> None:
    """Start, wait until every address answers, print them, stay. Returns after Ctrl-C or TERM with all of it ended.

    Only the parts that the settings name (programs.PARTS); releases are kept where the gateway is.
    """
    try:
        with processes.term_unwinds():
            wanted = _checked(settings)
            console.print("starting; the first time takes a minute")
            db = setup.prepare(settings)
            setup.dagster(settings)
            if any(program.name == "gateway" for program in wanted):
                wanted = [*wanted, *programs.live_programs(settings, db)]
            with supervise.supervised(settings, wanted):
                _wait(settings, wanted, console)
                console.print(addresses(wanted))
                console.print(f"logs: {supervise.logs(settings)}; Ctrl-C or `mill down` ends everything")
                _stay(settings, db, console)
    except KeyboardInterrupt:
        console.print("ended")


def _checked(settings: Settings) -> list[Program]:
    """The platform's programs; that none runs and that their ports are free is seen before anything is started."""
    wanted = programs.of_parts(programs.platform_programs(settings), supervise.parts(settings))
    if supervise.control(settings) is not None:
        raise supervise.running_already(settings)
    supervise.require_ports(wanted)
    return wanted


def _wait(settings: Settings, wanted: Sequence[Program], console: Console) -> None:
    """Until it is known of each whether it answers. A release that does not stops nobody: the others are
    asked without it. Raises PrerequisiteError for any other program.
    """

    def ready(program: Program, seconds: float) -> None:
        console.print(f"  {program.title}: answers after {seconds:.0f} s")

    for program, error in readiness.unready(settings, wanted, ready):
        if not program.name.startswith(programs.RELEASE):
            raise error
        console.print(str(error), markup=False)


def addresses(wanted: Sequence[Program]) -> object:
    """The table that is printed when all answer."""
    from rich.table import Table

    table = Table("what", "address")
    for program in wanted:
        table.add_row(program.title, program.address or "-")
    return table


def _stay(settings: Settings, db: Engine, console: Console) -> None:
    """Until somebody ends us. Releases made meanwhile are served, those taken out of service are stopped."""
    while True:
        time.sleep(LOOK_EVERY)
        if supervise.control(settings) is None:
            raise PrerequisiteError(
                "the supervisor ended by itself",
                allowed="it runs until `mill up` is ended",
                found="nobody answers on its socket",
                next=f"read {supervise.own_log(settings)}, then `mill up` again",
            )
        try:
            added, removed = supervise.reconcile(settings, db)
            again = supervise.start_again(settings)
        except OperationalError:
            console.print("the database does not answer; looking again")
            _revive(settings, console)
            continue
        except MillError as error:
            console.print(str(error), markup=False)
            continue
        for name in added:
            console.print(f"  {name}: started")
        for name in again:
            console.print(f"  {name}: had ended at every start, started again")
        for name in removed:
            console.print(f"  {name}: ended")


def _revive(settings: Settings, console: Console) -> None:
    """The embedded server has nobody else to start it again; a given one has."""
    if settings.database_url is None:
        try:
            server.revive(settings.home_dir)
        except PrerequisiteError as error:  # its remains are on their way out: at the next look
            console.print(str(error), markup=False)
