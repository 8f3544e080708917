"""Which licence a text is: a header in a file, a LICENSE beside it, or what a package says of itself.

A text is a licence when nearly all word triples of that licence's own passage (texts/) are in it, in any order: names,
years and line ends differ, words hardly do. A text that holds several licences stands under all of them (AND).
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from modelmill.normalize import privacy
from modelmill.normalize.rules.randomness import random_looking

ALIKE = 0.88  # of a passage's triples: 339 of 353 copies in one environment's packages have .90; ISC has .85 of 0BSD
LICENCE_NAME = re.compile(r"(?i)(un)?licen[sc]e|copying")
HEAD_BYTES = 3000

SPDX = re.compile(rb"SPDX-License-Identifier:[ \t]*([A-Za-z0-9.+() -]{2,80}?)[ \t]*(?:\*/|-->|\r?\n|$)")
NAME = re.compile(r"[A-Za-z0-9.+() -]{2,80}")
LONG_NAME = 12  # characters; a shorter one is no secret
NOTICES: Mapping[str, re.Pattern[str]] = {
    "AGPL-3.0-or-later": re.compile(r"(?i)under the terms of the gnu affero general public license"),
    "LGPL-2.1-or-later": re.compile(r"(?i)under the terms of the gnu (lesser|library) general public license"),
    "GPL-2.0-or-later": re.compile(r"(?i)under the terms of the gnu general public license"),
    "MPL-2.0": re.compile(r"(?i)subject to the terms of the mozilla public license"),
    "Apache-2.0": re.compile(r"(?i)licensed under the apache license,? version 2\.0"),
    "MIT": re.compile(r"(?i)(licensed|released|distributed) under the (terms of the )?mit licen[sc]e"),
    "BSD-3-Clause": re.compile(r"(?i)use of this source code is governed by a bsd-style licen[sc]e"),
}
NAMES = {
    "mit": "MIT", "mit license": "MIT", "the mit license": "MIT", "apache 2.0": "Apache-2.0", "apache": "Apache-2.0",
    "apache license 2.0": "Apache-2.0", "apache license, version 2.0": "Apache-2.0", "apache software license":
    "Apache-2.0", "bsd": "BSD-3-Clause", "bsd license": "BSD-3-Clause", "bsd 3-clause": "BSD-3-Clause", "isc license":
    "ISC", "gplv2": "GPL-2.0-only", "gplv3": "GPL-3.0-only", "gpl": "GPL-2.0-or-later", "lgpl": "LGPL-2.1-or-later",
    "agplv3": "AGPL-3.0-only", "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0", "psf": "PSF-2.0",
    "python software foundation license": "PSF-2.0",
}  # fmt: skip


def of_head(content: bytes) -> str | None:
    """What the first lines of a file say: an SPDX line, else a notice that is usual."""
    head = content[:HEAD_BYTES]
    if (found := SPDX.search(head)) and (said := _harmless(found.group(1).decode("ascii").strip())):
        return said
    if b"licen" not in head.lower():  # every notice has the word, and most files do not
        return None
    plain = " ".join(re.findall(r"[\w.,()'-]+", head.decode("utf-8", "replace")))
    return next((licence for licence, notice in NOTICES.items() if notice.search(plain)), None)


def of_text(text: str) -> str | None:
    """The licences whose passage the text holds, joined by AND; None if it holds none."""
    triples = _triples(text)
    alike = {name: own for name, own in _passages().items() if len(own & triples) >= ALIKE * len(own)}
    within = {a for a, one in alike.items() for b, other in alike.items() if _part_of(a, one, b, other)}
    return " AND ".join(sorted({*alike.keys() - within, *_creative_commons(text)})) or None


def _creative_commons(text: str) -> set[str]:
    """Their texts differ in little but the title: CC-BY-NC-4.0 of `Attribution-NonCommercial 4.0 International`."""
    short = {"NonCommercial": "NC", "ShareAlike": "SA", "NoDerivatives": "ND", "NoDerivs": "ND"}
    title = r"Attribution((?:-(?:NonCommercial|ShareAlike|NoDeriv(?:ative)?s))*)\s+(\d\.\d)"
    titles = re.findall(title, text[:HEAD_BYTES])
    return {"-".join(["CC-BY", *(short[p] for p in parts.split("-") if p), version]) for parts, version in titles}


def _part_of(name: str, one: frozenset[str], other_name: str, other: frozenset[str]) -> bool:
    """Whether the passage is only found because a longer one contains it, as BSD-3-Clause does BSD-2-Clause."""
    return name != other_name and len(one) < len(other) and len(one & other) >= ALIKE * len(one)


def declares(path: str) -> bool:
    """Whether a file of this name says under which licence its folder stands."""
    name = PurePosixPath(path).name
    return name in PACKAGES or (LICENCE_NAME.match(name) is not None and _is_text(name))


def _is_text(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in ("", ".txt", ".md", ".rst") or "-" in name


def of_declaration(path: str, content: bytes) -> str | None:
    """The licence of the folder that this file (see `declares`) lies in; None if it is none that is known."""
    text = content.decode("utf-8", "replace")
    reader = PACKAGES.get(PurePosixPath(path).name)
    if reader is None:
        return of_text(text) or of_head(content)
    try:
        return reader(text)
    except (ValueError, AttributeError, TypeError, RecursionError):
        return None  # a broken package file says nothing; that it is broken is not our concern


def _named(said: Any) -> str | None:
    if not isinstance(said, str) or not said.strip():
        return None
    one = said.strip()
    known = NAMES.get(one.lower())
    return known or (_harmless(one) if " License" not in one else None)


def _harmless(said: str) -> str | None:
    """What is said, if it may be stored: where a licence's name stands somebody else can write anything."""
    drawn = any(random_looking(one, "", "") for one in re.split(r"[\s()]+", said) if len(one) > LONG_NAME)
    return said if NAME.fullmatch(said) and not drawn and not privacy.find(said) else None


def _pyproject(text: str) -> str | None:
    project: Any = tomllib.loads(text).get("project", {})
    said = project.get("license")
    if isinstance(said, dict):
        said = said.get("text")
    return _named(said) or _of_classifiers(project.get("classifiers", []))


def _of_classifiers(classifiers: list[str]) -> str | None:
    named = [_named(one.rpartition("::")[2]) for one in classifiers if one.startswith("License ::")]
    return " OR ".join(sorted({one for one in named if one})) or None


def _package_json(text: str) -> str | None:
    said: Any = json.loads(text).get("license")
    return _named(said.get("type") if isinstance(said, dict) else said)


def _cargo(text: str) -> str | None:
    return _named(tomllib.loads(text).get("package", {}).get("license", "").replace("/", " OR "))


def _metadata(text: str) -> str | None:
    fields = dict(re.findall(r"(?m)^(License-Expression|License): (.+)$", text.partition("\n\n")[0]))
    return _named(fields.get("License-Expression")) or _named(fields.get("License"))


PACKAGES: Mapping[str, Callable[[str], str | None]] = {
    "pyproject.toml": _pyproject,
    "package.json": _package_json,
    "Cargo.toml": _cargo,
    "PKG-INFO": _metadata,
    "METADATA": _metadata,
}


class Folders:
    """Per folder the licence that was declared in it: a LICENSE text before what a package says of itself."""

    def __init__(self, declared: Mapping[str, str | None]) -> None:
        self.by_folder: dict[str, str] = {}
        self._around: dict[str, str | None] = {}
        for path in sorted(declared, key=lambda path: (PurePosixPath(path).name not in PACKAGES, path)):
            if licence := declared[path]:
                self.by_folder[str(PurePosixPath(path).parent)] = licence

    def licence_of(self, path: str) -> str | None:
        """Of the nearest folder around the file that declares one."""
        folder = path.rpartition("/")[0]
        if folder not in self._around:
            around = (str(one) for one in PurePosixPath(path).parents)
            self._around[folder] = next((self.by_folder[one] for one in around if one in self.by_folder), None)
        return self._around[folder]


@cache
def _passages() -> Mapping[str, frozenset[str]]:
    return dict(_read_passages())


def _read_passages() -> Iterator[tuple[str, frozenset[str]]]:
    for file in sorted((Path(__file__).parent / "texts").glob("*.txt")):
        yield file.stem, _triples(file.read_text(encoding="utf-8"))


def _triples(text: str) -> frozenset[str]:
    words = re.findall(r"[a-z0-9]+", text.lower())
    return frozenset(" ".join(three) for three in zip(words, words[1:], words[2:], strict=False))
