"""Each run a Kubernetes Job of its own, by Dagster's own launcher (MILL_RUN_LAUNCHER=kubernetes; docs.dagster.io,
"K8sRunLauncher"). Names are those of deploy/kubernetes/modelmill.yaml; a test holds both equal.

`python -m orchestration.pods PROGRAM WORDS...` is what such a pod begins with: it adds what Dagster must be told about
the database, which no configuration holds, and becomes PROGRAM.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from modelmill.settings import Settings, load

NAMESPACE = NAME = "modelmill"  # of the config map, the secret and the volume claim too
SERVICE_ACCOUNT = "orchestration"
HOME, RUNS = "/mill/home", "/srv/modelmill/mlruns"
KEPT_SECONDS = 86400  # a finished Job, for whoever wants to read its pod's log

POD_SECURITY = {
    "run_as_non_root": True,
    "run_as_user": 10001,
    "fs_group": 10001,
    "seccomp_profile": {"type": "RuntimeDefault"},
}
CONTAINER_SECURITY = {"allow_privilege_escalation": False, "capabilities": {"drop": ["ALL"]}}


def launcher(settings: Settings) -> dict[str, Any]:
    """The part of dagster.yaml that says how a run is started; empty where it is a process beside the daemon."""
    if settings.run_launcher != "kubernetes":
        return {}
    container = {
        "command": ["python", "-m", "orchestration.pods"],
        "security_context": CONTAINER_SECURITY,
        "resources": {"requests": {"cpu": "2", "memory": "4Gi"}, "limits": {"memory": "8Gi"}},
    }
    config = {
        "job_namespace": NAMESPACE,
        "job_image": settings.run_image,
        "service_account_name": SERVICE_ACCOUNT,
        "instance_config_map": NAME,  # asked for and not used: the instance's file lies in the shared home
        "dagster_home": f"{HOME}/dagster",
        "env_config_maps": [NAME],
        "env_secrets": [NAME],
        "volumes": [{"name": "mill", "persistent_volume_claim": {"claim_name": NAME}}],
        "volume_mounts": [
            {"name": "mill", "mount_path": HOME, "sub_path": "home"},
            {"name": "mill", "mount_path": RUNS, "sub_path": "mlruns"},
        ],
        "run_k8s_config": {
            "container_config": container,
            "pod_spec_config": {"security_context": POD_SECURITY, "automount_service_account_token": False},
            "job_spec_config": {"ttl_seconds_after_finished": KEPT_SECONDS},
        },
    }
    return {"run_launcher": {"module": "dagster_k8s", "class": "K8sRunLauncher", "config": config}}


def main() -> None:
    """Become the program that was named."""
    from orchestration.instance import environment

    os.execvpe(sys.argv[1], sys.argv[1:], {**os.environ, **environment(load())})  # noqa: S606  (no shell is wanted)


if __name__ == "__main__":
    main()
