"""YAML configuration: every object with words for a reader in it is an entry, named by its place, as in JSON.

Read event by event (PyYAML, YAML 1.1): nothing is constructed, an alias is left out instead of followed, and nesting
ends at a limit, so that neither a bomb nor a deep file costs more than its bytes. tree-sitter-yaml and PyYAML's own
composer were tried: both end the process on 100,000 dashes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from modelmill.normalize import openapi
from modelmill.normalize.entries import MAX_DEPTH, MISSING, Place, of_file
from modelmill.normalize.language import Draft, Language
from modelmill.records import Dropped

BLOCKS = ("|", ">")
CONSTANTS: dict[str, Any] = {"": None, "~": None, "null": None, "true": True, "false": False}


def units(path: str, text: str) -> Iterator[Draft | Dropped]:
    """The entries of every document in the file; of an OpenAPI document its operations and schemas."""
    import yaml

    stem = PurePosixPath(path).stem
    try:
        documents = list(_documents(text))
    except yaml.YAMLError as error:
        yield Dropped("(file)", "does not parse", " ".join(str(error).split())[:200])
        return
    for place in documents:
        if openapi.describes(place):
            yield from openapi.units(place)
        else:
            yield from of_file(stem, place)


def _documents(text: str) -> Iterator[Place]:
    """Each document as a place. Raises YAMLError, and ValueError when nested too deep."""
    import yaml

    around: list[tuple[Place, list[str]]] = []  # what is open, with the key that waits for its value
    for event in _events(text):
        place = _place(event, text)
        if place is not None and around:
            _put(place, *around[-1])
        elif place is not None:
            yield place
        if isinstance(event, yaml.CollectionStartEvent) and place is not None:
            around.append((place, []))
        elif isinstance(event, yaml.CollectionEndEvent):
            _end(around.pop()[0], event)


def _events(text: str) -> Iterator[Any]:
    """As they are read, so that what is too deep costs nothing: libyaml's time is quadratic in the depth."""
    import yaml

    depth = 0
    for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        yield event
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise ValueError(f"nested deeper than {MAX_DEPTH}")


def _place(event: Any, text: str) -> Place | None:
    import yaml

    block = isinstance(event, yaml.ScalarEvent) and event.style in BLOCKS
    first, last = event.start_mark.line + 1, _last_of_block(event, text) if block else _last_line(event)
    if isinstance(event, yaml.CollectionStartEvent):
        return Place("object" if isinstance(event, yaml.MappingStartEvent) else "array", first, last)
    if isinstance(event, yaml.ScalarEvent):
        return Place("scalar", first, last, _scalar(event))
    return Place("scalar", first, last, MISSING) if isinstance(event, yaml.AliasEvent) else None


def _end(place: Place, event: Any) -> None:
    """One in brackets ends with them; a block ends with the last that is in it, its event is of what comes next."""
    if event.end_mark.index > event.start_mark.index:
        place.last = _last_line(event)
    elif place.items:
        place.last = max(place.first, place.items[-1][1].last)


def _last_line(event: Any) -> int:
    """An end at the start of a line belongs to the line before."""
    mark = event.end_mark
    return max(event.start_mark.line + 1 if event.start_mark.line < mark.line else 1, mark.line + (mark.column > 0))


def _last_of_block(event: Any, text: str) -> int:
    """Of a text behind `|` or `>`: that of its last words; its event is up to what comes next."""
    said = text[event.start_mark.index : event.end_mark.index]
    blank = said[len(said.rstrip()) :]
    return event.end_mark.line + 2 - len(f"{blank}.".splitlines())


def _scalar(event: Any) -> Any:
    if event.style or event.tag:
        return event.value
    plain = event.value
    if plain.lower() in CONSTANTS:
        return CONSTANTS[plain.lower()]
    try:
        return float(plain) if "." in plain else int(plain)
    except ValueError:
        return plain


def _put(place: Place, around: Place, key: list[str]) -> None:
    """Into a list, or into an object as key and then value."""
    if around.kind == "array":
        around.items.append(("", place))
    elif key:
        around.items.append((key.pop(), place))
    else:
        key.append("" if place.kind != "scalar" or place.scalar is MISSING else str(place.scalar))


def parses(text: str) -> bool:
    """Whether the text is YAML, nested no deeper than is read."""
    import yaml

    try:
        return all(True for _ in _events(text))
    except (yaml.YAMLError, ValueError):
        return False


LANGUAGE = Language("yaml", version=6, suffixes=(".yaml", ".yml"), units=units, parses=parses, rendered=True)
