"""However the keeper of the programs ends, nothing of them is left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from keeper import web
from ports import free_port
from rich.console import Console

from modelmill import processes, programs, readiness, restore, standing, status, supervise
from modelmill.errors import PrerequisiteError, UserError
from modelmill.settings import Settings
from modelmill.store import database

KEEPER = Path(__file__).with_name("keeper.py")


@contextmanager
def kept(*ports: int) -> Iterator[subprocess.Popen[str]]:
    """The keeper, with both servers answering."""
    argv = [sys.executable, str(KEEPER), *map(str, ports)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        try:
            assert child.stdout.readline() == "READY\n"
            yield child
        finally:
            child.kill()


def gone(settings: Settings, within: float = 10.0) -> bool:
    """Whether no process with this home's mark is left, after at most `within` seconds."""
    until = time.monotonic() + within
    while processes.marked(supervise.place(settings).mark):
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


@pytest.fixture
def ports() -> tuple[int, int]:
    """Two free ones."""
    return free_port(), free_port()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_everything(settings: Settings, ports: tuple[int, int], number: signal.Signals) -> None:
    with kept(*ports) as keeper:
        # supervisord, the two, and what writes the log of each
        assert len(processes.marked(supervise.place(settings).mark)) == 5
        keeper.send_signal(number)
        keeper.wait(timeout=30)
        assert processes.marked(supervise.place(settings).mark) == []
    assert supervise.control(settings) is None


def test_down_ends_everything_from_elsewhere(settings: Settings, ports: tuple[int, int]) -> None:
    with kept(*ports) as keeper:
        assert supervise.down(settings)
        assert keeper.wait(timeout=5) is not None
    assert gone(settings, 0)
    assert not supervise.down(settings)


def test_killing_the_supervisor_ends_its_programs(settings: Settings, ports: tuple[int, int]) -> None:
    with kept(*ports):
        os.kill(int(supervise.state(settings)["supervisord"]), signal.SIGKILL)
        assert gone(settings)


def test_killing_the_keeper_ends_its_programs_and_the_next_start_works(
    settings: Settings, ports: tuple[int, int]
) -> None:
    with kept(*ports) as keeper:
        keeper.kill()
        assert gone(settings, 20)
    with kept(*ports):
        assert supervise.control(settings) is not None


def test_a_program_that_dies_is_started_again(settings: Settings, ports: tuple[int, int]) -> None:
    with kept(*ports):
        [one] = [p for p in processes.marked(supervise.place(settings).mark) if str(ports[0]) in p.cmdline()]
        one.kill()
        until = time.monotonic() + 20
        while processes.port_is_free("127.0.0.1", ports[0]):
            assert time.monotonic() < until
            time.sleep(0.1)


def test_a_second_keeper_of_the_same_home_is_refused(settings: Settings, ports: tuple[int, int]) -> None:
    with (
        kept(*ports) as keeper,
        pytest.raises(UserError, match="run already") as refused,
        supervise.supervised(settings, []),
    ):
        raise AssertionError("a second one started")
    assert str(keeper.pid) in refused.value.found


def test_what_an_end_with_nine_left_behind_is_ended_at_the_next_start(settings: Settings) -> None:
    mark = supervise.place(settings).mark
    left = subprocess.Popen(["sleep", "600"], env={**os.environ, processes.MARK: mark})
    try:
        until = time.monotonic() + 10
        while not processes.marked(mark):  # the system tells its environment a moment after it has begun
            assert time.monotonic() < until
        with supervise.supervised(settings, []):
            assert left.wait(timeout=5) is not None
    finally:
        left.kill()


def test_a_process_that_ignores_term_is_ended_too(tmp_path: Path) -> None:
    code = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
    )
    argv, mark = [sys.executable, "-c", code], f"{tmp_path}:up"
    deaf = subprocess.Popen(argv, env={**os.environ, processes.MARK: mark}, stdout=subprocess.PIPE, text=True)
    assert deaf.stdout is not None
    deaf.stdout.readline()
    assert processes.sweep(mark, patience=0.3) == 1
    assert deaf.wait(timeout=5) is not None
    deaf.stdout.close()


def test_the_control_socket_of_a_long_home_is_short(tmp_path: Path) -> None:
    home = tmp_path / ("long" * 40)
    at = supervise.place(Settings(root=tmp_path, home=home))  # type: ignore[call-arg]
    assert len(os.fsencode(at.socket)) < 100
    assert at.folder.is_relative_to(home)


def test_the_configuration_holds_no_secret(settings: Settings, ports: tuple[int, int]) -> None:
    with kept(*ports):
        text = supervise.place(settings).config.read_text()
    assert settings.database_url is not None
    assert settings.database_url.get_secret_value() not in text
    assert "postgresql" not in text


def test_a_percent_sign_in_a_command_survives_the_configuration(settings: Settings) -> None:
    from modelmill.programs import Program

    marker = settings.root / "100% done"
    program = Program("percent", "percent", ("touch", str(marker)))
    with supervise.supervised(settings, [program]):
        until = time.monotonic() + 10
        while not marker.exists() and time.monotonic() < until:
            time.sleep(0.1)
    assert marker.exists()


def test_no_zombie_is_counted(settings: Settings) -> None:
    mark = supervise.place(settings).mark
    dead = subprocess.Popen(["true"], env={**os.environ, processes.MARK: mark})
    until = time.monotonic() + 5
    while psutil.Process(dead.pid).status() != psutil.STATUS_ZOMBIE and time.monotonic() < until:
        time.sleep(0.05)
    assert processes.marked(mark) == []
    dead.wait()


def test_a_release_that_cannot_start_does_not_end_the_others_and_any_other_program_does(
    settings: Settings, ports: tuple[int, int]
) -> None:
    one, other = web("one", str(ports[0])), web("two", str(ports[1]))
    broken = replace(other, argv=(sys.executable, "-c", "raise SystemExit('no such model')"))
    release = replace(broken, name=f"{programs.RELEASE}9", title="Release 9")
    console = Console(width=200)
    with supervise.supervised(settings, [one, release]), console.capture() as said:
        standing._wait(settings, [one, release], console)  # pyright: ignore[reportPrivateUsage]
        assert readiness.answers(one)
    assert "one: answers after" in said.get()
    assert "Release 9 did not start" in said.get() and "it ended at every start" in said.get()
    with (
        supervise.supervised(settings, [one, broken]),
        pytest.raises(PrerequisiteError, match="two did not start"),
    ):
        standing._wait(settings, [one, broken], console)  # pyright: ignore[reportPrivateUsage]


def test_what_ended_at_every_start_is_tried_again_while_we_stay(
    settings: Settings, ports: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, mended = web("one", str(ports[0])), tmp_path / "mended"
    test = f"import pathlib, runpy, sys; pathlib.Path({str(mended)!r}).stat(); sys.argv = sys.argv[1:]; "
    late = replace(
        one, argv=(one.argv[0], "-c", test + "runpy.run_module('http.server', run_name='__main__')", *one.argv[2:])
    )
    console = Console(width=200)
    with supervise.supervised(settings, [late]):
        [(_, error)] = readiness.unready(settings, [late], lambda program, seconds: None)
        assert "it ended at every start" in error.found
        assert supervise.start_again(settings) == [], "not at once"
        monkeypatch.setattr(supervise, "AGAIN_SECONDS", 0.0)
        monkeypatch.setattr(standing, "LOOK_EVERY", 0.1)
        mended.touch()
        threading.Thread(target=_end_when_it_answers, args=(settings, late), daemon=True).start()
        with console.capture() as said, pytest.raises(PrerequisiteError, match="the supervisor ended by itself"):
            standing._stay(settings, database.engine(settings), console)  # pyright: ignore[reportPrivateUsage]
    assert said.get() == "  one: had ended at every start, started again\n"


def _end_when_it_answers(settings: Settings, program: programs.Program) -> None:
    supervisor = supervise.control(settings)
    assert supervisor is not None
    until = time.monotonic() + 30
    while not readiness.answers(program) and time.monotonic() < until:
        time.sleep(0.1)
    supervisor.shutdown()


def test_parts_that_are_kept_by_themselves_are_seen_by_whoever_names_none(
    settings: Settings, ports: tuple[int, int], inside: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    console = Console(width=200)
    apart = settings.model_copy(update={"parts": "serving"})
    with supervise.supervised(apart, [web("gateway", str(ports[0]))]):
        assert [one.parts for one in supervise.kept(settings)] == ["serving"]
        with console.capture() as said:
            for part in status.parts(settings, database.engine(settings)):
                console.print(part)
        assert "gateway" in said.get() and "nothing runs" not in said.get()
        with pytest.raises(UserError, match="nothing is restored while the programs run"):
            restore.read(settings, settings.root / "backup.tar")
        state = supervise.place(apart).state
        state.write_text(json.dumps({**json.loads(state.read_text()), "host": "another-machine"}))
        assert supervise.kept(settings) == [], "on a shared home: those of another machine"
    assert inside("down").stdout == "nothing was running\n"
    assert supervise.kept(settings) == []


def test_down_without_a_name_ends_a_part_too(
    settings: Settings, ports: tuple[int, int], inside: Callable[..., subprocess.CompletedProcess[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("MILL_PARTS", "serving")
    apart = settings.model_copy(update={"parts": "serving"})
    with kept(*ports) as keeper:
        assert supervise.control(settings) is None and supervise.control(apart) is not None
        monkeypatch.delenv("MILL_PARTS")
        assert inside("down").stdout == "ended\n"
        assert keeper.wait(timeout=10) is not None
    assert supervise.control(apart) is None and processes.marked(supervise.place(apart).mark) == []
