"""Kubernetes manifests are entries under what kubectl calls them, in one document or several, YAML or JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from modelmill.normalize.language import Draft, all_languages
from modelmill.settings import CHECKOUT

DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: {app: shop}
spec:
  replicas: 2
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: server
          image: registry.example.com/shop:1.2
          command: [shop, "serve", --all]
"""
SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: shop}}\n"


def entries(path: str, text: str) -> Mapping[str, Draft]:
    """By name; each once."""
    [language] = [one for one in all_languages().values() if path.endswith(one.suffixes)]
    found = [one for one in language.units(path, text) if isinstance(one, Draft)]
    assert len({one.name for one in found}) == len(found)
    return {one.name: one for one in found}


def test_each_document_of_a_file_is_an_entry_by_its_kind_and_name() -> None:
    found = entries("a.yaml", f"# The shop.\n{DEPLOYMENT}---\n{SERVICE}---\ntitle: Some other words\n")
    assert list(found) == ["Deployment/web", "Service/web", "a"]
    web = found["Deployment/web"]
    assert (web.kind, web.signature, web.start_line, web.end_line) == ("entry", "Deployment/web", 2, 15)
    assert web.meta["spec"]["replicas"] == 2
    assert web.text.endswith("Kind: Deployment\nMetadata:\n- web\n- shop\nSpec:\n- shop server shop serve --all")


def test_those_of_a_list_are_entries_too_and_json_says_the_same() -> None:
    inner = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "settings"},
        "data": {"greeting": "Good day"},
    }
    listed = {"apiVersion": "v1", "kind": "List", "items": [inner, {"description": "What is no object of theirs"}]}
    for path in ("a.json", "a.yaml"):  # JSON is YAML
        found = entries(path, json.dumps(listed, indent=1))
        assert list(found) == ["ConfigMap/settings", "items.1"]
        assert "Good day" in found["ConfigMap/settings"].text


def test_our_own_manifests_have_the_names_that_kubectl_shows() -> None:
    found = entries("a.yaml", (CHECKOUT / "deploy/kubernetes/modelmill.yaml").read_text())
    assert {"Namespace/modelmill", "Deployment/serving", "NetworkPolicy/the-gateway"} <= set(found)
    assert not [name for name in found if name.startswith(("items", "metadata", "spec"))]


def test_a_definition_of_a_resource_is_told_field_by_field_under_its_name() -> None:
    field = "properties: {size: {type: integer, description: How many of them there are}}"
    text = f"apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {{name: plans}}\n{field}\n"
    assert list(entries("a.yaml", text)) == [
        "CustomResourceDefinition/plans.metadata",
        "CustomResourceDefinition/plans.properties.size",
    ]


def test_what_a_secret_holds_is_in_no_entry() -> None:
    text = "apiVersion: v1\nkind: Secret\nmetadata: {name: keys}\ndata: {a: aGVsbG8gdGhlcmU=}\n"
    text += "stringData: {b: hello there}\n"
    [secret] = entries("a.yaml", text).values()
    assert secret.name == "Secret/keys"
    assert not [word for word in ("aGVsbG8", "hello") if word in secret.text + json.dumps(dict(secret.meta))]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("apiVersion: v1\nkind: Pod\nmetadata: {generateName: job-}\n", ["Pod/job-"]),
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: 'system:node'}\n", ["Pod/system:node"]),
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: '{{ .Release.Name }}-web'}\n", ["Pod/release-name-web"]),
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: 12}\nnote: two words\n", ["Pod/12"]),
        ("apiVersion: v1\nkind: Kustomization\nnote: two words\nmetadata: [3]\n", ["Kustomization"]),
        ("apiVersion: v1\nkind: Kustomization\nresources: [a.yaml]\n", []),
        ("apiVersion: v1\nkind: some kind of thing\ntitle: Of no cluster\n", ["a"]),
        ("apiVersion: v2\nname: shop\ndescription: A chart, which has no kind\n", ["a"]),
        ("kind: Note\ntitle: Of no version\n", ["a"]),
    ],
)
def test_the_name_is_what_is_there(text: str, names: list[str]) -> None:
    assert list(entries("a.yaml", text)) == names
