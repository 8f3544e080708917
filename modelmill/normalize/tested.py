"""Which tests name or call a unit: found by names, for all units of a corpus at once, kept in `meta["tests"]`.

A test is a unit of the category `test`. It is linked to a function, method, class or interface that is none when

    it calls that name and means this one by it, as far as its imports and the classes it uses tell (meant.py), or
    its own name says it (`test_raw_decode`, `TestCircle`), or that of the tests it stands among (`describe("area")`),
    and its file has to do with the unit's: it imports it, or is called after it (`test_plane.py`, `plane.test.ts`,
    `PlaneTest.java`, `plane_test.go`); or nothing else in the corpus has that name.

So `get()` in a test of something else links to nothing. Nothing is run: how often that is right, and what is missing,
is in docs/experiments.md.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import PurePosixPath
from typing import NamedTuple

from sqlalchemy import Connection, text

from modelmill.normalize import meant
from modelmill.normalize.meant import Subject, TestFile, Testing

Bound = Mapping[str, Sequence[str]]

MAX_TESTS = 20  # of one unit: who is in more is used everywhere, and which test comes first says nothing
FILES_KNOWN = 10_000  # paths and modules taken apart, of which each is asked for again and again
NO_UNIT = -1
TESTABLE = ("function", "method", "class", "interface")

# Those that a test may mean or that were linked. Of a plain name the last part is read here, of others by `_last`.
NAMED = """
SELECT id, path, name, meta->'tests' AS tests FROM mill.unit WHERE corpus_id = :corpus AND kind = ANY(:kinds)
AND meta->>'category' IS DISTINCT FROM 'test'
AND (substring(name FROM '[^.]+$') = ANY(:names) OR name ~ '[^A-Za-z0-9_.]|[.]$' OR meta ? 'tests')
ORDER BY path, start_line, name
"""
HELD = """
SELECT * FROM (
  SELECT path, CASE WHEN kind = 'module' THEN '' ELSE name END AS name,
    ARRAY(SELECT one FROM jsonb_array_elements_text(meta->'members') one WHERE one = ANY(:names)) AS members
  FROM mill.unit WHERE corpus_id = :corpus AND kind IN ('module', 'class') AND meta->>'category' IS DISTINCT FROM 'test'
  OFFSET 0
) AS holding WHERE members <> '{}'
"""
TESTS = """
SELECT path, name, meta->'calls' AS calls FROM mill.unit WHERE corpus_id = :corpus
AND kind = ANY(:kinds) AND meta->>'category' = 'test' ORDER BY path, start_line, name
"""
FILES = """
SELECT path, meta->'bound' AS bound FROM mill.unit
WHERE corpus_id = :corpus AND kind = 'module' AND meta->>'category' = 'test'
"""
TELL = """
UPDATE mill.unit u SET meta = CASE WHEN t.tests = '[]'::jsonb THEN u.meta - 'tests'
ELSE jsonb_set(u.meta, '{tests}', t.tests) END
FROM jsonb_to_recordset(CAST(:links AS jsonb)) AS t(id bigint, tests jsonb) WHERE u.id = t.id
"""
PART = re.compile(r"[\w$-]+")
SUBJECT = re.compile(r"^(?:test_|test-)(.+)$|^(.+?)(?:[_.-](?:test|tests|spec)|Tests?|IT)$", re.S)


class Held(NamedTuple):
    """What a file, or a class in it, holds by name, whether that is a unit or too little for one."""

    path: str
    name: str
    members: tuple[str, ...]


def bring_up_to_date(conn: Connection, corpus_id: int) -> None:
    """Link the corpus's units to its tests, in the caller's transaction; only what changed is written."""
    at: dict[str, object] = {"corpus": corpus_id, "kinds": list(TESTABLE)}
    tests = _tests(conn, at)
    at["names"] = list(_wanted(tests))
    rows = conn.execute(text(NAMED), at).all()  # at once: row by row costs nearly twice as much
    subjects = [Subject(key, path, name, tuple(tests or ())) for key, path, name, tests in rows]
    found = links(subjects, tests, _held(conn, at)) if tests else {}
    changed = [{"id": one.id, "tests": found.get(one.id, [])} for one in subjects]
    changed = [new for new, one in zip(changed, subjects, strict=True) if list(one.tests) != new["tests"]]
    if changed:
        conn.execute(text(TELL), {"links": json.dumps(changed)})


def _tests(conn: Connection, at: Mapping[str, object]) -> list[Testing]:
    rows = conn.execute(text(TESTS), at).all()
    own: dict[str, set[str]] = defaultdict(set)
    for path, name, _ in rows:
        own[path].add(name)
    files: dict[str, Bound] = {path: of or {} for path, of in conn.execute(text(FILES), at).all()} if rows else {}
    known = {
        path: TestFile(path, files.get(path, {}), frozenset(names), subject_of(path)) for path, names in own.items()
    }
    return [Testing(known[path], name, tuple(calls or ())) for path, name, calls in rows]


def _held(conn: Connection, at: Mapping[str, object]) -> Iterator[Held]:
    for path, name, members in conn.execute(text(HELD), at).all():
        yield Held(path, name, tuple(members))


def _wanted(tests: Iterable[Testing]) -> set[str]:
    """The names that tests call or say: most of a corpus has another one."""
    return {name for test in tests for name in (*map(_last, test.calls), *said(test.name))}


def links(subjects: Sequence[Subject], tests: Sequence[Testing], held: Iterable[Held] = ()) -> dict[int, list[str]]:
    """Per subject's id its tests as `path::name`, in the order of the tests, at most MAX_TESTS.

    held: what else a test may mean, to which nothing is linked.
    """
    known, wanted = meant.Known(), _wanted(tests)
    subjects = [one for one in subjects if _last(one.name) in wanted]
    for one in [*subjects, *_no_units(subjects, held)]:
        if (name := _last(one.name)) in wanted:
            known.add(name, one)
    found: dict[int, dict[str, None]] = defaultdict(dict)
    for test in tests:
        for one in _meant(test, known):
            if one.id != NO_UNIT and len(found[one.id]) < MAX_TESTS:
                found[one.id][f"{test.file.path}::{test.name}"] = None
    return {key: list(tests) for key, tests in found.items() if tests}


def _no_units(subjects: Iterable[Subject], held: Iterable[Held]) -> Iterator[Subject]:
    there = {(one.path, one.name.split("#")[0].removesuffix(" (code)")) for one in subjects}
    for path, owner, members in held:
        for member in dict.fromkeys(members):
            name = f"{owner}.{member}" if owner else member
            if (path, name) not in there:
                yield Subject(NO_UNIT, path, name)


def _meant(test: Testing, known: meant.Known) -> Iterator[Subject]:
    """The units it calls, and those that its own name says."""
    for call in test.calls:
        if not (name := _last(call)).startswith("__"):  # super().__init__()
            yield from meant.meant(test, call, known.of(name, test))
    for name in said(test.name):
        yield from meant.named(test, known.of(name, test))


def said(name: str) -> list[str]:
    """What a test's name says that it tests: `Circle`, `area` of `TestCircle.test_area` and of `Circle.area.of 0`."""
    parts = name.split("#")[0].split(".")
    return [found for part in parts if (found := subject_name(part)) != part or " " in name]


def subject_name(name: str) -> str:
    """`test_raw_decode` -> `raw_decode`, `TestCircle` -> `Circle`; itself when it names nothing."""
    found = SUBJECT.match(name)
    if found:
        return found[1] or found[2]
    return name[4:] if re.match(r"Test[A-Z]", name) else name


@lru_cache(maxsize=FILES_KNOWN)
def subject_of(path: str) -> str:
    """What a test's file is called after: `tests/test_plane.py` -> `plane`, `src/plane.test.ts` -> `plane`."""
    return subject_name(PurePosixPath(path).stem)


def _last(name: str) -> str:
    """The last part: `json.loads` -> `loads`, `f#2` -> `f`."""
    if name.isascii() and name.isidentifier():
        return name
    parts = PART.findall(name.removesuffix(" (code)").split("#")[0])
    return parts[-1] if parts else name
