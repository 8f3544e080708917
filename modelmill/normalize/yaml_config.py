"""YAML configuration: every object with words for a reader in it is an entry, named by its place, as in JSON.

Read event by event (PyYAML, YAML 1.1): nothing is constructed, an alias is left out instead of followed, and nesting
ends at a limit, so that neither a bomb nor a deep file costs more than its bytes. tree-sitter-yaml and PyYAML's own
composer were tried: both end the process on 100,000 dashes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from modelmill.normalize import kubernetes, openapi
from modelmill.normalize.entries import MAX_DEPTH, MISSING, Place, of_file
from modelmill.normalize.language import Draft, Language
from modelmill.records import Dropped

BLOCKS = ("|", ">")
CONSTANTS: dict[str, Any] = {"": None, "~": None, "null": None, "true": True, "false": False}
MAX_CONSTANT = 5
MAX_TAGS = 1000


def units(path: str, text: str) -> Iterator[Draft | Dropped]:
    """The entries of every document in the file; of one of OpenAPI or Kubernetes what it describes."""
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
        elif kubernetes.describes(place):
            yield from kubernetes.units(place)
        else:
            yield from of_file(stem, place)


def _documents(text: str) -> Iterator[Place]:
    """Each document as a place. Raises YAMLError, and ValueError when nested too deep."""
    import yaml

    around: list[_Open] = []
    for event in _events(text):
        kind = type(event)
        if kind is yaml.ScalarEvent or kind is yaml.AliasEvent:
            if around and around[-1].waits_for_key:
                around[-1].key = str(_scalar(event)) if kind is yaml.ScalarEvent else ""
                continue
            place = _single(event, text) if kind is yaml.ScalarEvent else _missing(event)
        elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            first = event.start_mark.line + 1
            place = Place("object" if kind is yaml.MappingStartEvent else "array", first, _last_line(event))
        else:
            if kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                _end(around.pop().place, event)
            continue
        if around:
            around[-1].put(place)
        else:
            yield place
        if place.kind != "scalar":
            around.append(_Open(place))


@dataclass(slots=True)
class _Open:
    """A list or an object that is being read, with the key that waits for its value."""

    place: Place
    key: str | None = None

    @property
    def waits_for_key(self) -> bool:
        return self.key is None and self.place.kind == "object"

    def put(self, place: Place) -> None:
        """Take the next one in; what is no single value is a key without a name."""
        if self.waits_for_key:
            self.key = ""
        else:
            self.place.items.append((self.key or "", place))
            self.key = None


def _events(text: str) -> Iterator[Any]:
    """As they are read, so that what is too deep costs nothing: libyaml's time is quadratic in the depth.

    It is in the number of a document's %TAG, too.
    """
    import yaml

    if text.count("%TAG") > MAX_TAGS:
        raise ValueError(f"more than {MAX_TAGS} times %TAG")
    starts, ends = (yaml.MappingStartEvent, yaml.SequenceStartEvent), (yaml.MappingEndEvent, yaml.SequenceEndEvent)
    depth = 0
    for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        yield event
        kind = type(event)
        if kind in starts:
            depth += 1
            if depth > MAX_DEPTH:
                raise ValueError(f"nested deeper than {MAX_DEPTH}")
        elif kind in ends:
            depth -= 1


def _single(event: Any, text: str) -> Place:
    last = _last_of_block(event, text) if event.style in BLOCKS else _last_line(event)
    return Place("scalar", event.start_mark.line + 1, last, _scalar(event))


def _missing(event: Any) -> Place:
    """An alias is left out."""
    return Place("scalar", event.start_mark.line + 1, _last_line(event), MISSING)


def _end(place: Place, event: Any) -> None:
    """One in brackets ends with them; a block ends with the last that is in it, its event is of what comes next."""
    if event.end_mark.index > event.start_mark.index:
        place.last = _last_line(event)
    elif place.items:
        place.last = max(place.first, place.items[-1][1].last)


def _last_line(event: Any) -> int:
    """An end at the start of a line belongs to the line before."""
    start, mark = event.start_mark.line, event.end_mark
    if start == mark.line:
        return start + (mark.column > 0) or 1
    return max(start + 1, mark.line + (mark.column > 0))


def _last_of_block(event: Any, text: str) -> int:
    """Of a text behind `|` or `>`: that of its last words; its event is up to what comes next."""
    said = text[event.start_mark.index : event.end_mark.index]
    blank = said[len(said.rstrip()) :]
    return event.end_mark.line + 2 - len(f"{blank}.".splitlines())


def _scalar(event: Any) -> Any:
    if event.style or event.tag:
        return event.value
    plain = event.value
    if len(plain) <= MAX_CONSTANT and plain.lower() in CONSTANTS:
        return CONSTANTS[plain.lower()]
    if plain[0].isalpha():  # no number: told in a fifth of the time that a refusal takes
        return plain
    try:
        return float(plain) if "." in plain else int(plain)
    except ValueError:
        return plain


def parses(text: str) -> bool:
    """Whether the text is YAML, nested no deeper than is read."""
    import yaml

    try:
        return all(True for _ in _events(text))
    except (yaml.YAMLError, ValueError):
        return False


LANGUAGE = Language("yaml", version=7, suffixes=(".yaml", ".yml"), units=units, parses=parses, rendered=True)
