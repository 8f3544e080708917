"""Kubernetes manifests, and what else has their form (Kustomize, Argo), in YAML or JSON: each object is an entry.

One unit, of deploy/kubernetes/modelmill.yaml: name `Deployment/serving`, kind entry, text its fields in words, meta the
fields as they stand. That is how kubectl calls it, and `metadata` and `spec`, which all of them have, tell nothing
(https://kubernetes.io/docs/concepts/overview/working-with-objects/). A definition of a resource is a description of its
fields: each that says something is an entry of its own, under that name. What a Secret holds is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from modelmill.normalize.entries import Place, entries, entry, has_prose
from modelmill.normalize.language import Draft
from modelmill.normalize.sections import slug

HELD = ("data", "stringData")  # by a Secret
DEFINITION = "CustomResourceDefinition"
KIND, NAME = re.compile(r"[A-Za-z]\w{0,99}"), re.compile(r"[\w.:-]{1,253}")


def describes(place: Place) -> bool:
    """Whether the document is one."""
    return place.kind == "object" and bool(_said(place, "apiVersion") and KIND.fullmatch(_said(place, "kind")))


def units(place: Place) -> Iterator[Draft]:
    """The object; of a list those that are in it."""
    kind = _said(place, "kind")
    listed = next((inner for key, inner in place.items if key == "items" and inner.kind == "array"), None)
    if kind.endswith("List") and listed is not None:
        for number, (_, inner) in enumerate(listed.items):
            yield from units(inner) if describes(inner) else entries(f"items.{number}", inner, {})
        return
    if kind == "Secret":
        place = replace(place, items=[(key, inner) for key, inner in place.items if key not in HELD])
    fields: Mapping[str, Any] = place.value
    name = _name(kind, fields)
    if kind == DEFINITION:
        yield from entries(name, place, {})
    elif name != kind or has_prose(fields):
        yield from entry(name, fields, place, {})


def _said(place: Place, key: str) -> str:
    """The word that stands under the key, of the object itself."""
    return next((inner.scalar for name, inner in place.items if name == key and isinstance(inner.scalar, str)), "")


def _name(kind: str, fields: Mapping[str, Any]) -> str:
    """`Deployment/serving`; the kind alone of what is not called anything."""
    metadata: Any = fields.get("metadata")
    said = metadata.get("name") or metadata.get("generateName") if isinstance(metadata, dict) else None
    if not isinstance(said, (str, int)):
        return kind
    return f"{kind}/{said if NAME.fullmatch(str(said)) else slug(str(said))}"  # of a chart it is a template
