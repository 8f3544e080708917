"""Which of the units of one name a test means when it calls that name: told by what its file imports, and by classes.

    f()           a function or class: of the file or package that `f` is imported from; where nothing is imported from
                  a package of one's own (Go, Java), one in the same package
    plane.area()  after an import of `plane`: a function or class of that file or package; behind `.`, a method
    x.area()      a method: of a class that the test makes (`Circle()`, `NewCircle()`) or that `x` is called after
                  (`circle`, `Circle`), else of the only class that has it, unless every list and file has it too

Of several the nearest: an imported file before an imported package, then the one that lies nearest to the test, then
the one that lies least deep. What is imported from elsewhere means nothing here, nor does what a test calls of itself
(`self.check()`). No type is known.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import PurePosixPath
from typing import NamedTuple

FEW, MANY = 50, 500  # units of one name: of which each is looked at; at which it ends
MAX_MODULES = 500  # of one file
FILES_KNOWN = 100_000  # pairs of a module and a file, of which each is asked for again and again
BY_CLASS, BOUND = 8, 7  # how well a class or an import fits what is called, before all names that are alike
OWN = frozenset({"self", "cls", "this", "super"})
ONE_PACKAGE = frozenset({".go", ".java"})  # whose files see the others of their package without an import
EXACT, PACKAGE, LOOSELY = 3, 2, 1  # how near a file is to an import; else 0

# Methods that strings, lists, maps, files, promises, threads and tests have, in small letters alone.
USUAL = """
    acquire add addeventlistener all any append apply at bind call cancel cancelled capitalize catch charat clear
    clone close concat contains copy count create debug decode delete done emit encode end endswith entries equals
    equalsignorecase error every exception execute exists extend fail fatal fill filter finally find findall
    finditer flat flush foreach format fromkeys fullmatch get getbytes getclass getlogger getvalue has hashcode
    helper includes index indexof info insert int isdigit isdir isempty isfile isoformat items join keys len length
    less list load lock log lower map match mkdir name next off on once open padstart parse pop popitem print push
    put race read readbytes readline readlines readtext reduce release remove removeeventlistener rename replace
    reset resolve result reverse run save search seek send set setdefault shift size skip slice some sort splice
    split start startswith stop str strftime string strip sub submit swap test then throw title tolowercase tostring
    touch touppercase trim trimend trimstart union unlink unlock unshift update upper url value valueof values wait
    warning write writebytes writelines writetext
"""
COMMON = frozenset(USUAL.split())
PART = re.compile(r"[\w$-]+")
UP = re.compile(r"\.+")


class Subject(NamedTuple):
    """What may be tested. tests: what was linked to it before."""

    id: int
    path: str
    name: str
    tests: tuple[str, ...] = ()

    @property
    def owner(self) -> str:
        """The class of a method, "" of what is none."""
        return self.name.rpartition(".")[0].rpartition(".")[2].split("#")[0]


@dataclass(frozen=True)
class TestFile:
    """A file of tests. bound: what it calls what it imports, and from which modules; own: the names that it defines;
    subject: what it is called after; near: how near it is to files, as far as it was asked.
    """

    path: str
    bound: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    own: frozenset[str] = frozenset()
    subject: str = ""
    near: dict[str, int] = field(default_factory=dict[str, int], compare=False)

    @cached_property
    def modules(self) -> tuple[str, ...]:
        """All that it imports."""
        return tuple(dict.fromkeys(module for modules in self.bound.values() for module in modules))[:MAX_MODULES]

    @cached_property
    def parts(self) -> frozenset[str]:
        """Of which one is in the path of each file that is near."""
        resolved = (_resolved(module, self.path) for module in self.modules)
        mine = PurePosixPath(self.path).parent.name
        return frozenset([*self.bound, *(named[-1] for named in resolved if named), self.subject, mine])


@dataclass(frozen=True)
class Testing:
    """A test."""

    file: TestFile
    name: str
    calls: tuple[str, ...] = ()

    @cached_property
    def classes(self) -> frozenset[str]:
        """The classes it may use, as `Circle()`."""
        return frozenset(f"{name}()" for name in (*self.made, *self.file.bound))

    @cached_property
    def made(self) -> frozenset[str]:
        """What may be a class of which it makes one."""
        lasts = [call.rpartition(".")[2] for call in self.calls]
        return frozenset([*lasts, *(name.removeprefix("New") for name in lasts)])


class Known:
    """Units by name, and by the parts of their path and by their class where many have one."""

    def __init__(self) -> None:
        self._named: dict[str, list[Subject]] = defaultdict(list)
        self._lying: dict[str, Mapping[str, Sequence[Subject]]] = {}

    def add(self, name: str, one: Subject) -> None:
        """One more of that name, once and for all before any is asked for."""
        self._named[name].append(one)

    def of(self, name: str, test: Testing) -> Sequence[Subject]:
        """Those of that name that a test may mean; of many those in files that may be near, of too many but some: of
        the classes that it uses, then by the part of the path that the fewest have.
        """
        alike = self._named.get(name, ())
        if len(alike) <= FEW:
            return alike
        if name not in self._lying:
            self._lying[name] = _sorted(alike)
        lying = self._lying[name]
        classes, parts = (
            [lying[one] for one in sorted(some) if one in lying] for some in (test.classes, test.file.parts)
        )
        found: dict[tuple[str, str], Subject] = {}
        for some in [*sorted(classes, key=len), *sorted(parts, key=len)]:
            if len(found) + len(some) > MANY:
                break
            found.update({(one.path, one.name): one for one in some})
        return list(found.values())


def _sorted(alike: Sequence[Subject]) -> Mapping[str, Sequence[Subject]]:
    """By each part of their path, and by their class as `Circle()`."""
    lying: dict[str, list[Subject]] = defaultdict(list)
    for one in alike:
        for part in (*_lies_in(one.path), f"{one.owner}()"):
            lying[part].append(one)
    return dict(lying)


def meant(test: Testing, call: str, alike: Sequence[Subject]) -> Iterator[Subject]:
    """Which of those that have the name of what is called."""
    parts = call.split(".")
    scored = [(score, one) for one in alike if (score := _score(test, parts, one))]
    best = max((score for score, _ in scored), default=None)
    most = [one for score, one in scored if score == best]
    if len(most) > 1 or (best is not None and not any(best[:2]) and len(alike) > 1):
        return
    yield from most


def named(test: Testing, alike: Sequence[Subject]) -> Iterator[Subject]:
    """Which of those that a test's name says."""
    near = [(_near_file(test.file, one.path), one) for one in alike]
    best = max((found for found, _ in near), default=0)
    most = [one for found, one in near if found == best]
    if len(most) == 1 and (
        best == EXACT or (len(alike) == 1 and not (most[0].owner and _is_common(most[0].name.rpartition(".")[2])))
    ):
        yield most[0]


def _score(test: Testing, parts: Sequence[str], one: Subject) -> tuple[int, int, int, int] | None:
    """How well a unit fits what is called: its class, how near its file is, where it lies. None: it is another."""
    found = _bare(test, parts[0], one) if len(parts) == 1 else _dotted(test, parts, one)
    return (*found, _shared(test.file.path, one.path), -one.path.count("/")) if found is not None else None


def _bare(test: Testing, name: str, one: Subject) -> tuple[int, int] | None:
    if one.owner and not one.path.endswith(".java"):
        return None
    if modules := test.file.bound.get(name):
        near = max(_near(module, test.file.path, one.path) for module in modules)
        return (0, near) if near else None
    if name in test.file.own:
        return None
    near = _near_file(test.file, one.path)
    return (0, near) if near == EXACT or not test.file.bound else None


def _dotted(test: Testing, parts: Sequence[str], one: Subject) -> tuple[int, int] | None:
    first, receiver = parts[0], parts[-2]
    if first in OWN and len(parts) == 2:
        return None
    fits = _fits(test, one.owner, receiver) if one.owner else 0
    if one.owner and not fits and _is_common(parts[-1]):
        return None  # before what takes longest
    modules = test.file.bound.get(first, ())
    inside = [*modules, *(f"{module}/{first}" for module in modules)]
    inside += [first for module in modules if module.startswith(f"{first}.")]  # `import a.b` gives `a`
    near = max((_near(module, test.file.path, one.path) for module in inside), default=0)
    if modules and not near:
        return None
    if not one.owner:
        return (BOUND, near) if near else None
    if modules and receiver[:1].isupper() and receiver != one.owner:
        return None  # an imported class
    return fits, near or _near_file(test.file, one.path)


def _fits(test: Testing, owner: str, receiver: str) -> int:
    """Whether a method of that class is called on what has that name: by the class, the name, and what is made."""
    plain, said = owner.replace("_", "").lower(), receiver.replace("_", "").lower()
    if receiver == owner:
        return BY_CLASS
    alike = 4 if len(said) > 2 and (plain.endswith(said) or said.endswith(plain)) else 0
    return alike + (2 if owner in test.made else 1 if owner in test.file.bound else 0)


def _is_common(name: str) -> bool:
    return name.replace("_", "").lower() in COMMON


def _near_file(file: TestFile, path: str) -> int:
    """How near a file is to a whole file of tests."""
    if path not in file.near and file.parts.isdisjoint(_lies_in(path)):
        file.near[path] = 0
    elif path not in file.near:
        its = PurePosixPath(path)
        one_package = its.suffix in ONE_PACKAGE and its.parent.name == PurePosixPath(file.path).parent.name
        by_name = one_package or its.stem.strip("_") == file.subject
        imported = (_near(module, file.path, path) for module in file.modules)
        file.near[path] = EXACT if by_name else max(imported, default=0)
    return file.near[path]


@lru_cache(maxsize=FILES_KNOWN)
def _near(module: str, test: str, path: str) -> int:
    """How near a file is to a module that a test imports: it is that, lies in it, or in a folder called like it."""
    whole, folder = _parts(path)
    named = _resolved(module, test)
    if named is None or named[-1] not in whole:
        return 0
    last = named[-2:]
    if module.startswith("."):
        return EXACT if whole == named else PACKAGE if folder[: len(named)] == named else 0
    if whole[-len(last) :] == last or (len(whole) == 1 and whole[-1:] == last[-1:]):
        return EXACT
    if any(folder[at : at + len(last)] == last for at in range(len(folder))):
        return PACKAGE
    return LOOSELY if last[-1] in folder else 0


@lru_cache(maxsize=FILES_KNOWN)
def _resolved(module: str, test: str) -> tuple[str, ...] | None:
    """The parts of a module's name, of one that is said from the test's own place those of the path there."""
    if module.startswith(("./", "../")) or module in (".", ".."):
        at = list(PurePosixPath(test).parent.parts)
        for part in PurePosixPath(module).parts:
            if part == "..":
                at = at[:-1]
            else:
                at.append(part)
        at = [*at[:-1], re.sub(r"\.[cm]?[jt]sx?$", "", at[-1])] if at else at
        return tuple(at[:-1] if at and at[-1] == "index" else at) or None
    if found := UP.match(module):
        at = PurePosixPath(test).parent.parts
        kept = at[: len(at) - len(found[0]) + 1]
        return (*kept, *PART.findall(module)) or None
    return tuple(PART.findall(re.sub(r"\.[cm]?[jt]sx?$", "", module))) or None


@lru_cache(maxsize=FILES_KNOWN)
def _parts(path: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """A file's path without its suffix, and its folders: of `a/b/__init__.py` twice (a, b)."""
    file = PurePosixPath(path)
    folder = file.parent.parts
    return (folder if file.stem in ("__init__", "index") and folder else (*folder, file.stem)), folder


@lru_cache(maxsize=FILES_KNOWN)
def _lies_in(path: str) -> frozenset[str]:
    whole, folder = _parts(path)
    return frozenset([*whole, *folder, PurePosixPath(path).stem.strip("_")])


def _shared(test: str, path: str) -> int:
    """How many folders, from the top, both lie in."""
    count = 0
    for mine, its in zip(_parts(test)[1], _parts(path)[1], strict=False):
        if mine != its:
            break
        count += 1
    return count
