"""Callers and services in trouble: the line's end, who is let in, half a request, a caller or a service gone."""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import aiohttp
import httpx
import psutil
import pytest
from hostile_host import processes_of
from sandbox_gateway import Site, converse, one, refused
from sandbox_waiting import until

from modelmill.store import keys
from sandbox import owner
from sandbox.contract import SERVICE
from sandbox.languages import all_languages

SPIN = {"language": "python", "code": "while True: pass", "timeout": 25}
SETTLE_SECONDS = 3.0
TRUE = {"language": "bash", "code": "true"}


def of_the_service(house: Site, api: Any, image: str = "") -> list[str]:
    """The containers that this site's sandbox service made; of all images, or of one."""
    pids = {one.pid for one in psutil.Process(house.programs["sandbox"].pid).children(recursive=True)}
    found = api.containers(all=True, filters={"label": "modelmill=sandbox"})
    owned = [one for one in found if int(one["Labels"][owner.OWNER].rpartition("/")[2].partition("@")[0]) in pids]
    return [one["Id"] for one in owned if image in ("", one["Image"])]


def spinning(house: Site, api: Any) -> list[str]:
    """Those of them in which a Python program works: the host's own count says it, a warm interpreter uses .1 s."""
    every = of_the_service(house, api, "mill-sandbox-python")
    return [name for name in every if any(_used(pid) > 0.5 for pid in processes_of(name))]


def _used(pid: int) -> float:
    try:
        return psutil.Process(pid).cpu_times().user
    except psutil.Error:
        return 0.0


def gone(api: Any, names: list[str]) -> bool:
    there = {one["Id"] for one in api.containers(all=True)}
    return not there & set(names) and not any(processes_of(name) for name in names)


def in_background(callers: ThreadPoolExecutor, house: Site, body: object) -> Future[httpx.Response]:
    return callers.submit(house.post, body)


def test_past_the_end_of_the_line_callers_are_told_when_to_come_again(house: Site) -> None:
    body = {"language": "bash", "code": "sleep 3"}
    with ThreadPoolExecutor(16) as callers:
        answers = list(callers.map(lambda _: house.post(body), range(16)))
    codes = [answer.status_code for answer in answers]
    assert set(codes) == {200, 429}
    assert codes.count(200) >= 6
    for answer in answers:
        if answer.status_code == 429:
            refused(answer, 429, "MILL_SANDBOX_QUEUE")
            assert int(answer.headers["Retry-After"]) >= 1
        else:
            assert one(answer)["status"] == "ok"
    assert one(house.post(TRUE))["status"] == "ok"


def test_a_run_that_takes_all_the_time_there_is_is_answered_and_recorded(house: Site) -> None:
    """Nothing on the way gives up before the program's own time is over."""
    result = one(house.post({"language": "bash", "code": "echo begun; sleep 3600"}))
    assert (result["status"], result["stdout"], result["exit_code"]) == ("timeout", "begun\n", None)
    assert house.record(result["id"])["status"] == "timeout"


@pytest.fixture
def proofs(house: Site) -> dict[str, str]:
    """What another program of this machine may come with; the last one knows the installation's secret."""
    right = keys.between(house.settings, SERVICE)
    return {
        "none": "",
        "a caller's key": f"Bearer {house.key}",
        "made up": "Bearer " + "0" * 64,
        "for another service": keys.between(house.settings, "another service"),
        "cut": right[:-1],
        "right": right,
    }


def test_the_service_lets_in_the_gateway_alone(house: Site, api: Any, proofs: dict[str, str]) -> None:
    base = f"http://127.0.0.1:{house.settings.sandbox_port}"
    until(lambda: len(of_the_service(house, api)) == len(all_languages()))  # the warm ones, and no other
    before = set(of_the_service(house, api))

    async def knock(proof: str) -> int:
        async with aiohttp.ClientSession(headers={"Authorization": proof} if proof else {}) as client:
            try:
                async with client.ws_connect(f"{base}/stream"):
                    return 101
            except aiohttp.WSServerHandshakeError as error:
                return error.status

    for name, proof in proofs.items():
        headers = {"Authorization": proof} if proof else {}
        answer = httpx.post(f"{base}/execute", json=TRUE, headers=headers, timeout=60)
        if name == "right":
            assert one(answer)["status"] == "ok"
            assert asyncio.run(knock(proof)) == 101
            break
        refused(answer, 401, "home/secrets")
        assert asyncio.run(knock(proof)) == 403, name
        for path in ("/execute/", "//execute", "/stream", "/anything"):
            turned = httpx.post(f"{base}{path}", json=TRUE, headers=headers, follow_redirects=True)
            assert turned.status_code in (401, 404, 405), (name, path)
        assert set(of_the_service(house, api)) == before, "no container was used"


def test_the_gateways_proof_opens_nothing_but_the_service(house: Site, proofs: dict[str, str]) -> None:
    refused(house.post(TRUE, headers={"Authorization": proofs["right"]}), 401)


def raw(house: Site, body: bytes, length: int, path: str = "/api/v1/devlab/execute") -> bytes:
    """A request over a bare socket whose sending half is closed then; what comes back until the other half is."""
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {house.key}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", house.port), 60) as caller:
        caller.sendall(head.encode() + body)
        caller.shutdown(socket.SHUT_WR)
        caller.settimeout(60)
        return b"".join(iter(lambda: caller.recv(65536), b""))


def test_a_socket_that_is_half_closed_in_the_middle_of_a_request_starts_nothing(house: Site) -> None:
    before = len(house.recorded)
    answer = raw(house, b'{"language": "bash", "code": "tr', 1000)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 4")
    one(house.post(TRUE))
    assert len(house.recorded) == before + 1


def test_a_socket_that_is_half_closed_after_a_request_leaves_no_run_unrecorded(house: Site, api: Any) -> None:
    """Whether it is run is a race: who closes his side may be taken for gone before his request is read."""
    time.sleep(SETTLE_SECONDS)
    until(lambda: len(of_the_service(house, api, "mill-sandbox-bash")) == 1)  # the warm one: none of before is left
    before, since = len(house.recorded), time.time()
    body = b'{"language": "bash", "code": "true"}'
    answer = raw(house, body, len(body))
    assert answer == b"" or answer.startswith(b"HTTP/1.1 ")
    one(house.post(TRUE))
    for _ in range(2):  # the second time for one that began late
        until(lambda: len(house.recorded) - before == used(api, "mill-sandbox-bash", since) >= 1)
        time.sleep(SETTLE_SECONDS)


def used(api: Any, image: str, since: float) -> int:
    """How many containers of the image ended since then, as the engine saw it: one a run, warm ones do not end."""
    wanted = {"label": "modelmill=sandbox", "event": "die", "image": image}
    return sum(1 for _ in api.events(since=since, until=time.time(), filters=wanted, decode=True))


def test_a_caller_who_goes_ends_the_run_and_it_is_recorded(house: Site, api: Any) -> None:
    async def leave() -> None:
        async with aiohttp.ClientSession() as client:
            where = f"{house.url}/api/v1/devlab/execute/stream"
            async with client.ws_connect(where, headers=house.headers) as stream:
                await stream.send_json(SPIN | {"code": "print('begun', flush=True)\nwhile True: pass"})
                await stream.receive()

    before = len(house.recorded)
    asyncio.run(leave())
    until(lambda: len(house.recorded) == before + 1)
    assert house.recorded[0] == "cancelled by the caller"
    until(lambda: not spinning(house, api))


def test_a_flood_to_a_reader_who_does_not_read_holds_up_nobody(house: Site, api: Any) -> None:
    async def slow() -> list[dict[str, Any]]:
        async with aiohttp.ClientSession() as client:
            where = f"{house.url}/api/v1/devlab/execute/stream"
            async with client.ws_connect(where, headers=house.headers, max_msg_size=0) as stream:
                await stream.send_json({"language": "python", "code": "while True: print('x' * 1000)", "timeout": 25})
                await asyncio.to_thread(others)
                return [message.json() async for message in stream if message.type is aiohttp.WSMsgType.TEXT]

    def others() -> None:
        """Meanwhile others are answered, and the flood's container goes although nobody reads."""
        assert one(house.post(TRUE))["status"] == "ok"
        until(lambda: not spinning(house, api))

    before = len(house.recorded)
    events = asyncio.run(slow())
    told = sum(len(event["text"]) for event in events if event["event"] == "output")
    assert 0 < told <= 1_000_000
    until(lambda: len(house.recorded) == before + 2)
    ends = [event["answer"]["status"] for event in events if event["event"] == "end"]
    assert ends in (["output_limit"], []), "none: he was taken for gone"


def test_killing_the_service_ends_its_containers_and_the_next_one_answers(house: Site, api: Any) -> None:
    with ThreadPoolExecutor(1) as caller:
        running = in_background(caller, house, SPIN)
        until(lambda: spinning(house, api))
        every = of_the_service(house, api)
        house.end("sandbox", signal.SIGKILL)
        broken = one(running.result())
    assert (broken["status"], broken["container_id"]) == ("sandbox_error", None)
    assert house.record(broken["id"])["code_sha256"] == broken["code_sha256"]
    refused(house.post(TRUE), 503, "mill sandbox build")
    until(lambda: gone(api, every))
    house.start_sandbox()
    assert one(house.post(TRUE))["status"] == "ok"


def test_killing_the_gateway_ends_what_it_asked_for_and_the_next_one_answers(house: Site, api: Any) -> None:
    begun = threading.Event()

    def begin(_event: dict[str, Any]) -> list[Any]:
        begun.set()
        return []

    asked = SPIN | {"code": "print('begun', flush=True)\nwhile True: pass"}
    with ThreadPoolExecutor(1) as caller:
        running = caller.submit(lambda: asyncio.run(converse(house, asked, begin)))
        assert begun.wait(120)
        until(lambda: spinning(house, api))
        used = spinning(house, api)
        house.end("gateway", signal.SIGKILL)
        assert {event["event"] for event in running.result(120)} == {"output"}, "and no last word"
    until(lambda: gone(api, used))
    house.start_gateway()
    assert one(house.post(TRUE))["status"] == "ok"
