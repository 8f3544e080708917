"""Runs as Kubernetes Jobs: what Dagster's launcher asks a cluster for, and that what the Job says to run does run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus
from dagster._core.code_pointer import CodePointer
from dagster._core.launcher.base import LaunchRunContext
from dagster._core.origin import JobPythonOrigin, RepositoryPythonOrigin
from sqlalchemy import Engine

from modelmill.settings import CHECKOUT, Settings
from modelmill.store import corpora, publications
from orchestration import instance, launch, pods
from orchestration.definitions import defs
from orchestration.jobs import INTAKE

MANIFESTS = yaml.safe_load((CHECKOUT / "deploy" / "kubernetes" / "modelmill.yaml").read_text())["items"]
ASKED = f"/apis/batch/v1/namespaces/{pods.NAMESPACE}/jobs"


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[Path, list[dict[str, Any]]]]:
    """A kubeconfig of a server that takes Jobs, and the Jobs it was asked for."""
    jobs: list[dict[str, Any]] = []

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            jobs.append({"path": self.path, **body})
            answer = json.dumps(body).encode()
            self.send_response(201)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing on the tests' output."""

    with HTTPServer(("127.0.0.1", 0), Door) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        at = {"cluster": {"server": f"http://127.0.0.1:{server.server_port}"}, "name": "c"}
        context = {"context": {"cluster": "c", "user": "u"}, "name": "x"}
        file = tmp_path / "kubeconfig"
        kinds = {"apiVersion": "v1", "kind": "Config", "current-context": "x"}
        known = {"clusters": [at], "contexts": [context], "users": [{"name": "u", "user": {}}]}
        file.write_text(yaml.safe_dump(kinds | known))
        yield file, jobs
        server.shutdown()


@pytest.fixture
def launched(
    settings: Settings, cluster: tuple[Path, list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[DagsterInstance, DagsterRun, dict[str, Any]]]:
    """A run that was started with MILL_RUN_LAUNCHER=kubernetes, and the Job that was asked for."""
    kubeconfig, jobs = cluster
    outside = {"load_incluster_config": False, "kubeconfig_file": str(kubeconfig)}
    of = pods.launcher

    def from_outside(given: Settings) -> dict[str, Any]:
        made = of(given)
        made["run_launcher"]["config"] |= outside
        return made

    monkeypatch.setattr(pods, "launcher", from_outside)
    for name, value in instance.environment(settings).items():
        monkeypatch.setenv(name, value)
    with instance.connect(settings.model_copy(update={"run_launcher": "kubernetes"})) as made:
        made.add_dynamic_partitions("corpora", ["code"])
        pointer = CodePointer.from_module("orchestration.definitions", "defs", str(CHECKOUT))
        origin = JobPythonOrigin(INTAKE, RepositoryPythonOrigin(sys.executable, pointer))
        run = made.create_run_for_job(
            defs.resolve_job_def(INTAKE), tags={"dagster/partition": "code"}, job_code_origin=origin
        )
        made.run_launcher.launch_run(LaunchRunContext(run, workspace=None))
        yield made, run, jobs[0]


def test_the_job_is_what_kubernetes_takes_names_what_the_manifests_have_and_has_no_rights(
    launched: tuple[DagsterInstance, DagsterRun, dict[str, Any]],
) -> None:
    _, run, job = launched
    assert job.pop("path") == ASKED
    kubernetes_validate.validate({"apiVersion": "batch/v1", "kind": "Job", **job}, "1.37", strict=True)
    pod = job["spec"]["template"]["spec"]
    [container] = pod["containers"]
    deployed = {(one["kind"], one["metadata"]["name"]): one for one in MANIFESTS}
    ours = deployed["StatefulSet", "orchestration"]["spec"]["template"]["spec"]
    assert pod["securityContext"] == ours["securityContext"]
    assert container["securityContext"] == ours["containers"][0]["securityContext"]
    assert container["envFrom"] == ours["containers"][0]["envFrom"]
    assert container["volumeMounts"] == ours["containers"][0]["volumeMounts"]
    assert pod["volumes"] == ours["volumes"]
    assert container["image"] == ours["containers"][0]["image"]
    assert pod["automountServiceAccountToken"] is False
    assert ("ServiceAccount", pod["serviceAccountName"]) in deployed
    [may] = [rule for rule in deployed["Role", "orchestration"]["rules"] if rule["apiGroups"] == ["batch"]]
    assert "jobs" in may["resources"] and {"create", "get", "delete"} <= set(may["verbs"])
    assert run.run_id in json.dumps(container["args"])


def test_what_the_job_says_to_run_does_the_run(
    settings: Settings, db: Engine, tmp_path: Path, launched: tuple[DagsterInstance, DagsterRun, dict[str, Any]]
) -> None:
    made, run, job = launched
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "one.py").write_text('def one():\n    """The number one, as it is."""\n    return 1\n')
    corpora.add(settings, db, "code", str(tmp_path / "code"), "Apache-2.0")
    [container] = job["spec"]["template"]["spec"]["containers"]
    given = {name: value for name, value in os.environ.items() if name != instance.URL_VARIABLE}
    argv = [sys.executable, *container["command"][1:], *container["args"]]
    environment = given | {"DAGSTER_HOME": str(settings.home_dir / "dagster"), "MILL_HOME": str(settings.home_dir)}
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environment["PATH"]])
    done = subprocess.run(argv, cwd=CHECKOUT, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    ended = made.get_run_by_id(run.run_id)
    assert ended is not None and ended.status == DagsterRunStatus.SUCCESS
    assert publications.current(db, "vectors", "code") is not None


def test_a_run_in_this_process_is_refused_with_the_way_to_start_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MILL_RUN_LAUNCHER", "kubernetes")
    assert launch.main(["train", "--task", "intent_classification"]) == 2
    said = capsys.readouterr().err
    assert "a run cannot work in this process" in said and "/jobs" in said
