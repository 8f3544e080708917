"""Data told in words, whatever it is written in: TypeScript, JSON, YAML, TOML.

An entry is an object that has words for a reader in it: an element of an array, or a value of a keyed object.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from modelmill.normalize.language import Draft
from modelmill.normalize.sections import slug

MAX_DEPTH = 64
IDENTITIES = ("id", "slug", "key", "name", "title", "label", "question", "path")
HEADLINES = ("title", "name", "label", "heading", "headline", "question", "defaultMessage")
UNTOLD = frozenset({"id", "slug", "href", "path", "image"})
# Said to a reader even when it is a single word.
HUMAN = frozenset(
    {
        "title", "name", "label", "heading", "subtitle", "tagline", "summary", "description", "text", "body",
        "question", "answer", "hint", "placeholder", "tooltip", "message", "caption", "alt", "content",
        "headline", "subheading", "defaultMessage",
    }
)  # fmt: skip
# How something looks, in more words than one: `rgba(0, 0, 0, .5)`, `0 12px 28px rgba(...)`, an outline in SVG,
# `1px solid #ddd`, `opacity .2s ease-in`.
SIZE = r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:px|r?em|%|v[hw]|m?s|deg|fr|pt|ch)"
MANNER = r"0|auto|none|solid|dashed|dotted|inset|ease(?:-in)?(?:-out)?|linear|infinite|both|forwards|#[\da-fA-F]{3,8}"
DRAWN = re.compile(
    rf"(?:(?:all|opacity|transform|color|background(?:-color)?|width|height)\s+)?(?:(?:{MANNER})[\s,]+)*{SIZE}"
    rf"(?:[\s,]+(?:{SIZE}|{MANNER}))*"
    r"|(?:[-\d.]\S*\s+|inset\s+)*(?:(?:rgb|hsl)a?|(?:linear|radial)-gradient|cubic-bezier|(?:translate|scale|rotate)\w*|calc)"
    r"\(.*\)|[Mm]\s*[-\d.][\sMZLHVCSQTAmzlhvcsqtae\d.,+-]*",
    re.S,
)
MISSING = object()  # no literal: what only running the program would tell


def _none() -> list[tuple[str, Place]]:
    return []  # list[...] would take six times as long, for each value of a file


@dataclass(slots=True)
class Place:
    """A value and where it stands. items: an object's values with their keys, an array's elements with none.

    scalar: the value of what is neither; lines: first and last, from 1. elsewhere: it has a name, under which it
    is told by itself; spread: an array whose elements are those of the array it is in. size: values in it and itself,
    a long text as several; height: how deep it is nested. twice: keys of a JSON object that it has again, of which
    `items` has the last.
    """

    kind: Literal["object", "array", "scalar"]
    first: int
    last: int
    scalar: Any = None
    items: list[tuple[str, Place]] = field(default_factory=_none)
    elsewhere: bool = False
    spread: bool = False
    size: int = 1
    height: int = 1
    twice: frozenset[str] = frozenset()

    @property
    def value(self) -> Any:
        """The plain value, without what is missing."""
        if self.kind == "scalar":
            return self.scalar
        if self.kind == "object":
            found = ((key, place.value) for key, place in self.items)
            return {key: value for key, value in found if value is not MISSING}
        parts = (place.value if place.spread else [place.value] for _, place in self.items)
        return [value for part in parts for value in part if value is not MISSING]


def repeated(names: Sequence[str]) -> frozenset[str]:
    """Those that stand there more than once: which one is meant, the file does not say (RFC 8259, section 4)."""
    return frozenset(name for name, number in Counter(names).items() if number > 1)


def entries(collection: str, place: Place, meta: Mapping[str, Any]) -> Iterator[Draft]:
    """The entries in an array or object that is called `collection`; `meta` is added to each one's fields."""
    if place.elsewhere:
        return
    if place.kind == "array":
        yield from _elements(collection, place, meta)
    elif place.kind == "object":
        said = {key: inner.scalar for key, inner in place.items if inner.scalar is not MISSING}  # of the deeper none
        if any(_is_prose(key, value) for key, value in said.items()):
            yield from entry(collection, place.value, place, meta)
            return
        for key, inner in place.items:
            yield from entries(f"{collection}.{key}" if collection else key, inner, meta)


def of_file(stem: str, whole: Place) -> Iterator[Draft]:
    """The entries of a file of data; the file itself, where it is one, has its name."""
    for draft in entries("", whole, {}):
        named = draft.name and draft.signature
        yield draft if named else replace(draft, name=draft.name or stem, signature=draft.signature or stem)


def _elements(collection: str, place: Place, meta: Mapping[str, Any]) -> Iterator[Draft]:
    sayings = [said for said in _scalars(place) if _is_prose("", said)]
    if len(sayings) > 1:
        yield from entry(collection, {"items": sayings}, place, meta)
    for number, (_, inner) in enumerate(place.items):
        if inner.elsewhere:
            continue
        if inner.spread:
            yield from _elements(collection, inner, meta)
        elif inner.kind == "object" and has_prose(fields := inner.value):
            name = _identity(fields) or str(number)
            yield from entry(f"{collection}.{name}" if collection else name, fields, inner, meta)


def _scalars(place: Place) -> Iterator[Any]:
    """The single values among an array's elements, those that are spread in it too."""
    for _, inner in place.items:
        if inner.spread and inner.kind == "array":
            yield from _scalars(inner)
        elif inner.kind == "scalar":
            yield inner.scalar


def entry(name: str, fields: Mapping[str, Any], place: Place, meta: Mapping[str, Any]) -> Iterator[Draft]:
    """One, if the object tells anything: words in its path alone are not told."""
    headline = next((fields[key] for key in HEADLINES if isinstance(fields.get(key), str)), "")
    text = "\n".join(_told(fields, headline))
    if text.strip():
        yield Draft(
            name=name, kind="entry", text=text, signature=headline or name, start_line=place.first, end_line=place.last,
            meta={**fields, **meta},
        )  # fmt: skip


def _identity(fields: Mapping[str, Any]) -> str:
    return next((slug(str(fields[key])) for key in IDENTITIES if isinstance(fields.get(key), (str, int))), "")


def has_prose(value: Any, key: str = "") -> bool:
    """Whether there are words for a reader anywhere in it."""
    if isinstance(value, dict):
        return any(has_prose(item, name) for name, item in value.items())
    if isinstance(value, list):
        return any(has_prose(item, key) for item in value)
    return _is_prose(key, value)


def _is_prose(key: str, value: Any) -> bool:
    """Two words or more, or one under a name that says it is for a reader."""
    if not isinstance(value, str) or not re.search(r"[^\W\d_]{2}", value) or DRAWN.fullmatch(value):
        return False
    return len(value.split()) > 1 or key in HUMAN


def _told(fields: Mapping[str, Any], headline: str) -> Iterator[str]:
    """The entry as a reader would see it: headline, then each field with its name in front, lists line by line."""
    if headline:
        yield headline
    for key, value in fields.items():
        if isinstance(value, str) and value and value != headline and key not in UNTOLD:
            yield value if key in HUMAN else f"{_words(key)}: {value}"
        elif isinstance(value, (list, dict)) and value:
            lines = [line for item in _parts(value) for line in _lines(item)]
            if lines:
                yield f"{_words(key)}:"
                yield from (f"- {line}" for line in lines)


def _parts(value: Any) -> list[Any]:
    """What a list or an object has in it for a reader."""
    return [item for key, item in value.items() if key not in UNTOLD] if isinstance(value, dict) else value


def _lines(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        inner = [line for item in _parts(value) for line in _lines(item)]
        if inner:
            yield " ".join(inner)
    elif isinstance(value, list):
        for item in value:
            yield from _lines(item)
    elif isinstance(value, str) and re.search(r"[^\W\d_]{2}", value) and not value.startswith(("/", "#", "http")):
        yield value


def _words(key: str) -> str:
    """`exampleQueries` -> `Example queries`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[_.-]+", " ", key).lower().split()
    return " ".join(words).capitalize()
