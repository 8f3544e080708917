"""What a tsconfig.json or jsconfig.json says of the names of imports: `paths`, `baseUrl`, and where it takes them from.

https://www.typescriptlang.org/tsconfig: `paths` and `baseUrl` are those of the file itself, else of the nearest that it
`extends`; a target is relative to `baseUrl`, else to the file that says it. A project that only leads to others by
`references` (Vite's template) has what these say. Not read: which files a project includes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from modelmill.normalize import jsonc, manifests, places
from modelmill.normalize.linking import Others
from modelmill.normalize.places import PROJECT, folder_of, inside
from modelmill.normalize.wildcards import Names, names

MAX_PROJECTS = 16  # that extend each other or lead to each other
OWN_FOLDER = "${configDir}"  # of the project that is extended to, wherever it is said


@dataclass(frozen=True, slots=True)
class Project:
    """A file as it is written; None for what it does not say."""

    path: str
    extends: tuple[str, ...]
    references: tuple[str, ...]
    base: str | None
    paths: Names | None


@dataclass(frozen=True, slots=True)
class Rules:
    """What a project says with all that it extends. leaf: its folder; folder: that of its targets; base: `baseUrl`."""

    paths: Names | None
    leaf: str
    folder: str | None
    base: str | None

    def places(self, said: str) -> Iterator[str | None]:
        """Where a name may lead; None for what is outside of the corpus."""
        if self.paths is not None:
            yield from (_from(self.leaf, self.folder, one) for one in self.paths.targets(said))
        if self.base is not None:
            yield inside(self.base, said)


def project(path: str, text: str) -> Project:
    """The project that a file says. Raises ValueError where it is none."""
    said = jsonc.table(text)
    options = said.get("compilerOptions")
    base, told = (options.get("baseUrl"), options.get("paths")) if isinstance(options, dict) else (None, None)
    references = said.get("references")
    led_to = [one.get("path") for one in references if isinstance(one, dict)] if isinstance(references, list) else []
    return Project(
        path,
        jsonc.texts(said.get("extends"))[:MAX_PROJECTS],
        jsonc.texts(led_to)[:MAX_PROJECTS],
        base if isinstance(base, str) else None,
        names({name: jsonc.texts(one) for name, one in told.items()}) if isinstance(told, dict) else None,
    )


def rules(first: Project, others: Others) -> Rules:
    """What the project says itself, or by those that it extends: of several the last counts most."""
    seen = {first.path}
    chain: list[Project] = []
    waiting = [first]
    while waiting:
        one = waiting.pop()
        chain.append(one)
        extended = [_read(one, said, others, seen) for said in one.extends]
        waiting += [other for other in extended if other is not None]
    return _rules(chain)


def referred(first: Project, others: Others) -> list[Rules]:
    """What the projects say that it refers to."""
    seen = {first.path}
    found = [_read(first, _of_folder(one), others, seen) for one in first.references]
    return [rules(one, others) for one in found if one is not None]


def _of_folder(said: str) -> str:
    path = said if said.endswith(".json") else f"{said}/{PROJECT}"
    return path if path.startswith(".") else f"./{path}"


def _read(by: Project, said: str, others: Others, seen: set[str]) -> Project | None:
    place = _place(by, said, others) if len(seen) < MAX_PROJECTS else None
    found = others.get(place, project) if place is not None else None
    if found is None or found.path in seen:
        return None
    seen.add(found.path)
    return found


def _place(by: Project, said: str, others: Others) -> str | None:
    """Of a project that is named by its path, or by that in a package."""
    if said.startswith("."):
        return inside(folder_of(by.path), said if said.endswith(".json") else f"{said}.json")
    name, rest = manifests.parted(said)
    package = others.get(places.package(name), manifests.manifest) if name else None
    file = rest if rest.endswith(".json") else f"{rest}.json" if rest else PROJECT
    return inside(folder_of(package.path), file) if package is not None else None


def _rules(chain: list[Project]) -> Rules:
    leaf = folder_of(chain[0].path)
    by_paths = next((one for one in chain if one.paths is not None), None)
    by_base = next((one for one in chain if one.base is not None), None)
    base = _from(leaf, folder_of(by_base.path), by_base.base) if by_base and by_base.base is not None else None
    folder = base if by_base is not None else folder_of(by_paths.path) if by_paths is not None else None
    return Rules(by_paths.paths if by_paths is not None else None, leaf, folder, base)


def _from(leaf: str, folder: str | None, target: str) -> str | None:
    if target.startswith(OWN_FOLDER):
        return inside(leaf, target.removeprefix(OWN_FOLDER).lstrip("/"))
    return None if folder is None or target.startswith("/") else inside(folder, target)
