"""What REUSE 3.3 adds to a file's own words: `NAME.license` beside it, `REUSE.toml` in the folders around it.

https://reuse.software/spec-3.3/: a side file stands for the head of its file; a table of a REUSE.toml holds where none
nearer says anything (closest), besides what is said (aggregate) or in its place (override). What the older
`.reuse/dep5` says of the folder that `.reuse` lies in holds besides.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from modelmill.licences import dep5
from modelmill.licences.recognition import UNKNOWN, all_of, expression, of_words

SIDE, CONFIG, DEP5 = ".license", "REUSE.toml", ".reuse/dep5"
MAX_GLOBS = 20_000  # characters of all globs of one of them: each is tried on each file below it

Precedence = Literal["closest", "aggregate", "override"]
PRECEDENCES: Mapping[str, Precedence] = {"aggregate": "aggregate", "override": "override"}


@dataclass(frozen=True, slots=True)
class _Table:
    """licence: None where the table says only whose the files are."""

    licence: str | None
    precedence: Precedence = "closest"


class _Config:
    """A REUSE.toml or dep5: of the tables that cover a file the last holds. One that cannot be read leaves everything
    open.
    """

    def __init__(self, path: str, content: bytes) -> None:
        self._length = 0
        self._exact: dict[str, int] = {}
        self._globs: list[tuple[int, Any]] = []
        self._tables: list[_Table] = []
        try:
            (self._read_toml if path.endswith(CONFIG) else self._read_dep5)(content.decode("utf-8"))
        except (ValueError, AttributeError, TypeError, RecursionError):
            self._exact, self._globs, self._tables = {}, [(0, _compiled("**"))], [_Table(UNKNOWN)]

    def _read_toml(self, text: str) -> None:
        """Raises ValueError, AttributeError or TypeError for what is no table."""
        for said in tomllib.loads(text).get("annotations", []):
            for pattern in _texts(said.get("path")):
                self._cover(pattern, "*" in pattern or "\\" in pattern, _compiled)
            licence = all_of(expression(one) for one in _texts(said.get("SPDX-License-Identifier")))
            self._tables.append(_Table(licence, PRECEDENCES.get(str(said.get("precedence")), "closest")))

    def _read_dep5(self, text: str) -> None:
        for globs, licence in dep5.paragraphs(text):
            for glob in globs:
                self._cover(glob, any(one in glob for one in "*?\\"), dep5.compiled)
            self._tables.append(_Table(None if licence is None else expression(licence), "aggregate"))

    def _cover(self, pattern: str, is_glob: bool, compiled: Callable[[str], Any]) -> None:
        """The next table is of the files that the pattern names."""
        number = len(self._tables)
        if not is_glob:
            self._exact[pattern] = number
            return
        self._length += len(pattern)
        if self._length > MAX_GLOBS:
            raise ValueError(f"globs of more than {MAX_GLOBS} characters")
        self._globs.append((number, compiled(pattern)))

    def of(self, path: str) -> _Table | None:
        """The table that holds for the file; path: from the folder that it speaks of."""
        last = self._exact.get(path, -1)
        for number, glob in reversed(self._globs):
            if number <= last:
                break
            if glob.fullmatch(path):
                last = number
        return self._tables[last] if last >= 0 else None


class Reuse:
    """The side files, REUSE.tomls and dep5s of a source. read: their bytes by path."""

    def __init__(self, read: Iterable[tuple[str, bytes]]) -> None:
        self._sides: dict[str, str | None] = {}
        self._configs: dict[str, list[_Config]] = {}
        for path, content in read:
            if is_config(path):
                folder = path.removesuffix(CONFIG).removesuffix(DEP5)
                self._configs.setdefault(folder, []).append(_Config(path, content))
            else:
                self._sides[path.removesuffix(SIDE)] = of_words(content)

    def licence_of(self, path: str, own: str | None) -> str | None:
        """Of a file whose head says `own`; None where none of them says anything."""
        beside: list[str] = []
        closest = None
        for licence, precedence in self._around(path):
            if precedence == "closest":
                closest = licence
            else:
                beside.append(licence)
            if precedence == "override":
                return all_of(beside)
        nearest = self._sides.get(path) or own or closest
        return all_of([*beside, nearest]) if nearest and beside else nearest or all_of(beside)

    def _around(self, path: str) -> Iterator[tuple[str, Precedence]]:
        """What the folders' REUSE.tomls and dep5s say of its licence, the outermost first."""
        folders = [path[:at] for at in range(len(path)) if at == 0 or path[at - 1] == "/"] if self._configs else ()
        for folder in folders:
            for config in self._configs.get(folder, ()):
                table = config.of(path.removeprefix(folder))
                if table and table.licence:
                    yield table.licence, table.precedence


def is_config(path: str) -> bool:
    """Whether it is a REUSE.toml or a dep5, in whatever folder."""
    return path.rpartition("/")[2] == CONFIG or f"/{path}".endswith(f"/{DEP5}")


def _texts(said: Any) -> list[str]:
    """One text or several. Raises TypeError for what is neither."""
    several: list[Any] = said if isinstance(said, list) else [] if said is None else [said]
    if not all(isinstance(one, str) for one in several):
        raise TypeError("no text")
    return several


def _compiled(pattern: str) -> Any:
    """`*` is all but a slash; `**`, and `**/`, is anything; what follows a backslash is itself."""
    import re2

    parts: list[str] = []
    at = 0
    while at < len(pattern):
        if pattern.startswith("**", at):
            parts.append("(?s:.*)")
            at += 3 if pattern.startswith("/", at + 2) else 2
        elif pattern[at] == "*":
            parts.append("[^/]*")
            at += 1
        else:
            at += pattern[at] == "\\" and at + 1 < len(pattern)
            parts.append(re2.escape(pattern[at]))
            at += 1
    return re2.compile("".join(parts))
