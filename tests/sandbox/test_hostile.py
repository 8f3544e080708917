"""Hostile programs through the sandbox's own entry; what each asserts is what the host saw, then what it printed."""

from __future__ import annotations

from collections.abc import Iterator

import hostile_kernel
import hostile_reach
import hostile_resources
import pytest
from hostile_host import Host
from hostile_program import Hostile
from sandbox_asking import Asking

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
    before, measured = host.snapshot(), host.measures()
    answer = asking(hostile.language, code, **hostile.ask)
    output = answer.stdout + answer.stderr
    told = f"{hostile.contained}: {answer.status} ({answer.reason}) {output[-1500:]}"
    assert answer.status in hostile.status, told
    assert answer.container_id and host.gone(answer.container_id), told
    assert host.snapshot() == before
    assert host.calls == []
    after = host.measures()
    assert after["processes"] < measured["processes"] + 60, told
    assert after["memory"] > measured["memory"] - 800, told
    assert after["disk"] > measured["disk"] - 500, told
    assert host.canary not in output
    assert "ESCAPED" not in output, told
    assert all(part in output for part in hostile.says), told
    assert not any(part in output for part in hostile.never), told
    assert hostile.judge(answer), (told, answer)


def test_there_are_enough_and_each_has_a_name_of_its_own() -> None:
    assert len({one.name for one in PROGRAMS}) == len(PROGRAMS) >= 60


def test_the_host_would_have_heard_a_call(host: Host) -> None:
    """The listener that heard nothing from inside hears what comes from outside."""
    import socket
    import time

    with socket.create_connection((host.addresses[0], host.port), 1):
        time.sleep(0.3)
    assert len(host.calls) == 1
    host.calls.clear()
