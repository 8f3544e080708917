"""Which tests name or call a unit: found by names, for all units of a corpus at once, kept in `meta["tests"]`.

A test is a unit of the category `test`. It is linked to a function, method, class or interface that is none when

    it calls that name (its last part: `json.loads`, `circle.area`), or its own name says it (`test_raw_decode`,
    `TestCircle`), and
    it has to do with the file: it imports it, or its own file is called after it (`test_plane.py`, `plane.test.ts`,
    `PlaneTest.java`, `plane_test.go`); or nothing else in the corpus has that name.

So `get()` in a test of something else links to nothing. Nothing is run and no type is known: a method that is called on
what another one returned is found only by its name.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath
from typing import NamedTuple

from sqlalchemy import Connection, text

MAX_TESTS = 20  # of one unit: who is in more is used everywhere, and which test comes first says nothing
FILES_KNOWN = 10_000  # paths and modules taken apart, of which each is asked for again and again
TESTABLE = ("function", "method", "class", "interface")

NAMED = """
SELECT id, path, name, meta->'tests' AS tests FROM mill.unit WHERE corpus_id = :corpus AND kind = ANY(:kinds)
AND meta->>'category' IS DISTINCT FROM 'test' ORDER BY path, start_line, name
"""
TESTS = """
SELECT path, name, meta->'calls' AS calls, meta->'imports' AS imports FROM mill.unit WHERE corpus_id = :corpus
AND kind = ANY(:kinds) AND meta->>'category' = 'test' ORDER BY path, start_line, name
"""
FILES = """
SELECT path, meta->'imports' AS imports FROM mill.unit
WHERE corpus_id = :corpus AND kind = 'module' AND meta->>'category' = 'test'
"""
TELL = """
UPDATE mill.unit u SET meta = CASE WHEN t.tests = '[]'::jsonb THEN u.meta - 'tests'
ELSE jsonb_set(u.meta, '{tests}', t.tests) END
FROM jsonb_to_recordset(CAST(:links AS jsonb)) AS t(id bigint, tests jsonb) WHERE u.id = t.id
"""
PART = re.compile(r"[\w$-]+")
SUBJECT = re.compile(r"^(?:test_|test-)(.+)$|^(.+?)(?:[_.-](?:test|tests|spec)|Tests?|IT)$", re.S)


class Subject(NamedTuple):
    """What may be tested. tests: what was linked to it before."""

    id: int
    path: str
    name: str
    tests: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Testing:
    """A test. imports: of itself and of its file."""

    path: str
    name: str
    calls: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()


def bring_up_to_date(conn: Connection, corpus_id: int) -> None:
    """Link the corpus's units to its tests, in the caller's transaction; only what changed is written."""
    at = {"corpus": corpus_id, "kinds": list(TESTABLE)}
    rows = conn.execute(text(NAMED), at).all()  # at once: row by row costs nearly twice as much
    subjects = [Subject(key, path, name, tuple(tests or ())) for key, path, name, tests in rows]
    files = {path: tuple(of or ()) for path, of in conn.execute(text(FILES), {"corpus": corpus_id}).all()}
    found = links(subjects, _tests(conn, at, files))
    changed = [{"id": one.id, "tests": found.get(one.id, [])} for one in subjects]
    changed = [new for new, one in zip(changed, subjects, strict=True) if list(one.tests) != new["tests"]]
    if changed:
        conn.execute(text(TELL), {"links": json.dumps(changed)})


def _tests(conn: Connection, at: Mapping[str, object], files: Mapping[str, tuple[str, ...]]) -> Iterator[Testing]:
    for path, name, calls, imports in conn.execute(text(TESTS), at).all():
        yield Testing(path, name, tuple(calls or ()), (*(imports or ()), *files.get(path, ())))


def links(subjects: Sequence[Subject], tests: Iterable[Testing]) -> dict[int, list[str]]:
    """Per subject's id its tests as `path::name`, in the order of the tests, at most MAX_TESTS."""
    named: dict[str, list[Subject]] = defaultdict(list)
    for one in subjects:
        named[_last(one.name)].append(one)
    found: dict[int, list[str]] = defaultdict(list)
    for test in tests:
        near = {_place(module) for module in test.imports} | {("", subject_of(test.path))}
        packages = {last for _, last in near}
        through = {parts[-2] for call in test.calls if len(parts := call.rsplit(".", 2)) > 1}
        for name in _mentioned(test):
            alike = named.get(name, [])
            for one in alike:
                near_it = _is_near(one.path, near) or _is_called_through(one.path, packages, through)
                if (len(alike) == 1 or near_it) and len(found[one.id]) < MAX_TESTS:
                    found[one.id].append(f"{test.path}::{test.name}")
    return {key: tests for key, tests in found.items() if tests}


def _mentioned(test: Testing) -> Iterable[str]:
    """The names that it calls, and the one that its own name says."""
    own = _last(test.name)
    said = subject_name(own)
    called = (name for call in test.calls if not (name := _last(call)).startswith("__"))  # super().__init__()
    return dict.fromkeys([*called, *([said] if said != own else [])])


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


@lru_cache(maxsize=FILES_KNOWN)
def _lies(path: str) -> tuple[str, str]:
    """A file's folder and what it is called: `a/b.py` -> (a, b), `a/b/__init__.py` -> (a, b)."""
    file = PurePosixPath(path)
    file = file.parent if file.stem in ("__init__", "index") and file.parent.name else file
    return file.parent.name, file.stem


def _is_near(path: str, near: Set[tuple[str, str]]) -> bool:
    """Whether one of the places is the file's; `abc` of `collections.abc` is no `aiohttp/abc.py`."""
    folder, stem = _lies(path)
    return ("", stem) in near or (folder, stem) in near or (not folder and any(last == stem for _, last in near))


def _is_called_through(path: str, packages: Set[str], through: Set[str]) -> bool:
    """`plane.area()` after `from shapes import plane`: which of the package's names is a file nobody says there."""
    folder, stem = _lies(path)
    return stem in through and folder in packages


@lru_cache(maxsize=FILES_KNOWN)
def _place(module: str) -> tuple[str, str]:
    """An imported module's folder, where it is said, and its name: `a.b.c` -> (b, c), `./money` -> ("", money)."""
    parts = PART.findall(re.sub(r"\.[jt]sx?$", "", module))
    return (parts[-2] if len(parts) > 1 else "", parts[-1] if parts else module)


def _last(name: str) -> str:
    """The last part: `json.loads` -> `loads`, `f#2` -> `f`."""
    if name.isascii() and name.isidentifier():
        return name
    parts = PART.findall(name.split("#")[0])
    return parts[-1] if parts else name
