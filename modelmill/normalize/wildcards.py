"""Names of which some have a `*` in them, and what each stands for: `paths` of a tsconfig, `exports` of a package.json.

Both are looked up alike: a name that is written out goes before one with a `*`, and of these the one that says most
before it (https://www.typescriptlang.org/tsconfig/#paths, https://nodejs.org/api/packages.html#subpath-patterns).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

MAX_TARGETS = 8  # of one name, and names with the same text before their `*`
MAX_NAME = 300  # characters, also of a target
MAX_STARS = 4  # in a target

Ending = tuple[str, tuple[str, ...]]  # what stands behind the `*`, and the targets


@dataclass(frozen=True, slots=True)
class Names:
    """exact: targets by name; prefixed: by what stands before the `*`; lengths: of these, the longest first."""

    exact: Mapping[str, tuple[str, ...]]
    prefixed: Mapping[str, list[Ending]]
    lengths: tuple[int, ...]

    def targets(self, said: str) -> tuple[str, ...]:
        """Those of the name that fits best, with what the `*` stands for put in."""
        if said in self.exact:
            return self.exact[said]
        for length in self.lengths:
            for suffix, targets in self.prefixed.get(said[:length], ()):
                if len(said) >= length + len(suffix) and said.endswith(suffix):
                    middle = said[length : len(said) - len(suffix)]
                    return tuple(one.replace("*", middle, MAX_STARS) for one in targets)
        return ()


def names(table: Mapping[str, tuple[str, ...]]) -> Names:
    """The names of a table, ready to be looked up in as many steps as there are lengths of them."""
    exact: dict[str, tuple[str, ...]] = {}
    prefixed: defaultdict[str, list[Ending]] = defaultdict(list)
    for name, targets in table.items():
        prefix, star, suffix = name.partition("*")
        told = tuple(one for one in targets[:MAX_TARGETS] if len(one) <= MAX_NAME)
        if not star:
            exact[name] = told
        elif len(name) <= MAX_NAME and len(prefixed[prefix]) < MAX_TARGETS:
            prefixed[prefix].append((suffix, told))
    return Names(exact, dict(prefixed), tuple(sorted({len(one) for one in prefixed}, reverse=True)))
