"""OpenAPI and Swagger documents (https://spec.openapis.org/oas/v3.1.0), JSON or YAML: operations and schemas.

One unit: name `GET /pets/{id}`, kind entry, signature `Info for a specific pet`, text its summary, description,
parameters and answers in words, meta these fields as they stand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from modelmill.normalize.entries import Place
from modelmill.normalize.language import Draft

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


def describes(place: Place) -> bool:
    """Whether the document is one of an interface."""
    keys = {key for key, _ in place.items} if place.kind == "object" else set[str]()
    return bool(keys & {"openapi", "swagger"}) and bool(keys & {"paths", "components", "definitions", "webhooks"})


def units(place: Place) -> Iterator[Draft]:
    """Operations, then schemas."""
    for path, methods in _under(place, "paths"):
        for method, operation in methods.items:
            if method in METHODS and isinstance(fields := operation.value, dict):
                yield _entry(f"{method.upper()} {path}", "operation", operation, fields)
    for name, schema in [*_under(place, "components", "schemas"), *_under(place, "definitions")]:
        if isinstance(fields := schema.value, dict):
            yield _entry(name, "schema", schema, fields)


def _under(place: Place, *keys: str) -> list[tuple[str, Place]]:
    for key in keys:
        place = next((inner for name, inner in place.items if name == key), Place("object", 1, 1))
    return place.items


def _entry(name: str, about: str, place: Place, fields: Mapping[str, Any]) -> Draft:
    headline = str(fields.get("summary") or fields.get("title") or name)
    lines = [name, *_said(fields), *_described("Parameters", _by_name(fields.get("parameters")))]
    lines += _described("Fields", fields.get("properties"))
    lines += _described("Answers", fields.get("responses"))
    return Draft(
        name=name, kind="entry", text="\n".join(lines), signature=headline, start_line=place.first, end_line=place.last,
        meta={"_type": about, **fields},
    )  # fmt: skip


def _said(fields: Mapping[str, Any]) -> Iterator[str]:
    yield from (str(fields[key]).strip() for key in ("summary", "title", "description") if fields.get(key))


def _by_name(parameters: Any) -> Mapping[str, Any]:
    given = parameters if isinstance(parameters, list) else []
    return {str(one["name"]): one for one in given if isinstance(one, dict) and "name" in one}


def _described(title: str, parts: Any) -> list[str]:
    """A line a part: its name, its type where it has one, its description."""
    if not isinstance(parts, dict) or not parts:
        return []
    return [f"{title}:", *(f"- {name}{_kind(one)}{_words(one)}" for name, one in parts.items())]


def _kind(part: Any) -> str:
    schema: Any = part.get("schema", part) if isinstance(part, dict) else None
    return f" ({schema['type']})" if isinstance(schema, dict) and isinstance(schema.get("type"), str) else ""


def _words(part: Any) -> str:
    return (
        f": {' '.join(str(part['description']).split())}" if isinstance(part, dict) and part.get("description") else ""
    )
