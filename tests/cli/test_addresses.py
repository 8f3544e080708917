"""A link that is printed can be opened, whatever the servers listen on."""

from __future__ import annotations

import asyncio
import socket
import urllib.request

import pytest
from ports import free_port
from rich.console import Console

from modelmill import asking, doctor, processes, programs, readiness, status, supervise, tracking
from modelmill.errors import PrerequisiteError, UserError
from modelmill.settings import CHECKOUT, Settings
from modelmill.store import database
from modelmill.task import get_task

ROOMS = ("modelmill", "assets", "orchestration", "serving", "sandbox", "scripts")


def listening(settings: Settings, host: str) -> Settings:
    return settings.model_copy(update={"host": host})


def needs(host: str) -> None:
    """Skips where this machine has no address of that kind."""
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.bind((host, 0))
    except OSError as error:
        pytest.skip(f"no server can listen on {host} here: {error}")


@pytest.mark.parametrize(
    ("host", "base"),
    [
        ("127.0.0.1", "http://127.0.0.1:8080"), ("0.0.0.0", "http://127.0.0.1:8080"), ("::1", "http://[::1]:8080"),
        ("::", "http://[::1]:8080"), ("0:0:0:0:0:0:0:0", "http://[::1]:8080"), ("10.1.2.3", "http://10.1.2.3:8080"),
        ("localhost", "http://localhost:8080"), ("models.example", "http://models.example:8080"),
    ],
)  # fmt: skip
def test_an_address_is_one_that_can_be_opened(settings: Settings, host: str, base: str) -> None:
    assert listening(settings, host).address(8080) == base


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "::1", "::"])
def test_what_listens_there_answers_at_its_address(settings: Settings, host: str) -> None:
    needs(host)
    now, port = listening(settings, host), free_port()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.0 204 No Content\r\n\r\n")
        await writer.drain()
        writer.close()

    async def ask() -> int:
        async with await asyncio.start_server(answer, host, port):  # as uvicorn listens
            assert not processes.port_is_free(host, port)
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with await asyncio.to_thread(opener.open, now.address(port), timeout=5) as reply:
                return reply.status

    assert asyncio.run(ask()) == 204
    assert processes.port_is_free(host, port)


def test_every_link_that_is_printed_is_one_of_them(settings: Settings) -> None:
    everywhere = listening(settings, "0.0.0.0")
    for program in programs.platform_programs(everywhere):
        assert "0.0.0.0" not in program.address + program.probe
        public = program.name in ("dagster", "mlflow", "gateway")
        assert program.host == ("0.0.0.0" if public else "127.0.0.1")
        assert ("0.0.0.0" in program.argv) is public, "it still listens where it is told to"
    with tracking.run(everywhere, "links", "one") as run:
        page = tracking.page(everywhere, run.id)
    assert page.startswith(f"http://127.0.0.1:{everywhere.mlflow_port}/#/experiments/")
    assert page.endswith(f"/runs/{run.id}?workflowType=machine_learning"), "MLflow's pages about training"
    assert "0.0.0.0" not in supervise.environment(everywhere)["NO_PROXY"]
    assert supervise.environment(listening(settings, "10.1.2.3"))["NO_PROXY"].endswith("10.1.2.3")
    console = Console(width=200)
    with console.capture() as said:
        for part in status.parts(everywhere, database.engine(settings)):
            console.print(part)
    assert "0.0.0.0" not in said.get()


def test_the_doctor_tells_loopback_of_either_kind_from_an_open_door(settings: Settings) -> None:
    def doors(host: str) -> doctor.Finding:
        return next(one for one in doctor.examine(listening(settings, host)) if one.part == "doors")

    assert doors("127.0.0.1").state == "ok"
    assert doors("::1").state == "ok"
    assert (doors("0.0.0.0").state, doors("::").state) == ("optional", "optional")


@pytest.mark.parametrize(
    "said", [b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.0 200 OK\r\n\r\n<html>"], ids=["no HTTP", "a page"]
)
def test_another_program_at_the_gateways_address_is_told_as_a_gateway_that_does_not_answer(
    settings: Settings, said: bytes
) -> None:
    now = settings.model_copy(update={"gateway_port": free_port()})

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(said)
        await writer.drain()
        writer.close()

    async def ask() -> bool:
        async with await asyncio.start_server(answer, now.host, now.gateway_port):
            task = get_task("semantic_search")
            with pytest.raises(PrerequisiteError, match="the gateway did not answer"):
                await asyncio.to_thread(asking.over_http, now, task, task.sample, "key")
            return await asyncio.to_thread(readiness.answers, programs.gateway(now))

    assert asyncio.run(ask()) is said.startswith(b"HTTP")


def test_a_port_that_is_taken_is_named_as_it_is_written() -> None:
    needs("::1")
    with socket.socket(socket.AF_INET6) as held:
        held.bind(("::1", free_port()))
        held.listen()
        port = held.getsockname()[1]
        with pytest.raises(UserError, match=rf"cannot listen on \[::1\]:{port}"):
            processes.require_port("::1", port, "it", "MILL_GATEWAY_PORT")


def test_nobody_makes_an_address_of_the_setting_by_hand() -> None:
    files = [file for room in ROOMS for file in (CHECKOUT / room).rglob("*.py")]
    assert len(files) > 100
    by_hand = [file.name for file in files if "settings.host}:" in file.read_text(encoding="utf-8")]
    assert by_hand == []
