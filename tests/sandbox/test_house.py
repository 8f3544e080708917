"""The sandbox under load and in trouble: nothing is lost, nothing is left over, and its own failures are called so."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from hostile_host import processes_of
from sandbox_asking import Asking

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
house = House(Settings(root=Path(sys.argv[1])), warm=0, languages=["python"])
print("ready", flush=True)
asyncio.run(house.answer(Request(language="python", code="while True: pass")))
"""


def mine(api: Any, made_by: int | None = None) -> list[str]:
    """Containers of the sandbox; only those that the process with this id made."""
    found = api.containers(all=True, filters={"label": "modelmill=sandbox"})
    return [one["Id"] for one in found if made_by is None or f"/{made_by}@" in one["Labels"][owner.OWNER]]


def settled(api: Any) -> set[str]:
    """What is there when nothing has come or gone for two seconds: other tests' pools may still be filling."""
    last, since = set(mine(api)), time.monotonic()
    while time.monotonic() - since < 2:
        time.sleep(0.2)
        if (now := set(mine(api))) != last:
            last, since = now, time.monotonic()
    return last


def test_fifty_at_once_are_all_answered_and_leave_nothing(api: Any, tmp_path: Path) -> None:
    before = settled(api)
    asking = Asking(Settings(root=tmp_path, home=tmp_path), warm=2, languages=["bash"])  # type: ignore[call-arg]
    asking("bash", "echo 1")
    me = psutil.Process()
    descriptors, threads = me.num_fds(), me.num_threads()

    async def many(count: int) -> list[list[Answer]]:
        wishes = (asking.house.answer(Request(language="bash", code=f"echo {n}")) for n in range(count))
        return await asyncio.gather(*wishes)

    for count in (50, 20):
        answers = asyncio.run_coroutine_threadsafe(many(count), asking.loop).result(200)
        assert [one.stdout for [one] in answers] == [f"{n}\n" for n in range(count)]
        assert len({one.container_id for [one] in answers}) == count
    end = time.monotonic() + 20
    while len(set(mine(api)) - before) > 2 and time.monotonic() < end:
        time.sleep(0.2)
    time.sleep(1)
    assert me.num_fds() <= descriptors + 12  # the engine's idle connections
    assert me.num_threads() <= threads + 4
    asking.close()
    assert set(mine(api)) <= before


def test_a_runner_killed_with_nine_leaves_no_container(api: Any, tmp_path: Path) -> None:
    program = subprocess.Popen(
        [sys.executable, "-c", SPINNING, str(tmp_path)], stdout=subprocess.PIPE, cwd=CHECKOUT, env=dict(os.environ)
    )
    assert program.stdout and program.stdout.readline() == b"ready\n"
    time.sleep(3)
    started = set(mine(api, program.pid))
    assert started and any(processes_of(one) for one in started)
    program.send_signal(signal.SIGKILL)
    program.wait()
    end = time.monotonic() + 5
    while mine(api, program.pid) and time.monotonic() < end:
        time.sleep(0.1)
    assert not mine(api, program.pid), "PID 1 ends when the host's side is closed"
    program.stdout.close()


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
        removed = reap(api)
        assert set(dead) <= set(removed)
        assert kept not in removed and other not in removed
    finally:
        for one in (kept, other):
            api.remove_container(one, force=True)


def test_a_container_that_died_while_it_was_warm_is_replaced(api: Any, tmp_path: Path) -> None:
    asking = Asking(Settings(root=tmp_path, home=tmp_path), warm=1, languages=["bash"])  # type: ignore[call-arg]
    try:
        pool = asking.house.pools["bash"]
        end = time.monotonic() + 20
        while not pool.ready and time.monotonic() < end:
            time.sleep(0.05)
        api.kill(pool.ready[0].id)
        time.sleep(0.5)
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
    start = time.monotonic()
    running = asking.house.stream(request, lambda _stream, _raw: time.sleep(0.2), lambda _box: None)
    answer = asyncio.run_coroutine_threadsafe(running, asking.loop).result(60)
    assert answer.status in ("timeout", "output_limit")
    assert time.monotonic() - start < 12


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
