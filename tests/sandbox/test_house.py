"""The sandbox under load and in trouble: nothing is lost, nothing is left over, and its own failures are called so."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from hostile_host import processes_of
from sandbox_asking import Asking
from sandbox_waiting import until

from modelmill.errors import PrerequisiteError, UserError
from modelmill.settings import CHECKOUT, Settings
from sandbox import engine, owner, verdict
from sandbox.box import Box, BrokenError, Outcome
from sandbox.contract import Answer, Ceilings, Request
from sandbox.frames import Decoder, Final, GarbledError, final
from sandbox.house import House
from sandbox.reaper import reap

SPINNING = """
import asyncio, sys
from modelmill.settings import Settings
from sandbox.contract import Request
from sandbox.house import House
from pathlib import Path
house = House(Settings(root=Path(sys.argv[1]), sandbox_seconds=600), warm=0, languages=["python"])
code = "import os; os.write(1, b'begun'); exec('while True: pass')"
asked = Request(language="python", code=code, timeout=float(sys.argv[2]))
asyncio.run(house.stream(asked, lambda *_: print("begun", flush=True), lambda _box: None))
"""


@contextmanager
def spinning(api: Any, folder: Path, seconds: float) -> Iterator[tuple[subprocess.Popen[bytes], list[str]]]:
    """A program that runs another one in the sandbox, which never ends by itself, and its containers."""
    argv = [sys.executable, "-c", SPINNING, str(folder), str(seconds)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, cwd=CHECKOUT, env=dict(os.environ)) as program:
        assert program.stdout and program.stdout.readline() == b"begun\n"
        started = mine(api, program.pid)
        assert started and any(processes_of(one) for one in started)
        try:
            yield program, started
        finally:
            program.kill()


def mine(api: Any, made_by: int) -> list[str]:
    """Containers of the sandbox that the process with this id made."""
    found = api.containers(all=True, filters={"label": "modelmill=sandbox"})
    return [one["Id"] for one in found if f"/{made_by}@" in one["Labels"].get(owner.OWNER, "")]


def test_fifty_at_once_are_all_answered_and_leave_nothing(api: Any, tmp_path: Path) -> None:
    asking = Asking(Settings(root=tmp_path, home=tmp_path), warm=2, languages=["bash"])  # type: ignore[call-arg]
    asking("bash", "echo 1")
    me = psutil.Process()
    descriptors, threads = me.num_fds(), me.num_threads()

    async def many(count: int) -> list[list[Answer]]:
        wishes = (asking.house.answer(Request(language="bash", code=f"echo {n}")) for n in range(count))
        return await asyncio.gather(*wishes)

    used: set[str | None] = set()
    for count in (50, 20):
        answers = asyncio.run_coroutine_threadsafe(many(count), asking.loop).result(200)
        assert [one.stdout for [one] in answers] == [f"{n}\n" for n in range(count)]
        used |= {one.container_id for [one] in answers}
    assert len(used) == 70
    until(lambda: not used & set(mine(api, os.getpid())))
    warm = asking.house.pools["bash"].ready
    until(lambda: len(warm) == 2)
    used |= {box.id for box in warm}
    until(lambda: me.num_fds() <= descriptors + engine.CONNECTIONS and me.num_threads() <= threads + 4)
    asking.close()
    until(lambda: not used & set(mine(api, os.getpid())))  # the engine may have been removing one already


def test_a_runner_killed_with_nine_leaves_no_container(api: Any, tmp_path: Path) -> None:
    with spinning(api, tmp_path, 600) as (program, started):
        program.send_signal(signal.SIGKILL)
        program.wait()
        until(lambda: not mine(api, program.pid))  # long before the deadline: PID 1 ends when the host's side is closed
        assert not any(processes_of(one) for one in started)


def test_the_deadline_holds_while_the_runner_hangs(api: Any, tmp_path: Path) -> None:
    with spinning(api, tmp_path, 4) as (program, started):
        program.send_signal(signal.SIGSTOP)  # it closes nothing, and looks at no clock
        until(lambda: not any(processes_of(one) for one in started))


def test_the_reaper_removes_what_nobody_owns_and_nothing_else(api: Any) -> None:
    def left_behind(labels: dict[str, str]) -> str:
        made = api.create_container("mill-sandbox-bash", entrypoint=["sleep", "600"], labels=labels)["Id"]
        api.start(made)
        return made

    mine_ = owner.labels(30)
    gone = dict(mine_) | {owner.OWNER: mine_[owner.OWNER].replace(f"/{os.getpid()}@", "/999999@")}
    late = dict(mine_) | {owner.UNTIL: "1"}
    elsewhere = dict(mine_) | {owner.OWNER: "another-host:1/1@1.0"}
    kept, other, *dead = (left_behind(one) for one in (mine_, elsewhere, gone, late))
    try:
        reap(api)  # or that of another sandbox of this machine, a moment before
        there = {one["Id"] for one in api.containers(all=True)}
        assert not there & set(dead)
        assert {kept, other} <= there
    finally:
        for one in (kept, other):
            api.remove_container(one, force=True)


def test_a_container_that_died_while_it_was_warm_is_replaced(api: Any, tmp_path: Path) -> None:
    asking = Asking(Settings(root=tmp_path, home=tmp_path), warm=1, languages=["bash"])  # type: ignore[call-arg]
    try:
        pool = asking.house.pools["bash"]
        until(lambda: pool.ready)
        first = pool.ready[0]
        api.kill(first.id)
        until(lambda: not first.alive)
        assert asking("bash", "echo 1").stdout == "1\n"
    finally:
        asking.close()


def test_a_container_killed_in_the_middle_is_the_sandboxs_failure_not_the_programs(api: Any, asking: Asking) -> None:
    request = Request(language="python", code="print('begun', flush=True)\nimport time; time.sleep(20)")
    used: list[Box] = []
    running = asking.house.stream(request, lambda _stream, _raw: api.kill(used[0].id), used.append)
    answer = asyncio.run_coroutine_threadsafe(running, asking.loop).result(60)
    assert answer.status == "sandbox_error", answer
    assert (answer.exit_code, answer.signal, answer.container_id) == (None, None, used[0].id)


def test_a_slow_listener_holds_up_neither_the_deadline_nor_the_end(asking: Asking) -> None:
    request = Request(language="python", code="while True: print('x' * 1000)", timeout=3)
    running = asking.house.stream(request, lambda _stream, _raw: time.sleep(0.2), lambda _box: None)
    answer = asyncio.run_coroutine_threadsafe(running, asking.loop).result(50)  # a kill that hangs takes a minute
    assert answer.status in ("timeout", "output_limit")


def test_an_engine_that_is_not_there_is_a_missing_part_with_the_next_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with pytest.raises(PrerequisiteError) as told:
        House(Settings(root=tmp_path, home=tmp_path))  # type: ignore[call-arg]
    assert "mill sandbox build" in told.value.next


def test_missing_images_and_an_unknown_runtime_are_named(api: Any, tmp_path: Path) -> None:
    with pytest.raises(PrerequisiteError, match="images of the sandbox are missing"):
        engine.require_images(api, ["mill-sandbox-nothing"])
    settings = Settings(root=tmp_path, home=tmp_path, sandbox_runtime="nothing")  # type: ignore[call-arg]
    with pytest.raises(PrerequisiteError, match="no runtime 'nothing'"):
        House(settings, warm=0, languages=["bash"])


def test_a_limit_may_be_lowered_and_not_raised(asking: Asking) -> None:
    assert asking("bash", "echo 1", timeout=1, memory_mb=64).status == "ok"
    for more in ({"timeout": 31}, {"memory_mb": 513}):
        with pytest.raises(UserError, match="above what the operator allows"):
            asking("bash", "echo 1", **more)


FINE = Final("p", 0, None, 0.1, 0.1, 1000, 0, False, False)


def test_what_the_host_did_not_see_end_is_broken_not_failed() -> None:
    limits = Ceilings()
    assert verdict.judge(Outcome(final=FINE), limits).status == "ok"
    assert verdict.judge(Outcome(late=True), limits).status == "timeout"
    with pytest.raises(BrokenError, match="without a last word"):
        verdict.judge(Outcome(), limits)


@pytest.mark.parametrize("junk", [b"", b"p 0", b"\xff", b"p a b c d e f g h"])
def test_a_last_word_that_is_none_is_refused(junk: bytes) -> None:
    with pytest.raises(GarbledError):
        final(junk)


def test_a_frame_that_is_too_long_is_refused() -> None:
    with pytest.raises(GarbledError):
        list(Decoder().feed(b"\x01\0\0\0\0\0\0\x05o\xff\xff\xff\xff"))
