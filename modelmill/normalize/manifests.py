"""What a package.json says of where its package's files are: its name, `exports`, `imports` and main file.

https://nodejs.org/api/packages.html. Conditions are not judged: of all that a name may lead to the first counts that is
in the corpus. A build's output is not; so what is said of `dist/index.js` is looked for as `src/index.ts`, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from modelmill.normalize import jsonc
from modelmill.normalize.places import MANIFEST, folder_of, inside
from modelmill.normalize.wildcards import MAX_TARGETS, Names, names

MAX_NESTED = 16
NAME = re.compile(r"(?:@[a-z\d][\w.~-]*/)?[a-z\d][\w.~-]*", re.I)
MAIN_FILES = ("source", "types", "typings", "module", "main")
OUTPUTS = frozenset({"dist", "lib", "build", "out", "es", "esm", "cjs", "umd", "types", "typings"})
COMPILED = re.compile(r"(?:\.d)?\.[cm]?[jt]sx?$")


@dataclass(frozen=True, slots=True)
class Manifest:
    """exports, imports: what it says of `./part` and of `#name`; main: the files of which one is the package's own."""

    path: str
    name: str
    exports: Names
    imports: Names
    main: tuple[str, ...]


def manifest(path: str, text: str) -> Manifest:
    """The package that a file says. Raises ValueError where it is none."""
    said = jsonc.table(text)
    name, exports = said.get("name"), said.get("exports")
    if not (isinstance(exports, dict) and any(key.startswith(".") for key in exports)):
        exports = {".": exports}
    main = jsonc.texts([said.get(one) for one in MAIN_FILES])
    return Manifest(path, name if isinstance(name, str) else "", _names(exports), _names(said.get("imports")), main)


def is_manifest(path: str) -> bool:
    """Whether the file is one, by its name."""
    return path == MANIFEST or path.endswith(f"/{MANIFEST}")


def by_name(contents: Mapping[str, bytes]) -> dict[str, str]:
    """The path of each package's file: of those of one name the one that lies highest, then the first by path."""
    highest_last = sorted(contents, key=lambda path: (path.count("/"), path), reverse=True)
    return {name: path for path in highest_last if (name := _name(contents[path]))}


def _name(content: bytes) -> str:
    try:
        return manifest("", content.decode("utf-8-sig")).name
    except (RecursionError, ValueError):
        return ""


def parted(said: str) -> tuple[str, str]:
    """The name of the package in an import, and what of it is meant; two empty texts where there is none."""
    found = NAME.match(said)
    rest = said[found.end() :] if found is not None else ""
    return (found.group(), rest.removeprefix("/")) if found is not None and rest[:1] in ("", "/") else ("", "")


def exported(package: Manifest, rest: str) -> Iterator[str | None]:
    """The places of a part of the package, or of the package where `rest` is empty."""
    folder = folder_of(package.path)
    for target in package.exports.targets(f"./{rest}" if rest else "."):
        yield from _sources(folder, target)
    for main in () if rest else package.main:
        yield from _sources(folder, main)
    yield from (inside(folder, one) for one in (f"src/{rest or 'index'}", rest or "index"))


def of_folder(package: Manifest, target: str) -> Iterator[str | None]:
    """The places of a path that the package says for a name."""
    return _sources(folder_of(package.path), target)


def _names(said: Any) -> Names:
    return names({name: tuple(_texts(one)) for name, one in said.items()} if isinstance(said, dict) else {})


def _texts(said: Any) -> list[str]:
    """The texts in a tree of conditions, in their order."""
    found: list[str] = []
    waiting = [(said, 0)]
    while waiting and len(found) < MAX_TARGETS:
        one, depth = waiting.pop()
        if isinstance(one, str):
            found.append(one)
        elif isinstance(one, (dict, list)) and depth < MAX_NESTED:
            parts = list(one.values() if isinstance(one, dict) else one)
            waiting += [(part, depth + 1) for part in reversed(parts)]
    return found


def _sources(folder: str, target: str) -> Iterator[str | None]:
    """A file of the package, and what it may have been compiled from."""
    path = target.removeprefix("./")
    if path.startswith("/"):
        return
    plain = COMPILED.sub("", path)
    yield inside(folder, plain if path.endswith((".d.ts", ".d.mts", ".d.cts")) else path)
    parts = plain.split("/")
    while len(parts) > 1 and parts[0] in OUTPUTS:
        parts = parts[1:]
    if parts != plain.split("/"):
        yield from (inside(folder, "/".join(one)) for one in (["src", *parts], parts))
