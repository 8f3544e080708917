"""extract: from a corpus to its documents. Their bytes are hashed and judged, never stored."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine

from modelmill.errors import UserError
from modelmill.extract import generated, selection
from modelmill.extract.naming import open_corpus
from modelmill.extract.source import MAX_FILE_BYTES, Entry, Snapshot
from modelmill.licences import recognition, reuse
from modelmill.normalize import language, privacy
from modelmill.progress import Progress, follow, silent
from modelmill.records import Corpus, Document, Dropped, canonical_json, sha256_text
from modelmill.settings import Settings
from modelmill.store import corpora, documents, publications, seen, verdicts
from modelmill.store.seen import Seen

# Raise when other files would be chosen from the same source; everything is then looked at again.
EXTRACT_VERSION = 14

# The rules by which files are chosen and called: when one changes, so may the name of a file that did not.
NAMED_BY = f"{EXTRACT_VERSION}.{privacy.PRIVACY_VERSION}"

# What judges a file by its bytes: of what other code judged, nothing is taken over.
JUDGES = (
    Path(__file__),
    *(Path(str(module.__file__)) for module in (selection, generated, recognition, privacy, language)),
)


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
    seen: Mapping[str, Seen]

    @property
    def sha256(self) -> str:
        """Identity of the content, whatever the revision is called."""
        return _content_sha256(self.documents)


def extract(
    settings: Settings, db: Engine, corpus: Corpus, progress: Progress = silent, everything: bool = False
) -> Extracted:
    """Read the source and record its documents, unless it is as it was. Raises UserError when there is none.

    everything: read also the files that are as they were by their state (see `Entry`).
    """
    lease = publications.take(db, "documents", corpus.key)
    last = publications.current(db, "documents", corpus.key)
    with open_corpus(settings, corpus, stored=partial(_stored_names, db, corpus, last)) as snapshot:
        pinned = snapshot.revision
        if last and pinned and last.input_hash == _input_hash(pinned, corpus):
            return _recorded(corpus, last)
        survey = _surveyed(db, corpus, snapshot, progress, everything)
    input_hash = _input_hash(survey.revision, corpus)
    if last and last.input_hash == input_hash:
        return _recorded(corpus, last)
    if not survey.documents:
        raise nothing_found(corpus, Counter(one.reason for one in survey.dropped))
    known = documents.all_documents(db, corpus.id)
    result = _compare(corpus, survey, known)
    with db.begin() as conn:
        publications.check(conn, lease)
        corpora.keep(conn, corpus)
        _store(conn, corpus, survey)
        detail: dict[str, Any] = {
            "revision": result.revision,
            "documents": result.documents,
            "changed": result.changed,
            "removed": result.removed,
            "dropped": dict(result.dropped),
            "names": NAMED_BY,
        }
        publications.publish(
            conn, lease, input_hash=input_hash, sha256=result.sha256, rows=result.documents, detail=detail
        )
    return result


def current_revision(settings: Settings, db: Engine, corpus: Corpus) -> str:
    """The revision the source has now; differs from `corpus.revision` when there is something to extract."""
    last = publications.current(db, "documents", corpus.key)
    with open_corpus(settings, corpus, stored=partial(_stored_names, db, corpus, last)) as snapshot:
        return snapshot.revision or _surveyed(db, corpus, snapshot, silent).revision


def is_current(settings: Settings, db: Engine, corpus: Corpus, revision: str | None = None) -> bool:
    """Whether `extract` would find nothing new. revision: the source's present one, where the caller knows it."""
    last = publications.current(db, "documents", corpus.key)
    now = revision or current_revision(settings, db, corpus)
    return last is not None and last.input_hash == _input_hash(now, corpus)


def nothing_found(corpus: Corpus, reasons: Mapping[str, int]) -> UserError:
    """The error for a corpus in which nothing can be used."""
    suffixes = ", ".join(suffix for one in language.all_languages().values() for suffix in one.suffixes)
    why = ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items())) or "no file at all"
    wish = "write `!dist/` (or which folder it is) into a .millignore there" if _made(reasons) else "check the folder"
    return UserError(
        f"nothing in the corpus {corpus.name!r} can be used ({corpus.uri})",
        allowed=f"at least one file with code or text of its own in it: {suffixes}, or a script that begins with `#!`",
        found=why,
        next=f"{wish}, or `mill corpus remove {corpus.name}`",
    )


def _made(reasons: Mapping[str, int]) -> bool:
    return "generated" in reasons or "vendored" in reasons


def _input_hash(revision: str, corpus: Corpus) -> str:
    return sha256_text(canonical_json(["extract", NAMED_BY, corpus.id, corpus.uri, revision]))


def _stored_names(db: Engine, corpus: Corpus, last: publications.Publication | None) -> frozenset[str]:
    """What the corpus's files are called since `last`; nothing where other rules gave the names."""
    return documents.paths(db, corpus.id) if last and last.detail.get("names") == NAMED_BY else frozenset()


def _surveyed(db: Engine, corpus: Corpus, snapshot: Snapshot, progress: Progress, everything: bool = False) -> Survey:
    """The source as it is now; what was read for it is remembered, unless its revision says what it holds."""
    if snapshot.revision is not None:
        return _survey(snapshot, progress, {})
    rules = verdicts.rules(JUDGES, language.told_by())
    known = {} if everything else seen.all_seen(db, corpus.id, rules)
    survey = _survey(snapshot, progress, known)
    with db.begin() as conn:
        seen.keep(conn, corpus.id, rules, survey.seen, known)
    return survey


def _survey(snapshot: Snapshot, progress: Progress, known: Mapping[str, Seen]) -> Survey:
    """Choose by name, then read what is left, unless it is known by its state, and choose by content."""
    chosen: dict[str, Entry] = {}
    left_out: list[Dropped] = []
    declaring: list[str] = []
    sides: list[str] = []
    there: set[str] = set()
    for entry in snapshot.files():
        there.add(entry.path)
        reason = selection.by_name(entry)
        if not entry.refused and entry.size <= MAX_FILE_BYTES:
            if recognition.declares(entry.path):
                declaring.append(entry.path)
            elif entry.path.endswith(reuse.SIDE) or reuse.is_config(entry.path):
                sides.append(entry.path)
        if reason is None:
            chosen[entry.path] = entry
        else:
            left_out.append(reason)
    made = [one for path in chosen if (one := selection.by_source(chosen[path], chosen, there))]
    for one in made:
        del chosen[one.path]
    left_out += made
    read = snapshot.read(declaring)
    folders = recognition.Folders({path: recognition.of_declaration(path, content) for path, content in read})
    beside = [path for path in sides if reuse.is_config(path) or path.removesuffix(reuse.SIDE) in chosen]
    said = reuse.Reuse(snapshot.read(beside))
    told = {path: one for path, one in known.items() if path in chosen and one.state == _state(chosen[path])}
    new = [path for path in chosen if path not in told]
    for path, content in follow(snapshot.read(new), "extract", progress, total=len(new)):
        told[path] = _seen(chosen[path], content)
    taken = (_document(path, one, folders, said) for path, one in told.items() if not one.reason)
    found = sorted(taken, key=_path)
    left_out += [Dropped(path, one.reason, one.detail) for path, one in told.items() if one.reason]
    revision = snapshot.revision or f"content-{_content_sha256(found)[:16]}"
    at_rest = {path: one for path, one in told.items() if one.state}
    return Survey(revision, tuple(found), tuple(left_out), at_rest)


def _state(entry: Entry) -> str:
    """What must be the same for what was found in the file to hold: its bytes, and whether it is asked for."""
    return f"{entry.state}+" if entry.state and entry.wanted else entry.state


def _seen(entry: Entry, content: bytes) -> Seen:
    """What a file is by its bytes. entry: as it was before they were read, so that it never speaks for older ones."""
    state, sha256, size = _state(entry), hashlib.sha256(content).hexdigest(), len(content)
    dropped = selection.by_content(entry.path, content, entry.wanted)
    if dropped is not None:
        return Seen(state, sha256, size, None, None, dropped.reason, dropped.detail)
    written = language.language_of_content(entry.path, content)
    assert written is not None, entry.path  # or it would be left out
    return Seen(state, sha256, size, recognition.of_head(content), written.name)


def _document(path: str, one: Seen, folders: recognition.Folders, said: reuse.Reuse) -> Document:
    assert one.language is not None, path  # it is no document without one
    licence = said.licence_of(path, one.licence) or folders.licence_of(path)
    return Document(path, one.sha256, "", one.language, one.size, licence)


def _path(one: Document) -> str:
    return one.path


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


def _recorded(corpus: Corpus, last: publications.Publication) -> Extracted:
    """As it was recorded; nothing changed or went since."""
    detail = last.detail
    return Extracted(corpus.name, detail["revision"], detail["documents"], 0, 0, detail["dropped"], last.sha256, False)
