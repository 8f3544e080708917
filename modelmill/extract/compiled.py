"""Which scripts a compiler made of a TypeScript file that is among the chosen ones too: it is taken, they are not.

ES modules bear no mark of their compiler (generated.py knows those of other modules). What tells is that three lie
there: the script, its declarations beside it, and the source, beside it or where `src` stands for the output's folder
(`outDir` and `declaration` of https://www.typescriptlang.org/tsconfig). Scripts whose source is elsewhere stay: people
write declarations by hand as well, and of a script that is alone nothing would be left.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

# A bundler may have given the output another suffix than the compiler does.
SOURCES = {".js": (".ts", ".tsx"), ".jsx": (".tsx",), ".mjs": (".mts", ".ts"), ".cjs": (".cts", ".ts")}
DECLARATIONS = (".d.ts", ".d.mts", ".d.cts")


def source_of(path: str, chosen: Collection[str], there: Collection[str]) -> str:
    """The file that a script was compiled from; "" if nothing tells. chosen, there: paths that stay, and all."""
    folder, _, name = path.rpartition("/")
    stem, dot, suffix = name.rpartition(".")
    written = SOURCES.get(dot + suffix, ())
    beside = path[: -len(name)] + stem
    if not written or not any(beside + one in there for one in DECLARATIONS):
        return ""
    places = [f"{one}{stem}{ending}" for one in _folders(folder, stem) for ending in written]
    return next((place for place in places if place in chosen), "")


def _folders(output: str, stem: str) -> Iterator[str]:
    """Where the source of what lies in this folder may lie, each with its `/`."""
    parts = output.split("/") if output else []
    places = [parts]
    for at in range(len(parts) + 1):
        places.append([*parts[:at], "src", *parts[at:]])
        if parts[at + 1 :] or stem != "index":  # many folders have an index that is not made of `src/index.ts`
            places.append([*parts[:at], "src", *parts[at + 1 :]])
    return ("".join(f"{one}/" for one in place) for place in places)
