"""Which folders are left out as a whole, the same for every source, and the files in them where a source lists files.

A folder is judged once, from the top: within one that is left out nothing is asked any more.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from modelmill.extract import generated
from modelmill.extract.ignoring import GITIGNORE, MILLIGNORE, Rules, Ruleset, asked, rules_of, within_wanted


@dataclass(frozen=True, slots=True)
class Verdict:
    """reason: why it is left out ("": it stays), detail: what tells. wanted: see `Entry`; with all that lies in it.

    rules: what counts in it.
    """

    reason: str = ""
    detail: str = ""
    wanted: bool = False
    rules: Rules = ()


def judged(path: str, around: Verdict, beside: Collection[str], inside: Callable[[], Iterable[str]]) -> Verdict:
    """Whether the folder stays. path: ends with `/`; beside, inside: names of what lies in the one around it, in it."""
    name = path.rstrip("/").rpartition("/")[2]
    said, reason = asked(path, around.rules), generated.folder_reason(name)
    if reason != "ignored":  # the store of git is no source, whoever asks for it
        if said == "wanted":
            return Verdict(wanted=True, rules=within_wanted(path, around.rules))
        if around.wanted and said != "ignored":
            return around
    if reason:
        return Verdict(reason)
    if said == "ignored":
        return Verdict("ignored")
    if generated.may_be_output(name) and (tells := generated.output_of(name, beside, inside())):
        return Verdict("generated", tells)
    return Verdict(rules=around.rules)


def judged_file(path: str, around: Verdict) -> Verdict:
    """The same of a file."""
    said = asked(path, around.rules)
    return Verdict("ignored") if said == "ignored" else Verdict(wanted=said == "wanted" or around.wanted)


class Folders:
    """The folders of a source that lists files only."""

    def __init__(self, paths: Collection[str], rules: Iterable[Ruleset]) -> None:
        self._names = _names_around(paths)
        self._own: dict[str, list[Ruleset]] = {}
        for one in rules:
            self._own.setdefault(one.folder, []).append(one)
        self._known = {"": self._with_own("", Verdict())}

    def of(self, path: str) -> Verdict:
        """Whether the file stays, by what is asked for it and by the folders around it."""
        around = self._known[""]
        for folder in _above(path):
            if folder not in self._known:
                self._known[folder] = self._with_own(folder, self._judged(folder, around))
            around = self._known[folder]
            if around.reason:
                return Verdict(around.reason, ", ".join(part for part in (f"in {folder}", around.detail) if part))
        return judged_file(path, around)

    def _judged(self, folder: str, around: Verdict) -> Verdict:
        outer = folder[: folder.rstrip("/").rfind("/") + 1]
        beside, inside = (self._names.get(one, frozenset[str]()) for one in (outer, folder))
        return judged(folder, around, beside, lambda: inside)

    def _with_own(self, folder: str, verdict: Verdict) -> Verdict:
        return replace(verdict, rules=(*verdict.rules, *self._own.get(folder, ())))


def rules_in(paths: Iterable[str], read: Callable[[list[str]], Iterator[tuple[str, bytes]]]) -> list[Ruleset]:
    """What the ignore files among the paths say. Of a folder's two ours comes last: it decides."""
    names = {path: path.rpartition("/")[2] for path in paths}
    found = sorted(read([path for path, name in names.items() if name in (GITIGNORE, MILLIGNORE)]))
    return [rules_of(path.removesuffix(names[path]), text, names[path] == MILLIGNORE) for path, text in found]


def _above(path: str) -> Iterator[str]:
    """The folders a file lies in, outermost first, each with its `/`."""
    at = path.find("/")
    while at >= 0:
        yield path[: at + 1]
        at = path.find("/", at + 1)


def _names_around(paths: Collection[str]) -> Mapping[str, set[str]]:
    """What lies in and beside folders that may be a build's output, by folder; of others nothing is kept."""
    names: dict[str, set[str]] = {}
    for path in paths:
        for folder in _above(path):
            if generated.may_be_output(folder.rstrip("/").rpartition("/")[2]):
                names[folder] = names[folder[: folder.rstrip("/").rfind("/") + 1]] = set()
    for path in paths if names else ():
        for folder in ("", *_above(path)):
            if folder in names:
                names[folder].add(path[len(folder) :].partition("/")[0])
    return names
