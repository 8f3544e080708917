"""What a language must offer, and how the languages are found: one file in this folder each, by being there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from modelmill.normalize.linking import Others
from modelmill.records import Dropped, UnitKind, canonical_json, sha256_text
from modelmill.registry import exposed

DECLARED = "\nLANGUAGE = "
MAX_NAME = 300  # characters; the database's index takes some 2,000 of path and name together
MAX_FIRST_LINES = 500  # bytes of a script that are looked at
# Suffixes that say what a script is for and not what it is written in: Debian's maintainer scripts, CGI, macOS.
SCRIPTS = frozenset({".postinst", ".preinst", ".postrm", ".prerm", ".config", ".init", ".cgi", ".command"})
# A shell script that has another program read it: `exec tclsh "$0" "$@"`, pip's `'''exec' /a/python "$0" "$@"`.
HANDED_ON = re.compile(r"""^["':]*exec['"]?[ \t]+(.*\$\{?0.*)""", re.M)
# Programs that run no script of a shell's, whatever its suffix says; and how PHP and a page begin.
FOREIGN = frozenset(
    {
        "awk", "csh", "expect", "fish", "gawk", "lua", "make", "mawk", "perl", "php", "ruby", "sed", "tclsh", "tcsh",
        "wish",
    }
)  # fmt: skip
MARKUP = re.compile(rb"\s*<(?:[?!]|html)", re.I)
WORD = re.compile(r'"[^"]*"|\S+')
RELEASE = re.compile(r"[\d.]+$")  # of `python3.11`


@dataclass(frozen=True, slots=True)
class Draft:
    """A unit before it knows its corpus. Fields as in records.Unit; an empty `group` means the file's folder."""

    name: str
    kind: UnitKind
    text: str
    signature: str = ""
    docstring: str = ""
    group: str = ""
    start_line: int = 1
    end_line: int = 1
    meta: Mapping[str, Any] = field(default_factory=dict[str, Any])


class Linked(Protocol):
    """Units of a file, with others in sight; it may stop early once it wants one that it was not given."""

    def __call__(self, path: str, text: str, others: Others, /) -> Iterator[Draft | Dropped]: ...


@dataclass(frozen=True, slots=True)
class Language:
    """units: from path and cleaned text to drafts, and to Dropped for what is left out (its path: the unit's name).

    version: raise it when `units` gives other units for the same text; files are then parsed again.
    parses: whether the text is well-formed; asked only where cleaning changed a file.
    rendered: units say in other words what the file says (escapes undone), so their text is cleaned once more.
    linked: `units` with the other files of the corpus in sight, where the language makes use of them.
    interpreters: programs that run its scripts, without release: by these a script without a suffix is told.
    """

    name: str
    version: int
    suffixes: tuple[str, ...]
    units: Callable[[str, str], Iterator[Draft | Dropped]]
    parses: Callable[[str], bool]
    rendered: bool = False
    linked: Linked | None = None
    interpreters: tuple[str, ...] = ()


@cache
def all_languages() -> Mapping[str, Language]:
    """Every language by name. A module of this folder is one if it has a LANGUAGE.

    No other is imported: a stage brings the database with it, half a second for each process that parses.
    """
    files = (file for file in Path(__file__).parent.glob("*.py") if DECLARED in file.read_text("utf-8"))
    found: list[Language] = [exposed("modelmill.normalize", file.stem, "LANGUAGE") for file in files]
    return {language.name: language for language in sorted(found, key=lambda language: language.name)}


@cache
def _by_suffix() -> Mapping[str, Language]:
    return {suffix: language for language in all_languages().values() for suffix in language.suffixes}


@cache
def _by_interpreter() -> Mapping[str, Language]:
    return {program: language for language in all_languages().values() for program in language.interpreters}


def language_of(path: str) -> Language | None:
    """The language of a file, by its suffix (a name like `.bashrc` is one); None if no language claims it."""
    name = path.rpartition("/")[2]
    dot = name.rfind(".")
    return _by_suffix().get(name[dot:].lower()) if dot >= 0 else None


def may_be_script(path: str) -> bool:
    """Whether only the first line can tell the language of a file that `language_of` does not know."""
    name = path.rpartition("/")[2]
    return name[name.rfind(".") :] in SCRIPTS if "." in name else bool(name)


def language_of_script(content: bytes) -> Language | None:
    """The language of a script, by the program that its first line names; None if no language claims it."""
    return _by_interpreter().get(interpreter(content)) if content.startswith(b"#!") else None


def language_of_content(path: str, content: bytes) -> Language | None:
    """The language of a file whose first bytes are known. A shell's suffix is also given to what is called by it."""
    named = language_of(path)
    if named is None:
        return language_of_script(content) if may_be_script(path) else None
    if named.name != "bash":
        return named
    program = _program(_first_lines(content)[0]) if content.startswith(b"#!") else ""
    other = program in FOREIGN or MARKUP.match(content)
    return None if other else _by_interpreter().get(program, named)


def interpreter(content: bytes) -> str:
    """`python` of `#!/usr/bin/env -S python3 -u`; what a shell hands the script on to (as linguist); "" for none."""
    first, *rest = _first_lines(content)
    program = _program(first)
    handed = HANDED_ON.search("\n".join(rest[:5])) if program in ("sh", "bash") else None
    return _program(handed.group(1)) if handed else program


def _first_lines(content: bytes) -> list[str]:
    """Those of a script, without `#!`."""
    return content[2:MAX_FIRST_LINES].decode("utf-8", "replace").split("\n")


def _program(command: str) -> str:
    words = (word.strip("'\"").rpartition("/")[2] for word in WORD.findall(command))
    named = (word for word in words if word != "env" and not word.startswith("-") and "=" not in word)
    return RELEASE.sub("", next(named, ""))


def told_by() -> str:
    """What tells languages from each other, as a line: who keeps what it told must ask again when it is another."""
    known = all_languages().values()
    return canonical_json([(one.name, one.suffixes, one.interpreters) for one in known])


def unique_names(drafts: Iterable[Draft | Dropped]) -> Iterator[tuple[str, Draft | Dropped]]:
    """Each draft with a name no other of the file has: the second `f` becomes `f#2` (overloads, branches of an if).

    A heading may be as long as a file; what is called by more than MAX_NAME is called by its beginning and a hash.
    """
    seen: dict[str, int] = {}
    for draft in drafts:
        if isinstance(draft, Dropped):
            yield short(draft.path), draft
            continue
        name = short(draft.name)
        seen[name] = seen.get(name, 0) + 1
        yield name if seen[name] == 1 else f"{name}#{seen[name]}", draft


def short(name: str) -> str:
    """The name, or its beginning and a hash of it."""
    return name if len(name) <= MAX_NAME else f"{name[:MAX_NAME]}-{sha256_text(name)[:12]}"
