"""Takes secrets and personal data out of text, before it is stored or logged: `clean` is the one door.

What is found is replaced by its kind and a name, the same value by the same name (placeholders.py). All patterns run in
RE2 (linear time: one nested quantifier took 36 s on 26 characters with `re`), each only over texts that hold one of its
literal signs. What is looked for: the folder rules.

It does not find names of persons, a postal address without its town, a UUID whose name does not say key, or a secret
that looks like a word.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import chain
from typing import Any

from modelmill.normalize import lists, tables, views
from modelmill.normalize.gates import Gates, loosened
from modelmill.normalize.placeholders import PLACEHOLDER, Harmless, Names, numbered
from modelmill.normalize.rules import GROUPS, Rule
from modelmill.normalize.signs import MIN_BYTES, Sign, Signs, Text

# Raise when rules change: what was cleaned by an older one is then cleaned again.
PRIVACY_VERSION = 13

# A text with more values than this, or with more places that one rule has to look at, is a list or an attack, no code:
# it goes as a whole.
FLOOD = 10_000

# Short texts in which nothing was found, alone or under a name, by their hashes (of the texts nothing is kept): names
# and paths come back in every answer that is logged. When there are this many all are forgotten; 5 MB.
KNOWN = 50_000
SHORT = 2000  # characters
KNOWN_NAMES = 1000
SHAPED_GROUPS = 3  # of rules.GROUPS: those whose values need no word beside them, so that a value in parts is still one

# Names that say of a value what it is, and the keys whose value is said by the name beside them.
SECRET_NAME = re.compile(r"(?i)secret|token|key|cred|salt|pepper|pass|pwd|pword|auth")
VALUES = frozenset({"value", "default", "example", "content", "schema"})


@dataclass(frozen=True, slots=True)
class Cleaned:
    """The text that may be stored. counts: how many distinct values of each kind were taken out."""

    text: str
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Found:
    """A value's place in a text, in characters."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True)
class Search:
    """A rule made ready; its pattern when it is first looked for: few texts have a sign of most rules."""

    rule: Rule
    signs: tuple[Sign, ...]

    @cached_property
    def pattern(self) -> Any:
        """For bytes."""
        return _pattern(self.rule.pattern)

    @cached_property
    def groups(self) -> int:
        """How many its pattern has; told once, as each match asks."""
        return self.pattern.groups


def clean(text: str, names: Names | None = None, placeholder: str = "<{}>") -> Cleaned:
    """The text without secrets and personal data. Cleaning twice changes nothing more.

    names: what the values are called; by number within this text when left out. placeholder: how the name is written;
    `{}` gives an identifier, for code in which `<...>` would not parse.
    """
    if isinstance(text, Harmless):
        return Cleaned(str(text), {})
    places = find(text) if len(text) > SHORT else _find_once(text)
    if not places:
        return Cleaned(text, {})
    named = names or numbered()
    written: dict[tuple[str, str], str] = {}
    parts: list[str] = []
    at = 0
    for found in places:
        key = found.kind, text[found.start : found.end]
        if key not in written:
            written[key] = placeholder.format(named(*key))
        parts += [text[at : found.start], written[key]]
        at = found.end
    return Cleaned("".join([*parts, text[at:]]), dict(Counter(kind for kind, _ in written)))


def clean_value(value: Any, names: Names | None = None) -> tuple[Any, Counter[str]]:
    """A JSON value with every string in it cleaned, keys included, and what was taken out.

    A string is judged with its key beside it, or with the name beside it: `{name: DB_PASSWORD, value: ...}`.
    """
    counts: Counter[str] = Counter()
    return _cleaned(value, names, counts, ""), counts


def _cleaned(value: Any, names: Names | None, counts: Counter[str], said: str) -> Any:
    if value is None or isinstance(value, (int, float)):  # first: to say that a number is no Mapping takes longest
        return value
    if isinstance(value, Harmless):
        return str(value)
    if isinstance(value, str):
        name = hash((said, value))
        if name in _harmless():
            return value
        cleaned = _cleaned_beside(value, names, said)
        if cleaned.counts:
            counts.update(cleaned.counts)
        elif len(value) <= SHORT:
            _know(name)
        return cleaned.text
    if isinstance(value, (dict, Mapping)):
        name = name_beside(value) or said
        return {
            _cleaned_name(str(key), names, counts): _cleaned(item, names, counts, name if key in VALUES else str(key))
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_cleaned(item, names, counts, said) for item in value]
    return value


def _cleaned_name(name: str, names: Names | None, counts: Counter[str]) -> str:
    """A field's name: the same few for nearly all that is cleaned."""
    known = _harmless_names()
    if name in known:
        return name
    cleaned = _cleaned(name, names, counts, "")
    if cleaned == name and len(known) < KNOWN_NAMES and len(name) < SHORT:
        known.add(name)
    return cleaned


def name_beside(value: Mapping[Any, Any]) -> str:
    """What an object says that it is a value of; nothing where it is none."""
    if VALUES.isdisjoint(value):
        return ""
    return next((value[key] for key in ("name", "key", "id") if isinstance(value.get(key), str)), "")


def beside(said: str, value: str) -> str:
    """A string as it would stand in code under its name; empty where the name means nothing."""
    return f'{said} = "{value}"' if said and len(said) < SHORT and SECRET_NAME.search(said) else ""


def _cleaned_beside(value: str, names: Names | None, said: str) -> Cleaned:
    whole = beside(said, value)
    before = len(whole) - len(value) - 1
    places = [one for one in find(whole) if one.start >= before and one.end < len(whole)] if whole else []
    if not places:
        return clean(value, names)
    # Judged alone it may be less than beside its name, so first what was found there, then the rest.
    named = names or numbered()
    text = value
    for one in reversed(places):
        name = f"<{named(one.kind, whole[one.start : one.end])}>"
        text = text[: one.start - before] + name + text[one.end - before :]
    rest = clean(text, names)
    return Cleaned(rest.text, Counter(one.kind for one in places) + Counter(rest.counts))


def find(text: str) -> list[Found]:
    """Where secrets and personal data are, in order, without overlaps (an earlier rule wins)."""
    data = text.encode("utf-8", "surrogatepass")
    try:
        return _in_characters(text, data, sorted(_places(data)))
    except views.FloodError:
        return [Found("flood", 0, len(text))]


def _find_once(text: str) -> list[Found]:
    """`find`, not again for a text in which nothing was."""
    name = hash(text)
    if name in _harmless():
        return []
    places = find(text)
    if not places:
        _know(name)
    return places


def _know(name: int) -> None:
    known = _harmless()
    if len(known) >= KNOWN:
        known.clear()
    known.add(name)


@cache
def _harmless() -> set[int]:
    return set()


@cache
def _harmless_names() -> set[str]:
    return set()


def _places(data: bytes) -> Iterator[tuple[int, int, str]]:
    taken = bytearray(len(data))
    number = 0
    for kind, places in chain(_plain(data, taken), _seen_through(data)):
        for start, end in places:
            if start < end and taken.find(1, start, end) < 0:
                if (number := number + 1) > FLOOD:
                    raise views.FloodError
                taken[start:end] = b"\1" * (end - start)
                yield start, end, kind


def _plain(data: bytes, taken: bytearray) -> Iterator[tuple[str, list[tuple[int, int]]]]:
    """Kind and place of what stands there as it is."""
    for search in _possible(data, _compiled()):
        for place in _values(search, data, taken):
            yield search.rule.kind, [place]


def _seen_through(data: bytes) -> Iterator[tuple[str, list[tuple[int, int]]]]:
    """Kind and places of what is there in another form (views.py)."""
    everything, shaped = _compiled(), _compiled()[:SHAPED_GROUPS]
    broken = shaped if shaped[0][0].search(data) else []
    for read, groups in (
        (views.unescaped, everything),
        (views.unwrapped, everything),
        (views.joined, broken),
        (views.listed, broken),
        (views.commanded, everything),
        (tables.tabled, everything),
        (lists.listed, everything),
    ):
        view = read(data) if groups else None
        for search in _possible(view.data, groups) if view else ():
            for start, end in _values(search, view.data) if view else ():
                yield search.rule.kind, view.places(start, end) if view else []


def _possible(data: bytes, groups: Sequence[tuple[Any, list[Search]]]) -> Iterator[Search]:
    """The rules that can match at all, by the gates of their groups, all or the first of them, and their own signs."""
    text = Text(data, _signs())
    opened = _gates().opened(data) if len(data) < MIN_BYTES else None
    for number, (gate, searches) in enumerate(groups):
        if number in opened if opened is not None else gate.search(data):
            yield from (one for one in searches if text.has_any(one.signs))


def _values(search: Search, data: bytes, taken: bytearray | None = None) -> Iterator[tuple[int, int]]:
    """Where the rule's values are, in bytes, after its checks; but for what was taken by another one."""
    rule = search.rule
    for number, match in enumerate(search.pattern.finditer(data)):
        if number >= FLOOD:
            raise views.FloodError
        start, end = _span(match, search.groups, data)
        if taken and not rule.within and taken.find(1, start, end) >= 0:
            continue
        value = data[start:end].decode("utf-8", "surrogatepass")
        if not rule.holds(value, *_neighbours(data, start, end)) or PLACEHOLDER.fullmatch(value):
            continue
        if rule.unless and _pattern(rule.unless).search(_before(data, match.start(), start, rule.reach)):
            continue
        if rule.within:
            inner = re.finditer(rule.within.encode(), data[start:end])
            yield from ((start + one.start(), start + one.end()) for one in inner)
        else:
            yield start, end


def _before(data: bytes, first: int, start: int, reach: int) -> bytes:
    """What stands before the value: from where the match begins, or from that many bytes earlier in its line."""
    if reach:
        first = max(data.rfind(b"\n", max(0, first - reach), first) + 1, first - reach, 0)
    return data[first:start]


def _neighbours(data: bytes, start: int, end: int) -> tuple[str, str]:
    """The characters before and after; one has at most four bytes."""
    before, after = data[max(0, start - 4) : start], data[end : end + 4]
    if before.isascii() and after.isascii():
        return before[-1:].decode("ascii"), after[:1].decode("ascii")
    return before.decode("utf-8", "ignore")[-1:], after.decode("utf-8", "ignore")[:1]


def _span(match: Any, groups: int, data: bytes) -> tuple[int, int]:
    """The first group that took part, else the whole match; in whole characters, of which a pattern sees the bytes."""
    start, end = match.span(groups if groups < 2 else match.lastindex or 0)
    if end < 0:
        start, end = match.span()
    while 0 < start < end and data[start] & 0xC0 == 0x80:
        start -= 1
    while start < end < len(data) and data[end] & 0xC0 == 0x80:
        end += 1
    return start, end


def _in_characters(text: str, data: bytes, places: list[tuple[int, int, str]]) -> list[Found]:
    if len(text) == len(data):
        return [Found(kind, start, end) for start, end, kind in places]
    found: list[Found] = []
    byte = character = 0
    for start, end, kind in places:
        begins = character + len(data[byte:start].decode("utf-8", "surrogatepass"))
        byte, character = end, begins + len(data[start:end].decode("utf-8", "surrogatepass"))
        found.append(Found(kind, begins, character))
    return found


@cache
def _compiled() -> list[tuple[Any, list[Search]]]:
    shared: dict[tuple[Sign, ...], tuple[Sign, ...]] = {}
    numbers: dict[tuple[str, bool], int] = {}

    def search(rule: Rule) -> Search:
        small = rule.pattern.startswith("(?i")
        signs = tuple(
            Sign(text.encode(), small, numbers.setdefault((text, small), len(numbers))) for text in rule.signs
        )
        return Search(rule, shared.setdefault(signs, signs))

    return [(_pattern(loosened(group.gate)), [search(rule) for rule in group.rules]) for group in GROUPS]


@cache
def _signs() -> Signs:
    every = {sign.number: sign for _, searches in _compiled() for one in searches for sign in one.signs}
    return Signs([every[number] for number in range(len(every))])


@cache
def _gates() -> Gates:
    return Gates(GROUPS)


@cache
def _pattern(written: str) -> Any:
    """For bytes."""
    import re2

    quiet = re2.Options()
    quiet.encoding = re2.Options.Encoding.LATIN1  # a byte is a character: of Unicode's classes a pattern would be slow
    quiet.log_errors = False  # a megabyte of letters without a blank takes the slower way: said on stderr, and no error
    return re2.compile(written.encode(), quiet)
