"""Code over HTTP: gateway and sandbox service as real programs. What is answered, recorded, streamed and refused."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
import httpx
import pytest
from sandbox_gateway import Site, converse, one, refused, say
from sqlalchemy import text
from websockets.sync.client import connect

from modelmill.store import audit, keys
from sandbox.languages import all_languages


@pytest.mark.parametrize("name", sorted(all_languages()))
def test_every_language_answers_over_http(house: Site, name: str) -> None:
    result = one(house.post({"language": name, "code": all_languages()[name].hello}))
    assert (result["status"], result["exit_code"], result["stdout"].split()[-1]) == ("ok", 0, "2")


def test_a_run_is_recorded_with_its_use_and_an_audit_line_and_without_its_code(house: Site) -> None:
    code = "import subprocess; subprocess.call('echo hello-canary', shell=True)"
    result = one(house.post({"language": "python", "code": code}))
    known = house.record(result["id"])
    assert "B602" in {one["rule"] for one in result["findings"]}
    used = ("wall_seconds", "cpu_seconds", "peak_memory_bytes")
    for name in ("findings", "status", "code_sha256", "container_id", *used):
        assert known[name] == result[name]
    assert known["files"] is None
    with house.db.connect() as conn:
        rows = conn.execute(text("SELECT row_to_json(execution)::text FROM mill.execution")).scalars()
        assert not any("hello-canary" in row for row in rows)
        lines = conn.execute(text("SELECT action FROM mill.audit WHERE subject = :id"), {"id": result["id"]}).scalars()
        assert list(lines) == ["execution.run"]
    assert audit.check(house.db) > 0


def test_code_is_kept_with_consent_and_goes_when_it_is_erased(house: Site) -> None:
    result = one(house.post({"language": "python", "code": "print('kept')", "keep_code": True}))
    where = f"{house.url}/api/v1/devlab/executions/{result['id']}"
    assert httpx.get(where, headers=house.headers).json()["files"] == {"code": "print('kept')"}
    assert httpx.delete(where, headers=house.headers).json() == {"erased": result["id"]}
    refused(httpx.get(where, headers=house.headers), 404)
    refused(httpx.delete(where, headers=house.headers), 404)


def test_rows_go_when_their_time_is_over(house: Site) -> None:
    old = one(house.post({"language": "bash", "code": "true"}))["id"]
    with house.db.begin() as conn:
        conn.execute(text("UPDATE mill.execution SET expires_at = now() - interval '1 s' WHERE id = :id"), {"id": old})
    refused(httpx.get(f"{house.url}/api/v1/devlab/executions/{old}", headers=house.headers), 404)
    one(house.post({"language": "bash", "code": "true"}))
    with house.db.connect() as conn:
        left = conn.execute(text("SELECT count(*) FROM mill.execution WHERE id = :id"), {"id": old})
        assert left.scalar_one() == 0


def test_another_tenant_sees_nothing_and_a_key_without_the_scope_runs_nothing(house: Site) -> None:
    made = one(house.post({"language": "bash", "code": "true"}))["id"]
    other = keys.create(house.settings, house.db, "other", ["execute"], tenant="another").secret
    where = f"{house.url}/api/v1/devlab/executions/{made}"
    refused(httpx.get(where, headers={"X-API-Key": other}), 404)
    reader = keys.create(house.settings, house.db, "reader", ["predict"]).secret
    refused(house.post({"language": "bash", "code": "true"}, headers={"X-API-Key": reader}), 403, "scope execute")
    refused(house.post({"language": "bash", "code": "true"}, headers={}), 401)


def test_several_inputs_are_several_runs_in_order(house: Site) -> None:
    inputs = [{"stdin": "a"}, {"stdin": "b", "args": ["x y", ""]}]
    code = "import sys; print(input(), sys.argv[1:])"
    answer = house.post({"language": "python", "code": code, "inputs": inputs}).json()["results"]
    assert [one["stdout"] for one in answer] == ["a []\n", "b ['x y', '']\n"]
    assert len({one["container_id"] for one in answer}) == len({one["id"] for one in answer}) == 2


BAD: list[tuple[Any, int, str]] = [
    ({"language": "cobol", "code": "x"}, 400, "there is no language"),
    ({"language": "python", "code": ""}, 422, "code"),
    ({"language": "python"}, 422, "either code or files"),
    ({"language": "python", "code": "x", "files": {"a.py": "x"}}, 422, "either code or files"),
    ({"language": "python", "code": "x=1\n" * 2_500_000}, 413, "too big"),
    ({"language": "python", "code": "x=1\n" * 250_001}, 422, "1000000 bytes of code"),
    ({"language": "python", "code": "x", "stdin": "a" * 1_000_001}, 422, "1000000 bytes of stdin"),
    ({"language": "python", "code": "a\0b"}, 422, "NUL"),
    ({"language": "python", "code": "x", "args": ["a\0b"]}, 422, "NUL"),
    ({"language": "python", "code": "x", "args": ["a"] * 65}, 422, "args"),
    ({"language": "python", "code": "x", "surprise": 1}, 422, "surprise"),
    ({"language": "python", "code": "x", "timeout": -1}, 422, "timeout"),
    ({"language": "python", "code": "x", "timeout": 0}, 422, "timeout"),
    ({"language": "python", "code": "x", "timeout": 1e9}, 400, "at most 30"),
    ({"language": "python", "code": "x", "memory_mb": 10**9}, 400, "at most 512"),
    ({"language": "python", "code": "x", "memory_mb": -5}, 422, "memory_mb"),
    ({"language": "python", "code": "x", "memory_mb": 1.5}, 422, "memory_mb"),
    ({"language": "python", "files": {"a.py": "1", "b.py": "2"}}, 400, "which file is run"),
    ({"language": "python", "files": {"a.py": "1"}, "entry": "c.py"}, 422, "entry"),
    ({"language": "python", "files": {"A.py": "1", "a.py": "2"}}, 422, "file names"),
    ({"language": "python", "files": {"a": "1", "a/b.py": "2"}}, 422, "file names"),
    ({"language": "python", "code": "x", "inputs": [{}] * 11}, 422, "inputs"),
    ({"language": "python", "code": "x", "inputs": [{}], "stdin": "x"}, 422, "inputs"),
    (b'{"language": "python", "code": "\\ud800"}', 422, "UTF-8"),
    (b'{"language": "python", "code": "\xff\xfe"}', 400, ""),
    (b'{"language": "python", "code": "x", "timeout": NaN}', 422, "timeout"),
    (b'{"language": "python"', 400, "no JSON"),
    (b"", 422, ""),
    (b"[]", 422, ""),
]
NAMES = [*("../a.py", "/etc/a.py", "a/../b.py", "-rf.py", "a\\b.py", ".hidden.py", "a//b.py", "a b.py", "", "a" * 201)]
BAD += [({"language": "python", "files": {name: "1"}}, 422, "relative path") for name in [*NAMES, "ä.py", "a\n.py"]]


@pytest.mark.parametrize(("body", "status", "words"), BAD, ids=lambda value: str(value)[:40])
def test_what_cannot_be_run_is_a_clear_4xx_and_starts_nothing(house: Site, body: Any, status: int, words: str) -> None:
    with house.db.connect() as conn:
        before = conn.execute(text("SELECT count(*) FROM mill.execution")).scalar_one()
    answer = house.post(body)
    refused(answer, status, words)
    assert len(answer.content) < 2000
    with house.db.connect() as conn:
        assert conn.execute(text("SELECT count(*) FROM mill.execution")).scalar_one() == before


def test_an_execution_that_is_not_there_or_no_id_is_told(house: Site) -> None:
    for wrong, status in (("x", 422), ("11111111-1111-1111-1111-111111111111", 404)):
        refused(httpx.get(f"{house.url}/api/v1/devlab/executions/{wrong}", headers=house.headers), status)


def test_a_stream_tells_output_as_it_comes_and_takes_input(house: Site) -> None:
    code = "import sys\nprint('ready', flush=True)\nfor line in sys.stdin: print('got', line.strip(), flush=True)"
    asked = {"language": "python", "code": code}
    events = asyncio.run(converse(house, asked, say({"stdin": "one\n"}), say({"stdin": "two\n", "end": True})))
    output = "".join(event["text"] for event in events if event["event"] == "output")
    assert output == events[-1]["answer"]["stdout"] == "ready\ngot one\ngot two\n"
    assert house.record(events[-1]["answer"]["id"])["status"] == "ok"


def test_a_stream_names_its_run_whose_record_is_there_before_its_end_and_can_be_erased(house: Site) -> None:
    ends = []
    for erased in (False, True):
        headers = list(house.headers.items())
        with connect(f"ws{house.url[4:]}/api/v1/devlab/execute/stream", additional_headers=headers) as stream:
            assert stream.response
            name = stream.response.headers["X-Execution-Id"]
            stream.send('{"language": "bash", "code": "echo begun; read line", "keep_code": true}')
            assert "begun" in str(stream.recv())
            known = house.record(name)
            assert (known["status"], known["wall_seconds"]) == ("running", None)
            assert known["files"] == {"code": "echo begun; read line"}
            where = f"{house.url}/api/v1/devlab/executions/{name}"
            if erased:
                assert httpx.delete(where, headers=house.headers).status_code == 200
            stream.send('{"stdin": "x\\n", "end": true}')
            answer = json.loads(stream.recv())["answer"]
            assert (answer["id"], answer["status"]) == (name, "ok")
        ends.append(httpx.get(where, headers=house.headers).status_code)
    assert ends == [200, 404], "what was erased does not come back with its end"


def test_input_that_comes_before_the_program_is_not_lost_and_a_cut_letter_is_shown_as_one(house: Site) -> None:
    async def hasty() -> list[dict[str, Any]]:
        async with aiohttp.ClientSession() as client:
            where = f"{house.url}/api/v1/devlab/execute/stream"
            async with client.ws_connect(where, headers=house.headers) as socket:
                await socket.send_json({"language": "bash", "code": r"cat; printf '\xc3'"})
                for word in ({"stdin": "a"}, {"stdin": "b"}, {"end": True}):
                    await socket.send_json(word)
                return [message.json() async for message in socket]

    events = asyncio.run(hasty())
    assert "".join(event["text"] for event in events if event["event"] == "output") == "ab\ufffd"
    assert events[-1]["answer"]["stdout"] == "ab\ufffd"


def test_a_stream_can_be_cancelled(house: Site) -> None:
    asked = {"language": "python", "code": "print('begun', flush=True)\nwhile True: pass"}
    answer = asyncio.run(converse(house, asked, say({"cancel": True})))[-1]["answer"]
    assert (answer["status"], answer["reason"]) == ("error", "cancelled by the caller")
    assert answer["wall_seconds"] > 0


@pytest.mark.parametrize("first", ["no json", "[]", '{"language": "python"}', '{"language": "cobol", "code": "x"}'])
def test_a_stream_that_begins_wrong_is_told_so(house: Site, first: str) -> None:
    [event] = asyncio.run(converse(house, first))
    assert event["event"] == "error"
    assert set(event["error"]) == {"failed", "allowed", "found", "next"}


@pytest.mark.parametrize(
    "word", [{"stdin": 5}, {"surprise": 1}, [], {"stdin": "x" * 1_000_001}], ids=["number", "unknown", "list", "long"]
)
def test_a_wrong_word_ends_the_run(house: Site, word: Any) -> None:
    events = asyncio.run(converse(house, {"language": "bash", "code": "echo begun; sleep 20"}, say(word)))
    assert [event["event"] for event in events] == ["output", "error", "end"]
    assert events[-1]["answer"]["reason"] == "cancelled by the caller"


def test_bytes_instead_of_text_end_the_stream(house: Site) -> None:
    async def binary() -> list[Any]:
        async with aiohttp.ClientSession() as client:
            where = f"{house.url}/api/v1/devlab/execute/stream"
            async with client.ws_connect(where, headers=house.headers) as socket:
                await socket.send_bytes(b"\0")
                return [message async for message in socket]

    assert asyncio.run(binary()) == []


def test_nobody_streams_without_a_key_or_from_another_site(house: Site) -> None:
    where = f"{house.url}/api/v1/devlab/execute/stream"

    async def knock(headers: dict[str, str]) -> int:
        async with aiohttp.ClientSession() as client:
            try:
                await client.ws_connect(where, headers=headers)
            except aiohttp.WSServerHandshakeError as error:
                return error.status
        return 101

    reader = keys.create(house.settings, house.db, "looker", ["predict"]).secret
    for headers in ({}, {"X-API-Key": reader}, {"X-API-Key": house.key, "Origin": "https://evil.example"}):
        assert asyncio.run(knock(headers)) == 403
