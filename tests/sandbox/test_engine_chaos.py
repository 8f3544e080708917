"""The engine is stopped, or killed with -9, under a running sandbox and started again: nobody restarts the sandbox."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest
from docker.errors import APIError
from sandbox_asking import Asking
from sandbox_gateway import Site, converse, one, refused, site
from sandbox_waiting import PATIENCE_SECONDS, until
from second_engine import SecondEngine, what_is_missing

from modelmill.doctor import examine
from modelmill.errors import PrerequisiteError
from modelmill.settings import Settings
from sandbox import build, engine, owner
from sandbox.box import Box
from sandbox.contract import Answer, Ceilings, Request
from sandbox.house import House
from sandbox.languages import language
from sandbox.pool import Background, Pool
from sandbox.reaper import reap

WAITS = "echo begun; sleep 300"


@pytest.fixture(scope="module")
def second(api: Any) -> Iterator[SecondEngine]:
    """Running, with the image of one language."""
    if missing := what_is_missing():
        if os.environ.get("CI"):
            pytest.fail(f"no second engine without {missing}", pytrace=False)
        pytest.skip(f"a second engine needs {missing}")
    made = SecondEngine(Path(tempfile.mkdtemp(prefix="mill-engine-")))
    try:
        made.start()
        made.take_image(api, language("bash").image)
        yield made
    finally:
        made.remove()


@pytest.fixture(autouse=True)
def its_address(second: SecondEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", second.url)


def begun(asking: Asking) -> Future[list[Answer]]:
    """A run that is in the middle of its work."""
    told = threading.Event()
    running = asking.house.stream(Request(language="bash", code=WAITS), lambda *_: told.set(), lambda _box: None)
    answer = asyncio.run_coroutine_threadsafe(running, asking.loop)
    assert told.wait(PATIENCE_SECONDS)
    return answer  # type: ignore[return-value]


def break_off(asking: Asking, second: SecondEngine, number: signal.Signals) -> None:
    """End the engine in the middle of two runs, with three waiting: all are answered, and honestly."""
    running = [begun(asking), begun(asking)]
    with ThreadPoolExecutor(3) as callers:
        waiting = [callers.submit(asking, "bash", "echo 1") for _ in range(3)]
        second.end(number)
        broken = [one.result(PATIENCE_SECONDS) for one in running]
        unbegun = [one.result(PATIENCE_SECONDS) for one in waiting]
    nothing = ("sandbox_error", None, "")
    assert [(one.status, one.exit_code) for one in broken] == [nothing[:2]] * 2
    # An engine that is told to stop ends the two first, and may still run one that waited behind them.
    assert {(one.status, one.exit_code, one.stdout) for one in unbegun} <= {nothing, ("ok", 0, "1\n")}
    assert all(one.container_id for one in broken)
    assert asking("bash", "echo 1").container_id is None, "nothing is begun without an engine"


def come_back(asking: Asking, second: SecondEngine) -> None:
    """Start it again: runs are answered, containers are warm, and there is no other."""
    second.start()
    until(lambda: asking("bash", "echo 1").status == "ok")
    pool = asking.house.pools["bash"]
    until(lambda: sum(box.alive for box in pool.ready) == 2)
    second.comes_to_hold(2)


def descriptors(asking: Asking) -> int:
    """Of this process, without the SDK's idle connections (up to 32) and those that only wait for the collector."""
    asking.house.api._custom_adapter.pools.clear()
    gc.collect()
    return psutil.Process().num_fds()


def test_runs_break_off_honestly_and_all_comes_back_by_itself(second: SecondEngine, tmp_path: Path) -> None:
    asking = Asking(Settings(root=tmp_path, home=tmp_path), warm=2, languages=["bash"])  # type: ignore[call-arg]
    me = psutil.Process()
    try:
        break_off(asking, second, signal.SIGTERM)
        come_back(asking, second)
        before, threads = descriptors(asking), me.num_threads()
        break_off(asking, second, signal.SIGKILL)
        come_back(asking, second)
        until(lambda: descriptors(asking) <= before + 4 and me.num_threads() <= threads + 4)
    finally:
        asking.close()
    second.comes_to_hold(0)


def test_a_removal_that_the_engine_began_and_fails_in_is_asked_for_again(second: SecondEngine, tmp_path: Path) -> None:
    asking = Asking(Settings(root=tmp_path, home=tmp_path), warm=1, languages=["bash"])  # type: ignore[call-arg]
    try:
        box = asking.house.pools["bash"].take()
        with second.unable_to_remove(box.id, names=50_000):
            asking.house.api.kill(box.id)
            until(lambda: second.state(box.id) in ("removing", "dead"), every=0)
            asking.house.background.end(box)  # is told that a removal is on its way, but on a machine that stood still
            until(lambda: second.state(box.id) == "dead")
        until(lambda: box.id not in second.containers(), 20)
    finally:
        asking.close()
    second.comes_to_hold(0)


def test_a_container_that_was_being_started_when_the_engine_was_killed_is_not_forgotten(second: SecondEngine) -> None:
    background, bash = Background(), language("bash")
    runners = iter([("/bin/sleep", "300")])  # the first is never warm
    made: list[Box] = []

    def make() -> Box:
        spoken = bash.model_copy(update={"runner": next(runners, bash.runner)})
        made.append(Box(client, spoken, Ceilings(), owner.labels(30), ""))
        return made[-1]

    with closing(engine.connect()) as client:
        pool = Pool(make, 1, background)
        try:
            pool.fill()
            until(lambda: made and made[0].id and second.state(made[0].id) == "running")
            with second.unable_to_remove(made[0].id):  # by itself, too, while it starts
                second.end(signal.SIGKILL)
                second.start()
                until(lambda: second.state(made[0].id) == "dead")
            until(lambda: made[0].id not in second.containers(), 20)
            until(lambda: pool.ready)
        finally:
            background.stop_making()
            pool.empty()
            background.stop()
    second.comes_to_hold(0)


def test_the_reaper_asks_again_for_what_the_engine_failed_to_remove_and_one_keeps_no_other(
    second: SecondEngine,
) -> None:
    def left_behind(labels: dict[str, str]) -> str:
        made = client.create_container(language("bash").image, entrypoint=["sleep", "600"], labels=labels)["Id"]
        client.start(made)
        return made

    with closing(engine.connect()) as client:
        late = left_behind(owner.labels(30) | {owner.UNTIL: "1"})
        held = left_behind(owner.labels(30))  # the newer one is looked at first
        with second.unable_to_remove(held):
            with pytest.raises(APIError, match="operation not permitted"):
                client.remove_container(held, force=True)
            assert second.state(held) == "dead"
            assert reap(client) == [late]
        assert reap(client) == [held]
    second.comes_to_hold(0)


def test_a_runtime_that_runs_nothing_is_found_out_before_anybodys_code_is_given_to_it(
    second: SecondEngine, tmp_path: Path
) -> None:
    settings = Settings(root=tmp_path, home=tmp_path, sandbox_runtime="broken")  # type: ignore[call-arg]
    with pytest.raises(PrerequisiteError, match="does not run the sandbox's containers"):
        House(settings, warm=0, languages=["bash"])
    plain = settings.model_copy(update={"sandbox_runtime": "runc"})
    House(plain, warm=0, languages=["bash"]).close()
    second.comes_to_hold(0)


def test_images_that_cannot_be_built_are_told_in_four_parts(second: SecondEngine, api: Any) -> None:
    """This engine reaches no network: no registry answers, and no package can be installed in a container."""
    second.take_image(api, build.base.IMAGE)
    told: list[str] = []
    with pytest.raises(PrerequisiteError, match="the image mill-sandbox-init was not built") as error:
        build.build(engine.connect(), [language("bash")], told.append)
    assert "no registry answers" in told[0]
    assert "apt-get" in error.value.found
    client = engine.connect()
    second.end()
    with pytest.raises(PrerequisiteError, match="has no engine") as gone:
        build.build(client, [language("bash")], told.append)
    assert second.url in gone.value.found
    second.start()


@pytest.fixture
def house(second: SecondEngine, server_url: str, template: str, tmp_path: Path) -> Iterator[Site]:
    with site(server_url, template, tmp_path, sandbox_languages="bash", sandbox_scan="refuse") as made:
        yield made


def test_over_http_a_run_is_answered_and_recorded_and_the_next_is_503_until_the_engine_is_back(
    second: SecondEngine, house: Site
) -> None:
    ask = {"language": "bash", "code": "echo 1"}
    assert one(house.post(ask))["status"] == "ok"
    refused(house.post({"language": "python", "code": "print(1)"}), 400, "there is no language")
    suspected = one(house.post({"language": "bash", "code": ":(){ :|:& };:"}))
    assert (suspected["status"], suspected["container_id"]) == ("refused", None)
    assert house.record(suspected["id"])["findings"][0]["rule"] == "fork_bomb"

    def stop(_event: dict[str, Any]) -> list[Any]:
        second.end()
        return []

    events = asyncio.run(converse(house, {"language": "bash", "code": WAITS}, stop))
    assert (events[-1]["event"], events[-1]["answer"]["status"]) == ("end", "sandbox_error")
    assert house.record(events[-1]["answer"]["id"])["status"] == "sandbox_error"

    refused(house.post(ask), 503, "apt-get install docker.io")
    [event] = asyncio.run(converse(house, ask))
    assert "apt-get install docker.io" in event["error"]["next"]
    [found] = [one for one in examine(house.settings) if one.part == "docker engine"]
    assert (found.state, "apt-get install docker.io" in found.mend) == ("optional", True)

    second.start()
    until(lambda: house.post(ask).status_code == 200)
    assert one(house.post(ask))["status"] == "ok"
    house.end("sandbox")
    second.comes_to_hold(0)
