"""YAML configuration: every object with words for a reader in it is an entry, named by its place, as in JSON.

Read event by event (PyYAML, YAML 1.1): nothing is constructed, and nesting ends at a limit. What an alias stands for is
there again, and what `<<` merges is the mapping's own (https://yaml.org/type/merge.html), as long as a file says about
as much again as it has in it; then aliases are left out: so neither a bomb nor a deep file costs more than its bytes.
tree-sitter-yaml and PyYAML's own composer were tried: both end the process on 100,000 dashes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
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
MERGE = "<<"
FREE = 1000  # values that a file may say again, beside one for as many of its characters as a value is counted for
VALUE = 32


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
    names = _Names(FREE + len(text) // VALUE)
    for event in _events(text):
        kind = type(event)
        if kind is yaml.ScalarEvent or kind is yaml.AliasEvent:
            place = _single(event, text) if kind is yaml.ScalarEvent else names.again(event, len(around))
            if kind is yaml.ScalarEvent and event.anchor:
                names.known[event.anchor] = place
            if around and around[-1].waits_for_key:
                around[-1].called(place, merges=kind is yaml.ScalarEvent and _merges(event))
                continue
        elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            first = event.start_mark.line + 1
            place = Place("object" if kind is yaml.MappingStartEvent else "array", first, _last_line(event))
        else:
            if kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                one = around.pop()
                one.close(event)
                if one.anchor:
                    names.known[one.anchor] = one.place
            elif kind is yaml.DocumentStartEvent:
                names.known.clear()
            continue
        if around:
            around[-1].put(place)
        else:
            yield place
        if kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            around.append(_Open(place, event.anchor))


@dataclass(slots=True)
class _Names:
    """What has a name in a document, and how many values may still be said again."""

    left: int
    known: dict[str, Place] = field(default_factory=dict[str, Place])

    def again(self, event: Any, depth: int) -> Place:
        """What an alias stands for; nothing where that is too much or too deep, or what the alias is in."""
        first, last = event.start_mark.line + 1, _last_line(event)
        found = self.known.get(event.anchor)
        if found is None or found.size > self.left or depth + found.height - 1 > MAX_DEPTH:
            return Place("scalar", first, last, MISSING)
        self.left -= found.size
        return replace(found, first=first, last=last, elsewhere=found.kind != "scalar")


@dataclass(slots=True)
class _Open:
    """A list or an object that is being read, with the key that waits for its value.

    merges: whether that is `<<`; merged: what stood there; latest: what was read last.
    """

    place: Place
    anchor: str | None = None
    key: str | None = None
    merges: bool = False
    merged: list[Place] = field(default_factory=list[Place])
    latest: Place | None = None

    @property
    def waits_for_key(self) -> bool:
        return self.key is None and self.place.kind == "object"

    def called(self, key: Place, merges: bool) -> None:
        """Take a key in; one that is no single value, or not known, has no name."""
        self.merges = merges
        self.key = str(key.scalar) if key.kind == "scalar" and key.scalar is not MISSING else ""

    def put(self, place: Place) -> None:
        """Take the next one in; what is no single value is a key without a name."""
        if self.waits_for_key:
            self.key = ""
            return
        self.latest = place
        if self.merges and place.scalar is not MISSING:
            self.merged.append(place)
        else:
            self.place.items.append((self.key or "", place))
        self.key, self.merges = None, False

    def close(self, event: Any) -> None:
        """In brackets it ends with them; a block ends with the last that is in it, its event is of what comes next."""
        place = self.place
        if event.end_mark.index > event.start_mark.index:
            place.last = _last_line(event)
        elif self.latest is not None:
            place.last = max(place.first, self.latest.last)
        if self.merged:
            place.items[:0] = self._given()
        place.size = 1 + sum(one.size for _, one in place.items)
        place.height = 1 + max((one.height for _, one in place.items), default=0)

    def _given(self) -> list[tuple[str, Place]]:
        """What is merged in: of a list the first counts most, its own keys more; what is no object is as it stands."""
        found: dict[str, Place] = {}
        for one in self.merged:
            inside = [inner for _, inner in one.items] if one.kind == "array" else [one]
            if any(inner.kind != "object" for inner in inside):
                found[MERGE] = one
                continue
            for inner in reversed(inside):
                found |= {
                    key: replace(value, elsewhere=inner.elsewhere or value.elsewhere) for key, value in inner.items
                }
        own = {key for key, _ in self.place.items}
        return [(key, value) for key, value in found.items() if key not in own]


def _merges(event: Any) -> bool:
    return event.value == MERGE and not event.style and not event.tag


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
    return Place("scalar", event.start_mark.line + 1, last, _scalar(event), size=1 + len(event.value) // VALUE)


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


LANGUAGE = Language("yaml", version=8, suffixes=(".yaml", ".yml"), units=units, parses=parses, rendered=True)
