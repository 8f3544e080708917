"""Where an import leads that is not a path beside its file: `@/data/cards`, `#data/cards`, `@acme/catalog`.

What a name stands for is said by the nearest tsconfig.json or jsconfig.json (projects.py), by the package.json of the
file (`#`), and by those of the corpus's other packages (manifests.py). They are files that a document is read with, as
those are that it takes something from: when one changes, what was read with it is read again.

`@/` and `~/` that nobody says anything of are the package's `src`, its own folder or `app`, as in the templates of
Vite, Vue and Nuxt, whose own configuration is a program.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from modelmill.normalize import manifests, places, projects
from modelmill.normalize.linking import Others
from modelmill.normalize.places import MANIFEST, PROJECT, first_of, folder_of, inside, leads_to, nearest
from modelmill.normalize.projects import Rules
from modelmill.normalize.wildcards import MAX_NAME

USUAL = ("@/", "~/")
SOURCES = ("src/", "", "app/")


@dataclass(frozen=True, slots=True)
class Aliases:
    """The names of imports as one document sees them. own, referred: what was found, by the path of a project."""

    others: Others
    own: dict[str, Rules] = field(default_factory=dict[str, Rules])
    referred: dict[str, list[Rules]] = field(default_factory=dict[str, list[Rules]])

    def places(self, path: str, said: str) -> list[str]:
        """The places where what is said in the file at `path` may be, the first before the others."""
        beside = leads_to(path, said)
        if beside is not None or said.startswith((".", "/")) or not 0 < len(said) <= MAX_NAME:
            return [] if beside is None else [beside]
        found = [first_of(self._by_project(path, said)), self._by_package(path, said)]
        return [place for place in found if place is not None] or self._by_custom(path, said)

    def _by_project(self, path: str, said: str) -> list[str | None]:
        one = self.others.get(nearest(PROJECT, path), projects.project)
        if one is None:
            return []
        if one.path not in self.own:
            self.own[one.path] = projects.rules(one, self.others)
        found = list(self.own[one.path].places(said))
        if found or self.others.wanted:  # the others are not asked for where it is not known that they count
            return found
        if one.path not in self.referred:
            self.referred[one.path] = projects.referred(one, self.others)
        return [place for rules in self.referred[one.path] for place in rules.places(said)]

    def _by_package(self, path: str, said: str) -> str | None:
        if not said.startswith("#"):
            return self._of_package(said)
        own = self.others.get(nearest(MANIFEST, path), manifests.manifest)
        targets = own.imports.targets(said) if own is not None else ()
        paths = [place for one in targets if own and one.startswith("./") for place in manifests.of_folder(own, one)]
        return first_of(paths) or next((self._of_package(one) for one in targets if not one.startswith(".")), None)

    def _of_package(self, said: str) -> str | None:
        name, rest = manifests.parted(said)
        package = self.others.get(places.package(name), manifests.manifest) if name else None
        return first_of(manifests.exported(package, rest)) if package is not None else None

    def _by_custom(self, path: str, said: str) -> list[str]:
        """The usual places, once it is known that nobody says others."""
        if not said.startswith(USUAL) or self.others.wanted:
            return []
        own = self.others.get(nearest(MANIFEST, path), manifests.manifest)
        folder = folder_of(own.path) if own is not None else ""
        place = first_of(inside(folder, source + said[2:]) for source in SOURCES)
        return [] if place is None or self.others.wanted else [place]
