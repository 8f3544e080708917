"""One container as the host sees it: its limits by the engine's and the kernel's word, its counters of both kinds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hostile_host import processes_of
from sandbox_waiting import until

from sandbox import hardening, owner
from sandbox.box import Box, Job
from sandbox.contract import Ceilings
from sandbox.languages import all_languages, language

MB = 1 << 20


@pytest.fixture
def make(api: Any) -> Iterator[Callable[[str], Box]]:
    """Warm containers by their language, ended after the test."""
    made: list[Box] = []

    def warm(name: str) -> Box:
        made.append(Box(api, language(name), Ceilings(), owner.labels(30), ""))
        made[-1].start()
        return made[-1]

    yield warm
    for one in made:
        one.destroy()


@pytest.mark.parametrize("name", sorted(all_languages()))
def test_the_engine_was_told_every_limit(api: Any, make: Callable[[str], Box], name: str) -> None:
    told = api.inspect_container(make(name).id)
    host, config = told["HostConfig"], told["Config"]
    assert (host["NetworkMode"], list(told["NetworkSettings"]["Networks"])) == ("none", ["none"])
    assert host["Memory"] == host["MemorySwap"] == 512 * MB
    assert (host["NanoCpus"], host["PidsLimit"]) == (500_000_000, 64)
    assert (host["ReadonlyRootfs"], host["Privileged"], host["AutoRemove"]) == (True, False, True)
    assert (host["CapDrop"], host["CapAdd"], host["Binds"], told["Mounts"]) == (["ALL"], None, None, [])
    assert (host["LogConfig"]["Type"], told["LogPath"], host["IpcMode"]) == ("none", "", "private")
    assert {place: "size=" in how and "nr_inodes=" in how for place, how in host["Tmpfs"].items()} == {
        "/box": True,
        "/tmp": True,
    }
    assert {one["Name"] for one in host["Ulimits"]} >= {"nofile", "core", "fsize", "memlock"}
    assert host["SecurityOpt"][0] == "no-new-privileges" and "AF_VSOCK" not in host["SecurityOpt"][1]
    assert '"defaultAction": "SCMP_ACT_ERRNO"' in host["SecurityOpt"][1]
    assert config["Labels"]["modelmill"] == "sandbox"
    assert config["User"] == "10001:10001"


@pytest.mark.parametrize("name", sorted(all_languages()))
def test_the_kernel_holds_every_process_of_it(make: Callable[[str], Box], name: str) -> None:
    box = make(name)
    processes = processes_of(box.id)
    assert len(processes) >= 2, "PID 1 and the interpreter that waits"
    for pid in processes:
        said = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        assert said["Uid"].split() == ["10001"] * 4
        assert {said[kind].strip() for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
        assert (said["NoNewPrivs"].strip(), said["Seccomp"].strip()) == ("1", "2")
        for kind in ("net", "pid", "mnt", "ipc", "uts"):
            assert Path(f"/proc/{pid}/ns/{kind}").readlink() != Path(f"/proc/self/ns/{kind}").readlink()


# What the kernel's files hold: https://docs.kernel.org/admin-guide/cgroup-v1/memory.html and .../cgroup-v2.html
VERSIONS = {
    1: {
        "cpuacct/cpuacct.usage": "{cpu}000\n",
        "memory/memory.max_usage_in_bytes": "4096000\n",
        "memory/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill {kills}\n",
    },
    2: {
        "cpu.stat": "usage_usec {cpu}\nuser_usec 7\nsystem_usec 8\nnr_periods 9\n",
        "memory.peak": "4096000\n",
        "memory.events": "low 0\nhigh 0\nmax 31\noom 5\noom_kill {kills}\noom_group_kill 0\n",
    },
}


@pytest.mark.parametrize("version", VERSIONS)
def test_counters_are_read_from_control_groups_of_both_versions(
    version: int, make: Callable[[str], Box], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """PID 1 reads files of the layout that the other kind of machine has; this one has only one of the two."""
    tmp_path.chmod(0o755)

    def write(cpu: int, kills: int) -> None:
        for name, content in VERSIONS[version].items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(content.format(cpu=cpu, kills=kills))

    real = hardening.host
    monkeypatch.setattr(hardening, "host", lambda *given: real(*given) | {"Binds": [f"{tmp_path}:/sys/fs/cgroup:ro"]})
    write(cpu=1_000_000, kills=2)
    box = make("bash")

    def begun(_stream: str, _raw: bytes) -> None:
        write(cpu=1_250_000, kills=3)
        box.send(b"\n", last=True)

    job = Job((("main.sh", b"echo begun; read line"),), ("main.sh",), b"", Ceilings(), more_input=True)
    final = box.run(job, begun).final
    assert final is not None and final.exit_code == 0
    assert (final.cpu_seconds, final.peak_bytes, final.oom_kills) == (0.25, 4_096_000, 1)


def test_nothing_of_it_is_left_when_it_was_used(api: Any, make: Callable[[str], Box]) -> None:
    box = make("bash")
    job = Job((("main.sh", b"echo 1"),), ("main.sh",), b"", Ceilings())
    assert bytes(box.run(job).stdout) == b"1\n"
    box.destroy()
    until(lambda: box.id not in {one["Id"] for one in api.containers(all=True)} and not processes_of(box.id))
    assert list(Path("/sys/fs/cgroup").rglob(box.id)) == []
