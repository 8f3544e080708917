"""Places in a corpus: where an import looks for a file, and the file that is found there.

A place is a path as an import says it: `src/data/industries`. No part of one is empty, so `//` sets apart places of
which the first counts where something lies, and begins what is found by other means than a path: the file of a name
that is nearest to a folder (`//tsconfig.json/src/data`), the package of a name (`//package/@acme/data`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

# In the order in which TypeScript looks: https://www.typescriptlang.org/docs/handbook/modules/reference.html
SUFFIXES = (".ts", ".tsx", ".js", ".jsx", ".mts", ".mjs", ".cts", ".cjs", ".json")
WRITTEN_AS = {".js": (".ts", ".tsx"), ".jsx": (".tsx",), ".mjs": (".mts",), ".cjs": (".cts",)}

APART = "//"
ROOT = "."  # the corpus's own folder, as one of several places
PACKAGE = "package"
MANIFEST = "package.json"
PROJECT = "tsconfig.json"
# Files that stand for each other; the first counts where both lie in a folder.
BESIDE = {MANIFEST: (MANIFEST,), PROJECT: (PROJECT, "jsconfig.json")}


@dataclass(frozen=True)
class There:
    """The files of a corpus by path, each with its sha256. read_packages: the package.json of each name, read when
    one is asked for.
    """

    files: Mapping[str, str]
    read_packages: Callable[[], Mapping[str, str]] = dict

    @cached_property
    def packages(self) -> Mapping[str, str]:
        """The path of the package.json of each package of the corpus."""
        return self.read_packages()

    def at(self, place: str) -> str:
        """The path of the file that a place stands for; "" for none."""
        if not place.startswith(APART):
            return next((path for one in place.split(APART) for path in _paths(one) if path in self.files), "")
        kind, _, name = place.removeprefix(APART).partition("/")
        return self.packages.get(name, "") if kind == PACKAGE else self._nearest(kind, name)

    def _nearest(self, name: str, folder: str) -> str:
        above = (f"{one}{named}" for one in _with_those_above(folder) for named in BESIDE[name])
        return next((path for path in above if path in self.files), "")


def leads_to(path: str, said: str) -> str | None:
    """The place of what is said as `./...` in the file at `path`; None for what is not, and for what is outside."""
    is_relative = said.startswith(("./", "../")) or said in (".", "..")
    return inside(folder_of(path), said) if is_relative else None


def inside(folder: str, said: str) -> str | None:
    """The place that a path leads to from a folder; None where that is outside of the corpus."""
    parts = folder.split("/") if folder else []
    for part in said.split("/"):
        if part == ".." and not parts:
            return None
        if part == "..":
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def folder_of(path: str) -> str:
    """The folder that a file lies in; "" for the corpus's own."""
    return path.rpartition("/")[0]


def first_of(places: Iterable[str | None]) -> str | None:
    """One place that stands for several, the first before the others; None for none. What is outside is left out."""
    return APART.join(dict.fromkeys(one or ROOT for one in places if one is not None)) or None


def nearest(name: str, path: str) -> str:
    """The place of the file of that name that lies nearest to another one, in its folder or above."""
    return f"{APART}{name}/{folder_of(path)}"


def package(name: str) -> str:
    """The place of the package.json of the package of that name."""
    return f"{APART}{PACKAGE}/{name}"


def _paths(place: str) -> Iterator[str]:
    place = "" if place == ROOT else place
    stem, dot, suffix = place.rpartition(".")
    written = f"{dot}{suffix}"
    yield from (stem + other for other in WRITTEN_AS.get(written, ()))
    if written in SUFFIXES:
        yield place
    if place:
        yield from (place + other for other in SUFFIXES)
    yield from (f"{place}/index{other}".lstrip("/") for other in SUFFIXES)


def _with_those_above(folder: str) -> Iterator[str]:
    """The folder and each that it lies in, with their `/`."""
    while folder:
        yield folder + "/"
        folder = folder_of(folder)
    yield ""
