"""extract: from a corpus to its documents. Their bytes are hashed and judged, never stored."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine

from modelmill.errors import UserError
from modelmill.extract import selection
from modelmill.extract.naming import open_corpus
from modelmill.extract.source import MAX_FILE_BYTES, Snapshot
from modelmill.licences import recognition
from modelmill.normalize.language import language_of
from modelmill.progress import Progress, follow, silent
from modelmill.records import Corpus, Document, Dropped, canonical_json, sha256_text
from modelmill.settings import Settings
from modelmill.store import corpora, documents, publications

# Raise when other files would be chosen from the same source; everything is then looked at again.
EXTRACT_VERSION = 4


@dataclass(frozen=True, slots=True)
class Extracted:
    """What the corpus consists of now. changed: new or different documents; removed: those gone since last time."""

    corpus: str
    revision: str
    documents: int
    changed: int
    removed: int
    dropped: Mapping[str, int]
    sha256: str
    fresh: bool


@dataclass(frozen=True, slots=True)
class Survey:
    """A source as read just now."""

    revision: str
    documents: tuple[Document, ...]
    dropped: tuple[Dropped, ...]

    @property
    def sha256(self) -> str:
        """Identity of the content, whatever the revision is called."""
        return _content_sha256(self.documents)


def extract(settings: Settings, db: Engine, corpus: Corpus, progress: Progress = silent) -> Extracted:
    """Read the source and record its documents, unless it is as it was. Raises UserError when there is none."""
    lease = publications.take(db, "documents", corpus.name)
    last = publications.current(db, "documents", corpus.name)
    with open_corpus(settings, corpus) as snapshot:
        pinned = snapshot.revision
        if last and pinned and last.input_hash == _input_hash(pinned, corpus):
            return _recorded(last)
        survey = _survey(snapshot, progress)
    input_hash = _input_hash(survey.revision, corpus)
    if last and last.input_hash == input_hash:
        return _recorded(last)
    if not survey.documents:
        raise nothing_found(corpus, Counter(one.reason for one in survey.dropped))
    known = documents.all_documents(db, corpus.id)
    result = _compare(corpus, survey, known)
    with db.begin() as conn:
        publications.check(conn, lease)
        _store(conn, corpus, survey)
        detail: dict[str, Any] = {
            "revision": result.revision,
            "documents": result.documents,
            "changed": result.changed,
            "removed": result.removed,
            "dropped": dict(result.dropped),
        }
        publications.publish(
            conn, lease, input_hash=input_hash, sha256=result.sha256, rows=result.documents, detail=detail
        )
    return result


def current_revision(settings: Settings, corpus: Corpus) -> str:
    """The revision the source has now; differs from `corpus.revision` when there is something to extract."""
    with open_corpus(settings, corpus) as snapshot:
        return snapshot.revision or _survey(snapshot, silent).revision


def is_current(settings: Settings, db: Engine, corpus: Corpus, revision: str | None = None) -> bool:
    """Whether `extract` would find nothing new. revision: the source's present one, where the caller knows it."""
    last = publications.current(db, "documents", corpus.name)
    now = revision or current_revision(settings, corpus)
    return last is not None and last.input_hash == _input_hash(now, corpus)


def nothing_found(corpus: Corpus, reasons: Mapping[str, int]) -> UserError:
    """The error for a corpus in which nothing can be used."""
    from modelmill.normalize.language import all_languages

    suffixes = ", ".join(suffix for language in all_languages().values() for suffix in language.suffixes)
    why = ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items())) or "no file at all"
    return UserError(
        f"nothing in the corpus {corpus.name!r} can be used ({corpus.uri})",
        allowed=f"at least one file with code or text of its own in it: {suffixes}",
        found=why,
        next=f"check the folder, or `mill corpus remove {corpus.name}`",
    )


def _input_hash(revision: str, corpus: Corpus) -> str:
    return sha256_text(canonical_json(["extract", EXTRACT_VERSION, corpus.id, corpus.uri, revision]))


def _survey(snapshot: Snapshot, progress: Progress) -> Survey:
    """Choose by name, then read what is left and choose by content."""
    chosen: list[str] = []
    left_out: list[Dropped] = []
    declaring: list[str] = []
    for entry in snapshot.files():
        reason = selection.by_name(entry)
        if not entry.refused and entry.size <= MAX_FILE_BYTES and recognition.declares(entry.path):
            declaring.append(entry.path)
        chosen.append(entry.path) if reason is None else left_out.append(reason)
    read = snapshot.read(declaring)
    folders = recognition.Folders({path: recognition.of_declaration(path, content) for path, content in read})
    found: list[Document] = []
    for path, content in follow(snapshot.read(chosen), "extract", progress, total=len(chosen)):
        reason = selection.by_content(path, content)
        found.append(_document(path, content, folders)) if reason is None else left_out.append(reason)
    found.sort(key=lambda one: one.path)
    revision = snapshot.revision or f"content-{_content_sha256(found)[:16]}"
    return Survey(revision, tuple(found), tuple(left_out))


def _document(path: str, content: bytes, folders: recognition.Folders) -> Document:
    language = language_of(path)
    assert language is not None, path  # chosen by name, so there is one
    sha256 = hashlib.sha256(content).hexdigest()
    licence = recognition.of_head(content) or folders.licence_of(path)
    return Document(path, sha256, "", language.name, len(content), licence)


def _content_sha256(found: tuple[Document, ...] | list[Document]) -> str:
    return sha256_text(canonical_json([[one.path, one.sha256, one.language, one.licence] for one in found]))


def _compare(corpus: Corpus, survey: Survey, known: Mapping[str, documents.Stored]) -> Extracted:
    now = {one.path: one.sha256 for one in survey.documents}
    changed = sum(1 for path, sha in now.items() if path not in known or known[path].record.sha256 != sha)
    dropped = dict(sorted(Counter(one.reason for one in survey.dropped).items()))
    removed = len(known.keys() - now.keys())
    return Extracted(corpus.name, survey.revision, len(now), changed, removed, dropped, survey.sha256, True)


def _store(conn: Connection, corpus: Corpus, survey: Survey) -> None:
    documents.replace(conn, corpus.id, survey.documents, survey.revision)
    documents.replace_dropped(conn, corpus.id, "extract", survey.dropped)
    corpora.set_revision(conn, corpus.id, survey.revision)


def _recorded(last: publications.Publication) -> Extracted:
    """As it was recorded; nothing changed or went since."""
    detail = last.detail
    return Extracted(
        last.partition, detail["revision"], detail["documents"], 0, 0, detail["dropped"], last.sha256, False
    )
