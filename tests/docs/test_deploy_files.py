"""What is in deploy/ is valid by the schemas of those who read it, and speaks of settings and parts that there are."""

from __future__ import annotations

import json
import re
from importlib import resources
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from modelmill import programs
from modelmill.settings import CHECKOUT, Settings

DEPLOY = CHECKOUT / "deploy"
SETTINGS = {f"MILL_{name.upper()}" for name in Settings.model_fields}
KUBERNETES = "1.37"


def compose() -> dict[str, Any]:
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())


def manifests() -> list[dict[str, Any]]:
    listed = yaml.safe_load((DEPLOY / "kubernetes" / "modelmill.yaml").read_text())["items"]
    return [*listed, yaml.safe_load((DEPLOY / "kubernetes" / "secret.example.yaml").read_text())]


def pods() -> dict[str, dict[str, Any]]:
    found = [one for one in manifests() if "template" in one.get("spec", {})]
    return {one["metadata"]["name"]: one["spec"]["template"]["spec"] for one in found}


def test_the_compose_file_is_one_by_its_schema() -> None:
    schema = resources.files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    jsonschema.Draft7Validator(json.loads(schema.read_text())).validate(compose())


@pytest.mark.parametrize("manifest", manifests(), ids=lambda one: f"{one['kind']} {one['metadata']['name']}")
def test_a_manifest_is_what_kubernetes_takes_and_nothing_more(manifest: dict[str, Any]) -> None:
    kubernetes_validate.validate(manifest, KUBERNETES, strict=True)


def test_every_part_is_started_by_both_and_none_that_there_is_not() -> None:
    by_compose = {tuple(one["command"]) for one in compose()["services"].values() if "command" in one}
    by_kubernetes = {tuple(pod["containers"][0]["args"]) for pod in pods().values()}
    wanted = {("up", "--part", part) for part in programs.PARTS} | {("migrate",)}
    assert by_compose == by_kubernetes == wanted


def test_every_setting_is_one_and_no_secret_has_a_value() -> None:
    given = [set(one.get("environment", {})) for one in compose()["services"].values()]
    given += [set(one.get("data", {})) | set(one.get("stringData", {})) for one in manifests()]
    given += [{entry["name"] for entry in pod["containers"][0].get("env", ())} for pod in pods().values()]
    assert {name for names in given for name in names if name.startswith("MILL_")} <= SETTINGS
    for name in ("MILL_DATABASE_PASSWORD", "MILL_KEY_PEPPER"):
        assert set(re.findall(rf"\$\{{{name}(.*?)\}}", (DEPLOY / "compose.yaml").read_text())) == {":?set it"}


def test_every_probe_has_a_time_out_and_every_container_no_rights() -> None:
    for name, pod in pods().items():
        [container] = pod["containers"]
        probes = [value for key, value in container.items() if key.endswith("Probe")]
        assert all(1 < probe["timeoutSeconds"] <= 10 for probe in probes), name
        assert len(probes) >= 2 or name == "migrate"
        assert container["securityContext"] == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
        assert pod["securityContext"]["runAsNonRoot"]
        assert pod["automountServiceAccountToken"] is (name == "orchestration"), "only what starts Jobs asks Kubernetes"


def test_only_what_starts_runs_shares_a_volume_and_the_rest_has_a_store_to_fetch_from() -> None:
    claims = {name for name, pod in pods().items() for one in pod["volumes"] if "persistentVolumeClaim" in one}
    assert claims == {"migrate", "orchestration"}
    secret = next(one for one in manifests() if one["kind"] == "Secret")["stringData"]
    assert secret["MILL_STORE_URL"].startswith("s3://")
    for name in set(pods()) - claims:
        [container] = pods()[name]["containers"]
        homes = [one["value"] for one in container["env"] if one["name"] == "MILL_HOME"]
        assert homes == [mount["mountPath"] for mount in container["volumeMounts"]], name


def test_the_doors_that_ask_nobodys_name_are_open_to_the_host_only() -> None:
    ports = {name: one.get("ports", []) for name, one in compose()["services"].items()}
    assert all(port.startswith("127.0.0.1:") for name in ("orchestration", "tracking") for port in ports[name])
    assert ports["postgres"] == []
    spoken_to = [one["metadata"]["name"] for one in manifests() if one["kind"] == "Service" and "ports" in one["spec"]]
    assert spoken_to == ["serving"]


def test_the_image_is_made_of_folders_that_there_are() -> None:
    copied = re.findall(r"^COPY (?:--\S+ )?(.*) \S+$", (DEPLOY / "Dockerfile").read_text(), re.M)
    names = [name for line in copied for name in line.split()]
    assert {"pyproject.toml", "modelmill", "orchestration"} <= set(names)
    assert [name for name in names if not (CHECKOUT / name).exists()] == []
