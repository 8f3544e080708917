"""Which licence a text is: a header in a file, a LICENSE beside it, or what a package says of itself.

A text is a licence when nearly all word triples of that licence's own passage (texts/) are in it, in any order: names,
years and line ends differ, words hardly do. A text that holds several licences stands under all of them (AND), and so
does a folder with several texts. What says something that is not understood is UNKNOWN.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from modelmill.normalize import privacy
from modelmill.normalize.rules.randomness import random_looking

ALIKE = 0.88  # of a passage's triples: 339 of 353 copies in one environment's packages have .90; ISC has .85 of 0BSD
LICENCE_NAME = re.compile(r"(?i)(un)?licen[sc]es?(?=$|[^a-z])|copying(?=$|[^a-z])")
TEXT_SUFFIXES = ("", ".txt", ".md", ".rst", ".adoc", ".html")
OF_OTHERS = re.compile(r"(?i)third|3rd|bundled|vendor|dependenc|notice|template|header")  # of what is shipped beside
HEAD_BYTES = 3000
# A page of documentation that shows another file (reStructuredText, MyST), with a title and options around it.
SHOWN = re.compile(r"(?:\.\.[ \t]+(?:literal)?include::|(?<!`)```+[ \t]*\{(?:literal)?include\})[ \t]*(\S+)")
AROUND_SHOWN = 20  # words
LINK = re.compile(r"\[([^][]{1,200})\]\([^()\s]{1,500}\)")  # of Markdown
UNKNOWN = "NOASSERTION"  # SPDX's word for what is not told; no policy allows it but one that names it

# What is shown and not said, as a test or a guide shows a header (https://reuse.software/spec-3.3/, ignore blocks).
SHOWN_BLOCK = re.compile(rb"(?s)REUSE-IgnoreStart.*?(?:REUSE-IgnoreEnd|\Z)")
SPDX = re.compile(rb"(?i)SPDX-License-Identifier:[ \t]*([^\r\n]*)")
# An expression and what may follow on its line: the end of a comment or of a string, or another comment.
EXPRESSION = re.compile(
    r"([( ]*[A-Za-z0-9.+:-]+[) ]*(?:(?:AND|OR|WITH) [( ]*[A-Za-z0-9.+:-]+[) ]*)*)"
    r"(?:\*[/|]|-->|[#%]\}|['\"`;#]|//|\\n|$)"
)
NAME = re.compile(r"[A-Za-z0-9.+() -]{2,200}")
LONG_NAME = 12  # characters; a shorter one is no secret
NOTICES: Mapping[str, re.Pattern[str]] = {
    "AGPL-3.0-or-later": re.compile(r"(?i)gnu affero general public licen[sc]e"),
    "LGPL-2.1-or-later": re.compile(r"(?i)gnu (lesser|library) general public licen[sc]e"),
    "GPL-2.0-or-later": re.compile(
        r"(?i)gnu general public licen[sc]e|licen[sc]ed? under (the )?(gnu )?gpl|mit or gpl"
    ),
    "MPL-2.0": re.compile(r"(?i)subject to the terms of the mozilla public license"),
    "Apache-2.0": re.compile(r"(?i)licensed under the apache license,? version 2\.0"),
    "MIT": re.compile(r"(?i)(licensed|released|distributed) under the (terms of the )?mit licen[sc]e"),
    "BSD-3-Clause": re.compile(r"(?i)use of this source code is governed by a bsd-style licen[sc]e"),
}
# What takes away from a licence whose whole passage is there, and licences that are told by their titles.
SAID_BESIDE: Mapping[str, re.Pattern[str]] = {
    "LicenseRef-Commons-Clause": re.compile(r"(?i)commons clause"),
    "JSON": re.compile(r"(?i)shall be used for good,? not evil"),
    "LicenseRef-Non-Commercial": re.compile(
        r"(?i)non-?commercial (use|purposes?) only|only for non-?commercial (use|pur)"
    ),
    "BUSL-1.1": re.compile(r"Business Source License 1\.1"),
    "Elastic-2.0": re.compile(r"Elastic License 2\.0"),
    "SSPL-1.0": re.compile(r"Server Side Public License\s+VERSION 1"),
    "PolyForm-Noncommercial-1.0.0": re.compile(r"PolyForm Noncommercial License 1\.0\.0"),
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
    """What the first lines of a file say: SPDX lines, which all hold, else a notice that is usual."""
    return of_words(content[:HEAD_BYTES])


def of_words(head: bytes) -> str | None:
    """As `of_head`, of all of it."""
    head = SHOWN_BLOCK.sub(b"", head)
    if said := SPDX.findall(head):
        return all_of(expression(one.decode("utf-8", "replace")) for one in said)
    if b"licen" not in head.lower():  # every notice has the word, and most files do not
        return None
    plain = " ".join(re.findall(r"[\w.,()'-]+", head.decode("utf-8", "replace")))
    return next((licence for licence, notice in NOTICES.items() if notice.search(plain)), None)


def expression(said: str) -> str:
    """What stands behind an SPDX tag, if it is an expression that may be stored; else UNKNOWN."""
    plain = re.sub(r"\s(?:and|or|with)\s", lambda word: word[0].upper(), said.strip())
    found = EXPRESSION.match(plain)
    return (found and _harmless(found.group(1).strip())) or UNKNOWN


def not_known(said: str) -> str:
    """What a declaration that is not understood is told by in another folder; it is never stored (`Folders`)."""
    return f"{UNKNOWN} {hashlib.sha256(' '.join(said.split()).encode('utf-8', 'replace')).hexdigest()}"


def all_of(expressions: Iterable[str]) -> str | None:
    """Their AND, None if there are none; one with an OR keeps its sides together."""
    found = sorted({*expressions})
    return " AND ".join(f"({one})" if " OR " in one and len(found) > 1 else one for one in found) or None


def of_text(text: str) -> str | None:
    """The licences whose passage the text holds, joined by AND; None if it holds none."""
    triples = _triples(text)
    alike = {name: own for name, own in _passages().items() if len(own & triples) >= ALIKE * len(own)}
    within = {a for a, one in alike.items() for b, other in alike.items() if _part_of(a, one, b, other)}
    beside = {name for name, words in SAID_BESIDE.items() if words.search(text)}
    return all_of({*alike.keys() - within, *beside, *_creative_commons(text)})


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
    """`LICENSE.md`, `LICENSE-Apache-2.0`, `COPYING.LESSER`; neither `license-check.js` nor what is said of others."""
    suffix = PurePosixPath(name).suffix
    return (suffix.lower() in TEXT_SUFFIXES or suffix == suffix.upper()) and not OF_OTHERS.search(name)


def of_declaration(path: str, content: bytes) -> str | None:
    """The licence of the folder that this file (see `declares`) lies in; None if it says nothing of it."""
    text = content.decode("utf-8", "replace")
    reader = PACKAGES.get(PurePosixPath(path).name)
    if reader is None:
        plain = LINK.sub(r"\1", text[:HEAD_BYTES])
        return of_text(text) or of_head(plain.encode("utf-8", "replace")) or _of_unknown(text)
    try:
        return reader(text)
    except (ValueError, AttributeError, TypeError, RecursionError):
        return None  # a broken package file says nothing; that it is broken is not our concern


def _of_unknown(text: str) -> str | None:
    """Nothing where the text of another file is shown: that one speaks for itself."""
    shown = SHOWN.search(text)
    if shown and declares(shown.group(1)) and len(text.split()) <= AROUND_SHOWN:
        return None
    return not_known(text) if text.strip() else None


def _named(said: Any) -> str | None:
    if not isinstance(said, str) or not said.strip():
        return None
    one = said.strip()
    known = NAMES.get(one.lower())
    return known or (" License" not in one and _harmless(one)) or not_known(one)


def _harmless(said: str) -> str | None:
    """What is said, if it may be stored: where a licence's name stands somebody else can write anything."""
    drawn = any(random_looking(one, "", "") for one in re.split(r"[\s()]+", said) if len(one) > LONG_NAME)
    return said if NAME.fullmatch(said) and not drawn and not privacy.find(said) else None


def _pyproject(text: str) -> str | None:
    project: Any = tomllib.loads(text).get("project", {})
    said = project.get("license")
    if isinstance(said, dict):
        file = said.get("file")
        said = said.get("text") or (file if isinstance(file, str) and not declares(file) else None)
    return _with_classifiers(said, project.get("classifiers", []))


def _with_classifiers(said: Any, classifiers: list[str]) -> str | None:
    """What is said, or what the classifiers tell where nothing is, or nothing that is known."""
    own = _named(said)
    if own and not own.startswith(UNKNOWN):
        return own
    last = {one.rpartition("::")[2] for one in classifiers if one.startswith("License ::")} - {" OSI Approved"}
    return _any_of(_named(one) for one in last) or own


def _any_of(named: Iterable[str | None]) -> str | None:
    """Their OR; what is not understood is no choice."""
    found = sorted({one for one in named if one})
    return " OR ".join(one for one in found if not one.startswith(UNKNOWN)) or next(iter(found), None)


def _package_json(text: str) -> str | None:
    package: Any = json.loads(text)
    said = package.get("license") or package.get("licenses")
    several = said if isinstance(said, list) else [said]
    return _any_of(_named(one.get("type") if isinstance(one, dict) else one) for one in several)


def _cargo(text: str) -> str | None:
    package: Any = tomllib.loads(text).get("package", {})
    said = package.get("license")
    return _named(said.replace("/", " OR ")) if isinstance(said, str) else None


def _metadata(text: str) -> str | None:
    fields = re.findall(r"(?m)^(License-Expression|License|Classifier): (.+)$", text.partition("\n\n")[0])
    said = dict(fields)
    return _with_classifiers(
        said.get("License-Expression") or said.get("License"), [of for name, of in fields if name == "Classifier"]
    )


PACKAGES: Mapping[str, Callable[[str], str | None]] = {
    "pyproject.toml": _pyproject,
    "package.json": _package_json,
    "Cargo.toml": _cargo,
    "PKG-INFO": _metadata,
    "METADATA": _metadata,
}


class Folders:
    """Per folder the licence that was declared in it: LICENSE texts before what a package says of itself.

    All texts hold, unless the package says which of just these may be chosen. What is not understood holds where
    nothing else is: in a folder below it keeps out what the folders around declare. At the top it is the team's own,
    of which `mill corpus add` was told, there and wherever it is repeated.
    """

    def __init__(self, declared: Mapping[str, str | None]) -> None:
        self._around: dict[str, str | None] = {}
        texts: dict[str, set[str]] = {}
        packages: dict[str, set[str]] = {}
        for path, licence in declared.items():
            file = PurePosixPath(path)
            if licence:
                (packages if file.name in PACKAGES else texts).setdefault(str(file.parent), set()).add(licence)
        together = {one: _together(texts.get(one, ()), packages.get(one, ())) for one in {*texts, *packages}}
        top = together.get(".", "")
        own = {top} if top.startswith(UNKNOWN) else set[str]()
        self.by_folder = {
            folder: UNKNOWN if licence.startswith(UNKNOWN) else licence
            for folder, licence in together.items()
            if licence not in own
        }

    def licence_of(self, path: str) -> str | None:
        """Of the nearest folder around the file that declares one."""
        folder = path.rpartition("/")[0]
        if folder not in self._around:
            around = (str(one) for one in PurePosixPath(path).parents)
            self._around[folder] = next((self.by_folder[one] for one in around if one in self.by_folder), None)
        return self._around[folder]


def _together(texts: Collection[str], packages: Collection[str]) -> str:
    """Of one folder."""
    understood = [[one for one in said if not one.startswith(UNKNOWN)] for said in (texts, packages)]
    known, named = (all_of(said) for said in understood)
    if known and named and _identifiers(known) <= _identifiers(named):
        return named
    return known or named or all_of([*texts, *packages]) or ""


def _identifiers(expression: str) -> set[str]:
    """Its licences, whatever the versions that may be chosen."""
    plain = re.sub(r"\s+WITH\s+\S+|[()]", "", expression)
    return {re.sub(r"-only$|-or-later$|\+$", "", one.strip()).lower() for one in re.split(r"\s(?:AND|OR)\s", plain)}


@cache
def _passages() -> Mapping[str, frozenset[str]]:
    return dict(_read_passages())


def _read_passages() -> Iterator[tuple[str, frozenset[str]]]:
    for file in sorted((Path(__file__).parent / "texts").glob("*.txt")):
        yield file.stem, _triples(file.read_text(encoding="utf-8"))


def _triples(text: str) -> frozenset[str]:
    words = re.findall(r"[a-z0-9]+", text.lower())
    return frozenset(" ".join(three) for three in zip(words, words[1:], words[2:], strict=False))
