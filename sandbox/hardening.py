"""How a container is made: everything that it may not do. Each line's reason is in README.md beside this file."""

from __future__ import annotations

from typing import Any

from sandbox.contract import Ceilings
from sandbox.languages import Language
from sandbox.seccomp import profile

USER = "10001:10001"
CODE_MB = 8  # the request's files
SHM_MB = 16
INODES = 4096  # a tmpfs without this limit holds as many empty files as the host's memory can
PROCESSES = 64
OPEN_FILES = 256
LABEL = "modelmill"
IDLE_SECONDS = 3600  # a warm container that nobody asked ends by itself
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/java/openjdk/bin:/usr/local/go/bin",
    "HOME": "/tmp",  # noqa: S108  (the container's)
    "LANG": "C.UTF-8",
    "TMPDIR": "/tmp",  # noqa: S108
}


def container(api: Any, language: Language, ceilings: Ceilings, labels: dict[str, str], runtime: str) -> dict[str, Any]:
    """Keyword arguments of the engine's create call."""
    return {
        "image": language.image,
        "entrypoint": ["/sandbox/init", str(IDLE_SECONDS), *language.runner],
        "command": [],
        "user": USER,
        "environment": {**ENVIRONMENT, **language.environment},
        "hostname": "sandbox",
        "stdin_open": True,
        "labels": labels,
        "stop_signal": "SIGKILL",
        "healthcheck": {"test": ["NONE"]},
        "host_config": host(api, language, ceilings, runtime),
    }


def host(api: Any, language: Language, ceilings: Ceilings, runtime: str) -> dict[str, Any]:
    """The limits. memswap = memory: no swap, or a program could fill the host's."""
    from docker.types import LogConfig, Ulimit

    memory = ceilings.memory_mb << 20
    return api.create_host_config(
        network_mode="none",
        mem_limit=memory,
        memswap_limit=memory,
        nano_cpus=int(ceilings.cpus * 1e9),
        pids_limit=PROCESSES,
        read_only=True,
        tmpfs=_tmpfs(language),
        shm_size=SHM_MB << 20,
        cap_drop=["ALL"],
        security_opt=["no-new-privileges", f"seccomp={profile()}"],
        ulimits=[
            Ulimit(name="nofile", soft=OPEN_FILES, hard=OPEN_FILES),
            Ulimit(name="core", soft=0, hard=0),
            Ulimit(name="fsize", soft=memory, hard=memory),
            Ulimit(name="memlock", soft=1 << 20, hard=1 << 20),
            Ulimit(name="msgqueue", soft=0, hard=0),
        ],
        log_config=LogConfig(type="none"),
        ipc_mode="private",
        oom_score_adj=500,
        auto_remove=True,
        runtime=runtime or None,
    )


def _tmpfs(language: Language) -> dict[str, str]:
    common = f"rw,nosuid,nodev,mode=1777,nr_inodes={INODES}"
    tmp = "exec" if language.executable_tmp else "noexec"
    return {"/box": f"{common},noexec,size={CODE_MB}m", "/tmp": f"{common},{tmp},size={language.scratch_mb}m"}  # noqa: S108
