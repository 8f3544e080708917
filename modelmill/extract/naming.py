"""What a source calls its files, without secrets and personal data: a path is stored, logged and shown like a text.

`backup/marta@acme-shapes.com/notes.md` becomes `backup/EMAIL_khbadfpnci/notes.md`, the same in every run. Which file
that is, is told by listing the source again: the name it has there is kept nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterable, Iterator, Set
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from modelmill.errors import UserError
from modelmill.extract.source import Entry, Snapshot, all_sources
from modelmill.normalize.placeholders import PLACEHOLDER, Names, keyed
from modelmill.normalize.privacy import clean
from modelmill.records import Corpus, sha256_text

if TYPE_CHECKING:
    from modelmill.settings import Settings

MAX_PATH, MAX_SHOWN = 1000, 100  # characters; PATH_MAX is 4096 bytes, an index row of the database 2,000
SUFFIX = re.compile(r"(\.[A-Za-z][A-Za-z0-9]{0,9})?/?$")  # no part of what a name says: `marta@acme-shapes.com.md`
HOME = re.compile(r"(?:home|Users)/[^/]+/")  # of a root that was packed as a whole


def shown(path: str, names: Names) -> str:
    """The path as it may be stored. Cleaning it twice changes nothing more."""
    end = SUFFIX.search(path)
    stem = path[: end.start()] if end else path
    lead = "/" if HOME.match(stem) else ""
    cleaned = clean(lead + stem, names, placeholder="{}").text.removeprefix(lead) + path[len(stem) :]
    return clean(cleaned, names, placeholder="{}").text


class ShownSnapshot:
    """A snapshot whose paths may be stored. Of two files that would be called the same the first is given.

    stored: paths that were made so before. A source's file of that name is called so again.
    """

    def __init__(self, inner: Snapshot, names: Names, stored: Callable[[], Set[str]] = frozenset) -> None:
        self.revision, self._inner, self._names, self._stored = inner.revision, inner, names, stored
        self._own: dict[str, str] | None = None  # what the source itself calls those that have another name here

    def files(self) -> Iterator[Entry]:
        self._own = {}
        stored = self._stored()
        for entry in self._inner.files():
            if len(entry.path) > MAX_PATH:
                yield Entry(
                    f"{shown(ascii(entry.path[:MAX_SHOWN]), self._names)}-{sha256_text(entry.path)[:12]}",
                    entry.size,
                    "bad name",
                )
                continue
            path = entry.path if entry.path in stored else shown(entry.path, self._names)
            if path != entry.path:
                self._own.setdefault(path, entry.path)
            detail = clean(entry.detail, self._names).text if entry.detail else ""
            yield replace(entry, path=path, detail=detail)

    def read(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        wanted = list(paths)
        if self._own is None and any(PLACEHOLDER.search(path) for path in wanted):
            list(self.files())
        own = self._own or {}
        here = {own[path]: path for path in wanted if path in own}
        for path, content in self._inner.read([own.get(path, path) for path in wanted]):
            yield here.get(path, path), content


def _gone(path: str) -> bool:
    """Nothing is there; what is there and may not be read is for the source to say."""
    try:
        Path(path).stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


@contextmanager
def open_corpus(
    settings: Settings, corpus: Corpus, revision: str | None = None, stored: Callable[[], Set[str]] = frozenset
) -> Generator[Snapshot]:
    """The corpus's source, opened, with names that may be stored. revision, errors: as `Source.open`.

    stored: see `ShownSnapshot`; to look through thousands of paths again costs more than a few changed files.
    """
    if corpus.uri.startswith("/") and _gone(corpus.uri) and _gone(corpus.uri.partition("#")[0]):  # behind it: a branch
        raise UserError(
            f"the corpus {corpus.name!r} is not where it was, at {corpus.uri}",
            allowed="what it was added as",
            found="nothing at that path",
            next=f"mill corpus move {corpus.name} NEW-PLACE, or mill corpus remove {corpus.name}",
        )
    home = settings.home_dir / "sources"
    with all_sources()[corpus.kind].open(corpus.uri, home, revision) as snapshot:
        yield ShownSnapshot(snapshot, keyed(settings), stored)
