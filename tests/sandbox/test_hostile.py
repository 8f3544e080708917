"""Hostile programs through the sandbox's own entry; what each asserts is what the host saw, then what it printed."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import hostile_kernel
import hostile_reach
import hostile_resources
import pytest
from hostile_host import Host
from hostile_program import Hostile
from sandbox_asking import Asking
from sandbox_waiting import until

GONE_SECONDS = 45  # a removal that hangs on a full stream takes a minute
CLOCK_SECONDS = 60
PROGRAMS = [*hostile_resources.PROGRAMS, *hostile_kernel.PROGRAMS, *hostile_reach.PROGRAMS]


@pytest.fixture(scope="module")
def host(api: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    made = Host(api, tmp_path_factory.mktemp("host"))
    yield made
    made.close()


@pytest.mark.parametrize("hostile", PROGRAMS, ids=lambda one: one.name)
def test_it_is_contained(hostile: Hostile, asking: Asking, host: Host) -> None:
    code = hostile.code
    for name, value in {
        "addresses": host.addresses,
        "port": host.port,
        "canary": host.canary,
        "file": host.file,
    }.items():
        code = code.replace("{" + name + "}", str(value))
    before, measured, clock = host.snapshot(), host.measures(), host.clock()
    answer = asking(hostile.language, code, **hostile.ask)
    output = answer.stdout + answer.stderr
    told = f"{hostile.contained}: {answer.status} ({answer.reason}) {output[-1500:]}"
    assert answer.status in hostile.status, told
    assert answer.container_id, told
    until(lambda: host.gone(answer.container_id or ""), GONE_SECONDS)
    assert host.snapshot() == before
    assert abs(host.clock() - clock) < CLOCK_SECONDS
    assert host.calls == []
    until(lambda: host.is_as_before(measured))
    assert host.canary not in output
    assert "ESCAPED" not in output, told
    assert all(part in output for part in hostile.says), told
    assert not any(part in output for part in hostile.never), told
    assert hostile.judge(answer), (told, answer)


def test_there_are_enough_and_each_has_a_name_of_its_own() -> None:
    assert len({one.name for one in PROGRAMS}) == len(PROGRAMS) >= 60


def test_the_host_would_have_heard_a_call(host: Host) -> None:
    """The listener that heard nothing from inside hears what comes from outside."""
    with socket.create_connection((host.addresses[0], host.port), 10):
        until(lambda: len(host.calls) == 1)
    host.calls.clear()
