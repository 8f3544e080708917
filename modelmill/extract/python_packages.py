"""`python:packages`: the packages installed beside this program; `python:packages:click,flask` only those.

Each distribution is a folder of its own name, as its checkout would be, with what it says of its licence: files as its
RECORD lists them (https://packaging.python.org/en/latest/specifications/recording-installed-packages/). What lies
outside of site-packages, tests and compiled parts are left out. Nothing is imported.
"""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from modelmill.errors import UserError
from modelmill.extract.directory import read_regular
from modelmill.extract.source import Entry
from modelmill.licences.recognition import declares
from modelmill.records import canonical_json, sha256_text

URI = "python:packages"
ABOUT = ".dist-info"  # the folder with a distribution's metadata, of which only what tells the licence is taken
LICENCES = ("licenses", "license_files")
LEFT_OUT = frozenset({"test", "tests", "__pycache__"})


class PackagesSnapshot:
    """Files of the distributions, each under the distribution's name. The revision follows from names and versions."""

    def __init__(self, chosen: Mapping[str, importlib.metadata.Distribution]) -> None:
        self._chosen = chosen
        versions = {name: one.version for name, one in chosen.items()}
        self.revision: str | None = f"packages-{sha256_text(canonical_json(versions))[:16]}"
        self._places: dict[str, Path] = {}

    def files(self) -> Iterator[Entry]:
        for name, one in self._chosen.items():
            for path, place in sorted(dict(_listed(name, one)).items()):  # a LICENSE may lie in both places
                self._places[path] = place
                link = place.is_symlink()
                yield Entry(path, _size(place), "link" if link else "", "links are not followed" if link else "")

    def read(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        if not self._places:
            list(self.files())
        for path in paths:
            place = self._places.get(path)
            content = read_regular(place) if place else None
            if content is not None:
                yield path, content


class PythonPackages:
    """The distributions of the interpreter that runs."""

    name = "python_packages"

    def matches(self, uri: str) -> bool:
        return uri == URI or uri.startswith(f"{URI}:")

    @contextmanager
    def open(self, uri: str, home: Path, revision: str | None = None) -> Generator[PackagesSnapshot]:
        there = installed()
        asked = [plain(one) for one in uri.removeprefix(URI).removeprefix(":").split(",") if one.strip()]
        unknown = [one for one in asked if one not in there]
        if unknown:
            raise UserError(
                f"{unknown[0]!r} is not installed here",
                allowed=f"names of the {len(there)} installed packages, with commas between",
                found=", ".join(unknown)[:300],
                next="pip list, then `mill corpus add NAME python:packages:ONE,TWO`",
            )
        yield PackagesSnapshot({name: there[name] for name in sorted(set(asked) or there)})


def installed() -> dict[str, importlib.metadata.Distribution]:
    """By name, as the package index spells it; the first on the path where one is installed twice."""
    found: dict[str, importlib.metadata.Distribution] = {}
    for one in importlib.metadata.distributions():
        if said := one.metadata["Name"]:
            found.setdefault(plain(said), one)
    return dict(sorted(found.items()))


def plain(name: str) -> str:
    """`ruamel.yaml` -> `ruamel-yaml`: https://packaging.python.org/en/latest/specifications/name-normalization/."""
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


def _listed(name: str, one: importlib.metadata.Distribution) -> Iterator[tuple[str, Path]]:
    """Path in the corpus and place on the disk of each file that may be looked at."""
    for file in one.files or ():
        path = PurePosixPath(file)
        if path.is_absolute() or ".." in path.parts or LEFT_OUT & set(path.parts[:-1]):
            continue
        if path.parts[0].endswith(ABOUT):
            if declares(path.name):  # `licenses/a/LICENSE` is of the folder `a`: https://peps.python.org/pep-0639/
                inner = path.parts[2:] if path.parts[1] in LICENCES else path.parts[1:]
                yield str(PurePosixPath(name, *inner)), Path(str(one.locate_file(file)))
        else:
            yield f"{name}/{path}", Path(str(one.locate_file(file)))


def _size(place: Path) -> int:
    try:
        return place.stat(follow_symlinks=False).st_size
    except OSError:
        return 0  # listed, but gone: reading it will say so


SOURCE = PythonPackages()
