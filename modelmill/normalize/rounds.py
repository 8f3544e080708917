"""A corpus's documents, read and parsed: each alone, then those again that want other files, together with these.

In each round one pass over the source for the files that are wanted and one for the documents: an archive can only be
read from its beginning. The files are held in memory meanwhile: those that some data takes something from, no others.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from modelmill.extract.source import Snapshot
from modelmill.normalize import manifests, workers
from modelmill.normalize.linking import MAX_ROUNDS, File, Given, with_more
from modelmill.normalize.parsing import Parsed
from modelmill.normalize.places import There
from modelmill.settings import Settings
from modelmill.store.documents import Stored


@dataclass(slots=True)
class Rounds:
    """What happens to the documents of a corpus. there: all of them by path. read: those that were found as they were
    extracted; changed: whether a file that one of them wanted was not. ending: those that ended the process that read
    them. places: what places stand for among them.
    """

    settings: Settings
    corpus: str
    snapshot: Snapshot
    there: Mapping[str, Stored]
    ending: Collection[str] = ()
    read: set[str] = field(default_factory=set[str])
    changed: bool = False
    places: There = field(init=False)
    _files: dict[str, File] = field(default_factory=dict[str, File])
    _given: dict[str, dict[str, File]] = field(default_factory=dict[str, dict[str, File]])

    def __post_init__(self) -> None:
        self.places = There({path: one.record.sha256 for path, one in self.there.items()}, self._packages)

    def parsed(self, todo: Mapping[str, Stored]) -> Iterator[tuple[Stored, Parsed]]:
        """What each document gave, once."""
        waiting = todo
        for number in range(MAX_ROUNDS + 1):
            wants: dict[str, tuple[str, ...]] = {}
            found = self._unchanged(waiting, more=number < MAX_ROUNDS)
            size = sum(one.record.size for one in waiting.values())
            apart = any(path in waiting for path in self.ending)
            for stored, one in workers.parse(self.settings, self.corpus, found, size, apart):
                if one.wants:
                    wants[stored.record.path] = one.wants
                else:
                    yield stored, one
            if not wants:
                return
            self._give(wants)
            self.read -= wants.keys()
            waiting = {path: one for path, one in waiting.items() if path in wants}

    def _unchanged(self, wanted: Mapping[str, Stored], more: bool) -> Iterator[tuple[Stored, bytes, Given]]:
        """Documents with their bytes, where these are still the ones that were extracted, and what they are given."""
        for path, content in self._as_extracted(wanted):
            self.read.add(path)
            yield wanted[path], content, Given(self._given.get(path, {}), more)

    def _as_extracted(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        for path, content in self.snapshot.read(paths):
            if hashlib.sha256(content).hexdigest() == self.there[path].record.sha256:
                yield path, content

    def _packages(self) -> dict[str, str]:
        paths = [path for path in self.there if manifests.is_manifest(path)]
        found = dict(self._as_extracted(paths))
        self.changed = self.changed or len(found) < len(paths)
        return manifests.by_name(found)

    def _give(self, wants: Mapping[str, tuple[str, ...]]) -> None:
        """Read what is wanted, and give each document its own."""
        paths = {place: self.places.at(place) for places in wants.values() for place in places}
        new = sorted({path for path in paths.values() if path} - self._files.keys())
        for path, content in self._as_extracted(new):
            self._files[path] = File(path, self.there[path].record.sha256, content)
        self.changed = self.changed or any(path not in self._files for path in new)
        for document, places in wants.items():
            found = {place: self._files.get(paths[place], File(paths[place])) for place in places}
            self._given[document] = with_more(self._given.get(document, {}), found)
