"""How true the links from units to tests are (normalize/tested.py): which of them are right, and which are missing?

    python benchmarks/tested.py FOLDER CALLS      FOLDER: the package with its tests
                                                  CALLS: lines of readers/called_by_tests.py or readers/called.cjs

A link is right when the test calls the unit itself, or when it is called after the unit and reaches it through others.
Missing is what a test calls itself and is not linked to. Counted are units that may have tests, and tests that are
units; left out of what is missing are properties and the methods with two underscores, which no call names. Per unit as
many tests are kept as the platform keeps (MAX_TESTS), so that of a unit with more no test is missing.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from pathlib import Path

from modelmill.normalize import tested
from modelmill.normalize.annotate import annotate
from modelmill.normalize.language import Draft, language_of, unique_names
from modelmill.normalize.meant import Subject, TestFile, Testing

SHOWN = 30
NOT_CALLED = frozenset({"property", "setter", "cached_property"})

Pair = tuple[str, str]  # path::name of a unit, of a test


def read(root: Path) -> tuple[list[Subject], list[Testing], list[tested.Held], set[str]]:
    """Units that may be tested, tests, what files and classes hold, and which of the first nobody calls."""
    subjects: list[Subject] = []
    tests: list[Testing] = []
    held: list[tested.Held] = []
    silent: set[str] = set()
    for file in sorted(root.rglob("*")):
        path = str(file.relative_to(root))
        language = language_of(path) if file.is_file() else None
        if language is None:
            continue
        drafts = [
            (name, one, annotate(path, language.name, one))
            for name, one in unique_names(language.units(path, file.read_text(encoding="utf-8-sig")))
            if isinstance(one, Draft)
        ]
        bound = next((one.meta.get("bound", {}) for _, one, _ in drafts if one.kind == "module"), {})
        within = TestFile(path, bound, frozenset(name for name, _, _ in drafts), tested.subject_of(path))
        for name, one, added in drafts:
            if one.kind in ("module", "class") and added["category"] != "test":
                held.append(tested.Held(path, name if one.kind == "class" else "", tuple(one.meta.get("members", ()))))
            if one.kind not in tested.TESTABLE:
                continue
            if added["category"] == "test":
                tests.append(Testing(within, name, tuple(one.meta.get("calls", ()))))
            else:
                subjects.append(Subject(len(subjects), path, name))
                last = name.split("#")[0].rpartition(".")[2]
                if last.startswith("__") or NOT_CALLED.intersection(one.meta.get("annotations", ())):
                    silent.add(told(path, name))
    return subjects, tests, held, silent


def told(path: str, name: str) -> str:
    """A unit, the second of a name like the first."""
    return f"{path}::{name.split('#')[0]}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("calls", type=Path)
    parser.add_argument("--show", action="store_true", help="some of the links that are wrong or missing")
    asked = parser.parse_args()
    subjects, tests, held, silent = read(asked.folder)
    here = {told(one.path, one.name) for one in subjects}
    there = {told(one.file.path, one.name) for one in tests}
    lines = [line.split("\t") for line in asked.calls.read_text().splitlines()]
    known = [((f"{path}::{name}", f"{by}::{test}"), way) for by, test, path, name, way in lines]
    direct = {pair for pair, way in known if way == "direct" and pair[0] in here and pair[1] in there}
    reached = {pair for pair, way in known if pair[0] in here and pair[1] in there}
    found = tested.links(subjects, tests, held)
    linked = {
        (told(one.path, one.name), told(*test.split("::", 1))) for one in subjects for test in found.get(one.id, ())
    }
    right = {pair for pair in linked if pair in direct or (pair in reached and is_called_after(pair))}
    full = {told(one.path, one.name) for one in subjects if len(found.get(one.id, ())) >= tested.MAX_TESTS}
    wanted = {pair for pair in direct if pair[0] not in silent and pair[0] not in full}
    missing = wanted - linked
    units_linked = {pair[0] for pair in linked}
    units_wanted = {pair[0] for pair in direct if pair[0] not in silent}
    print(f"{len(subjects)} units, {len(tests)} tests; {len(linked)} links of {len(units_linked)} units")
    print(f"  right: {len(right)} of {len(linked)} links, {len(right) / max(1, len(linked)):.3f};", end=" ")
    print(f"reached by the test: {len(linked & reached) / max(1, len(linked)):.3f}")
    print(f"  found: {len(wanted) - len(missing)} of {len(wanted)} calls,", end=" ")
    print(f"{(len(wanted) - len(missing)) / max(1, len(wanted)):.3f};", end=" ")
    print(f"units with a test: {len(units_wanted & units_linked)} of {len(units_wanted)}")
    if asked.show:
        for title, some in (("wrong", linked - right), ("missing", missing)):
            print(title, Counter(pair[0] for pair in some).most_common(SHOWN))
            for pair in random.Random(17).sample(sorted(some), min(SHOWN, len(some))):
                print("   ", *pair)


def is_called_after(pair: Pair) -> bool:
    """`test_get` and `get`."""
    unit, test = (one.rpartition("::")[2].rpartition(".")[2] for one in pair)
    return tested.subject_name(test) == unit


if __name__ == "__main__":
    main()
