"""Callers and services in trouble: the line's end, who is let in, half a request, a caller or a service gone."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import threading
import time
import uuid
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import aiohttp
import httpx
import psutil
import pytest
from hostile_host import processes_of
from ports import free_port
from sandbox_gateway import Site, converse, one, refused
from sandbox_waiting import until
from sqlalchemy import text

from modelmill import owner as owner_of
from modelmill.store import audit, executions, keys
from sandbox import owner
from sandbox.contract import SERVICE
from sandbox.languages import all_languages

SPIN = {"language": "python", "code": "while True: pass", "timeout": 25}
RUNS = "it was handed to the sandbox, and its end is not known yet"
LOST = "what asked for it was ended in the middle of it: how far it ran is not known"
TRUE = {"language": "bash", "code": "true"}


def of_the_service(house: Site, api: Any, image: str = "") -> list[str]:
    """The containers that this site's sandbox service made; of all images, or of one."""
    found = api.containers(all=True, filters={"label": "modelmill=sandbox"})
    owned = [one for one in found if f"/{house.programs['sandbox'].pid}@" in one["Labels"][owner.OWNER]]
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


def raw(house: Site, sent: bytes) -> tuple[int, dict[str, Any]]:
    """Bytes over a bare socket whose sending half is closed then; the one answer that comes until the other half is."""
    with socket.create_connection(("127.0.0.1", house.port), 60) as caller:
        caller.sendall(sent)
        caller.shutdown(socket.SHUT_WR)
        caller.settimeout(60)
        answer = b"".join(iter(lambda: caller.recv(65536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"connection: close" in head.lower()
    return int(head.split()[1]), json.loads(body)


def head(house: Site, length: str) -> bytes:
    """Of a request that runs code."""
    lines = ["POST /api/v1/devlab/execute HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {house.key}"]
    return "\r\n".join([*lines, "Content-Type: application/json", length, "", ""]).encode()


HALVES = {
    "in the body": ("Content-Length: 1000", b'{"language": "bash", "code": "tr'),
    "before the body": ("Content-Length: 1000", b""),
    "between chunks": ("Transfer-Encoding: chunked", b'24\r\n{"language": "bash", "code": "true"}\r\n'),
    "in the headers": ("", b""),
}


@pytest.mark.parametrize("where", HALVES)
def test_a_socket_that_is_half_closed_in_the_middle_of_a_request_is_a_clear_4xx_and_starts_nothing(
    house: Site, api: Any, where: str
) -> None:
    length, body = HALVES[where]
    sent = head(house, length) + body if length else head(house, length)[:-8]
    since = time.time()
    status, told = raw(house, sent)
    assert (status, set(told["error"])) == (400, {"failed", "allowed", "found", "next"})
    assert one(house.post(TRUE))["status"] == "ok"
    until(lambda: used(api, house, since) == 1)
    assert house.running == []


def test_a_socket_that_is_half_closed_after_a_request_is_answered_and_the_run_recorded(house: Site) -> None:
    body = b'{"language": "bash", "code": "sleep 1; echo 2"}'
    status, told = raw(house, head(house, f"Content-Length: {len(body)}") + body)
    [result] = told["results"]
    assert (status, result["status"], result["stdout"]) == (200, "ok", "2\n")
    assert house.record(result["id"])["status"] == "ok"


def used(api: Any, house: Site, since: float) -> int:
    """How many of this site's bash containers ended since then, as the engine saw it: one a run, warm ones do not."""
    wanted = {"label": "modelmill=sandbox", "event": "die", "image": "mill-sandbox-bash"}
    ended = api.events(since=since, until=time.time(), filters=wanted, decode=True)
    pid = house.programs["sandbox"].pid
    return sum(f"/{pid}@" in one["Actor"]["Attributes"][owner.OWNER] for one in ended)


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


def test_killing_the_gateway_loses_no_run_and_the_next_one_answers(house: Site, api: Any) -> None:
    """Killed with -9 in the middle of a streamed run and of one that is not: both are on record, and closed."""
    begun = threading.Event()

    def begin(_event: dict[str, Any]) -> list[Any]:
        begun.set()
        return []

    asked = SPIN | {"code": "print('begun', flush=True)\nwhile True: pass", "keep_code": True}
    with ThreadPoolExecutor(2) as callers:
        streaming = callers.submit(lambda: asyncio.run(converse(house, asked, begin)))
        waiting = in_background(callers, house, SPIN)
        assert begun.wait(120)
        until(lambda: len(house.running) == 2 and spinning(house, api))
        used, open_ = spinning(house, api), house.running
        assert {house.record(one)["reason"] for one in open_} == {RUNS}
        house.end("gateway", signal.SIGKILL)
        assert {event["event"] for event in streaming.result(120)} == {"output"}, "and no last word"
        assert isinstance(waiting.exception(120), httpx.TransportError)
    until(lambda: gone(api, used))
    assert sorted(house.running) == sorted(open_), "nobody is there to close them"
    house.start_gateway()
    until(lambda: house.running == [])
    closed = [house.record(one) for one in open_]
    assert {(one["status"], one["reason"]) for one in closed} == {("sandbox_error", LOST)}
    assert sorted(one["files"] is None for one in closed) == [False, True], "the code by consent alone, as ever"
    assert lines(house, open_) == ["execution.run sandbox_error"] * 2
    assert audit.check(house.db) > 0
    assert one(house.post(TRUE))["status"] == "ok"


def test_a_gateway_closes_the_rows_of_a_process_that_is_gone_and_leaves_those_of_others_alone(house: Site) -> None:
    mine, lost = (executions.opened(uuid.uuid4(), "bash", "0" * 64, "default", "me") for _ in range(2))
    executions.begin(house.db, [mine, lost], 30)
    with house.db.begin() as conn:  # as one of this machine that is gone would have left it
        left = owner_of.me().replace(f"/{os.getpid()}@", "/999999@")
        conn.execute(text("UPDATE mill.execution SET owner = :left WHERE id = :id"), {"left": left, "id": lost.id})
    house.start("second", "serving.gateway:Gateway", free_port())
    until(lambda: house.record(str(lost.id))["status"] == "sandbox_error")
    assert house.running == [str(mine.id)]
    house.end("second")
    executions.withdraw(house.db, [mine.id])


def test_what_cannot_be_recorded_is_not_run_and_an_end_that_cannot_is_not_told(house: Site, api: Any) -> None:
    """The table is locked: as a database that does not answer looks."""
    since = time.time()
    with ThreadPoolExecutor(1) as caller:
        running = in_background(caller, house, {"language": "bash", "code": "sleep 3"})
        until(lambda: len(house.running) == 1)
        [open_] = house.running
        with house.db.begin() as conn:
            conn.execute(text("LOCK TABLE mill.execution IN ACCESS EXCLUSIVE MODE"))
            refused(house.post(TRUE), 503, "the database does not answer")
            refused(running.result(120), 503, "the database does not answer")
    until(lambda: house.running == [])
    assert house.record(open_)["status"] in ("ok", "sandbox_error"), "written late, or closed"
    assert used(api, house, since) == 1, "the second was not run"


def lines(house: Site, runs: list[str]) -> list[str]:
    """What the audit says of them."""
    wanted = text("SELECT action || ' ' || (detail->>'status') FROM mill.audit WHERE subject = ANY(:runs)")
    with house.db.connect() as conn:
        return list(conn.execute(wanted, {"runs": runs}).scalars())
