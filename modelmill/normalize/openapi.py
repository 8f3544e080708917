"""OpenAPI and Swagger documents (https://spec.openapis.org/oas/v3.1.0), JSON or YAML: operations and schemas.

One unit: name `GET /pets/{id}`, kind entry, signature `Info for a specific pet`, text its summary, description,
parameters, the fields of its body and answers in words, meta the operation's own fields as they stand. What `$ref`
leads to is told where it stands in the same file, one step deep; other files are not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from modelmill.normalize.entries import Place
from modelmill.normalize.language import Draft

MAX_AGAIN = 5_000_000  # characters that a document may say again where it refers to itself
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


class Whole:
    """A document that refers to itself, until it has said enough again: a file of refs would be told without end."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self.fields, self._left = fields, MAX_AGAIN
        self._known: dict[str, tuple[Any, int]] = {}

    def led(self, part: Any) -> Mapping[str, Any]:
        """The part, or what it refers to; nothing for what is no object."""
        said = part.get("$ref") if isinstance(part, dict) else None
        if not isinstance(said, str) or not said.startswith("#/"):
            return part if isinstance(part, dict) else {}
        if said not in self._known:
            found = self._at(said)
            self._known[said] = found, len(repr(found))
        found, size = self._known[said]
        if not isinstance(found, dict) or size > self._left:
            return part
        self._left -= size
        return found

    def _at(self, said: str) -> Any:
        found: Any = self.fields
        for key in said[2:].split("/"):
            found = found.get(key.replace("~1", "/").replace("~0", "~")) if isinstance(found, dict) else None
        return found


def describes(place: Place) -> bool:
    """Whether the document is one of an interface."""
    keys = {key for key, _ in place.items} if place.kind == "object" else set[str]()
    return bool(keys & {"openapi", "swagger"}) and bool(keys & {"paths", "components", "definitions", "webhooks"})


def units(place: Place) -> Iterator[Draft]:
    """What the interface is, operations, then schemas."""
    whole = Whole(place.value)
    about = next((one for name, one in place.items if name == "info"), place)
    info = whole.fields.get("info")
    if isinstance(info, dict) and info.get("description"):
        yield _entry("info", "interface", about, info, [])
    for key, called in (("paths", ""), ("webhooks", " (webhook)")):
        for path, methods in _under(place, key):
            shared = methods.value.get("parameters") if methods.kind == "object" else None
            for method, operation in methods.items:
                if method in METHODS and isinstance(fields := operation.value, dict):
                    name = f"{method.upper()} {path}{called}"
                    yield _entry(name, "operation", operation, fields, _operation(fields, shared, whole))
    for name, schema in [*_under(place, "components", "schemas"), *_under(place, "definitions")]:
        if isinstance(fields := schema.value, dict):
            yield _entry(name, "schema", schema, fields, _described("Fields", _properties(fields, whole), whole))


def _under(place: Place, *keys: str) -> list[tuple[str, Place]]:
    for key in keys:
        place = next((inner for name, inner in place.items if name == key), Place("object", 1, 1))
    return place.items


def _entry(name: str, about: str, place: Place, fields: Mapping[str, Any], parts: list[str]) -> Draft:
    headline = str(fields.get("summary") or fields.get("title") or name)
    text = "\n".join([name, *_said(fields), *parts])
    return Draft(
        name=name, kind="entry", text=text, signature=headline, start_line=place.first, end_line=place.last,
        meta={"_type": about, **fields},
    )  # fmt: skip


def _said(fields: Mapping[str, Any]) -> Iterator[str]:
    yield from (str(fields[key]).strip() for key in ("summary", "title", "description") if fields.get(key))


def _operation(fields: Mapping[str, Any], shared: Any, whole: Whole) -> list[str]:
    """shared: the parameters of all operations of its path."""
    parameters = {**_by_name(shared, whole), **_by_name(fields.get("parameters"), whole)}
    content = whole.led(whole.led(fields.get("requestBody")).get("content"))
    of_swagger = [one for one in parameters.values() if one.get("in") == "body"]
    bodies = [_properties(whole.led(one).get("schema"), whole) for one in (*content.values(), *of_swagger)]
    return [
        *_described("Parameters", parameters, whole),
        *_described("Body", bodies[0] if bodies else {}, whole),
        *_described("Answers", fields.get("responses"), whole),
    ]


def _by_name(parameters: Any, whole: Whole) -> Mapping[str, Any]:
    given = [whole.led(one) for one in parameters] if isinstance(parameters, list) else []
    return {str(one["name"]): one for one in given if "name" in one}


def _properties(schema: Any, whole: Whole) -> Mapping[str, Any]:
    """The fields of an object, of what it is put together of, or of an array's elements."""
    own = whole.led(schema)
    own = whole.led(own["items"]) if "items" in own else own
    together = [one for key in ("allOf", "oneOf", "anyOf") if isinstance(parts := own.get(key), list) for one in parts]
    found: dict[str, Any] = {}
    for part in (own, *(whole.led(one) for one in together)):
        found |= whole.led(part.get("properties"))
    return found


def _described(title: str, parts: Any, whole: Whole) -> list[str]:
    """A line a part: its name, its type where it has one, its description."""
    if not isinstance(parts, dict) or not parts:
        return []
    return [f"{title}:", *(f"- {name}{_kind(one)}{_words(whole.led(one))}" for name, one in parts.items())]


def _kind(part: Any) -> str:
    schema: Any = part.get("schema", part) if isinstance(part, dict) else None
    said = schema.get("type") if isinstance(schema, dict) else None
    return f" ({said})" if isinstance(said, str) else ""


def _words(part: Mapping[str, Any]) -> str:
    return f": {' '.join(str(part['description']).split())}" if part.get("description") else ""
