"""normalize: from documents to units: read again, cleaned, parsed, clustered with what is alike.

Only documents that changed are parsed; bytes that are no longer those of the document are left out with that reason.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any

from sqlalchemy import Connection, Engine, text

from modelmill.errors import UserError
from modelmill.extract.source import open_corpus
from modelmill.extract.stage import nothing_found
from modelmill.normalize import clustering
from modelmill.normalize.annotate import annotate
from modelmill.normalize.language import Draft, Language, all_languages, unique_names
from modelmill.normalize.placeholders import Names, keyed
from modelmill.normalize.privacy import PRIVACY_VERSION, Cleaned, clean, clean_value
from modelmill.progress import Progress, follow, silent
from modelmill.records import Corpus, Document, Dropped, Unit, canonical_json, sha256_text
from modelmill.settings import Settings
from modelmill.store import documents, publications, units

# Raise when the same documents would give other units for a reason that no language or privacy version tells.
NORMALIZE_VERSION = 2

CHANGED = "changed since extract"

# Direction overrides and characters without width: what is seen is not what is there (https://trojansource.codes).
HIDDEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


@dataclass(frozen=True, slots=True)
class Normalized:
    """The corpus's units now. secrets: values taken out, by kind. clusters: distinct ones among its units."""

    corpus: str
    units: int
    by_kind: Mapping[str, int]
    by_language: Mapping[str, int]
    secrets: Mapping[str, int]
    clusters: int
    dropped: Mapping[str, int]
    sha256: str
    fresh: bool


@dataclass(slots=True)
class Parsed:
    """What the documents that had to be parsed gave, by document id."""

    units: dict[int, list[Unit]] = field(default_factory=dict[int, list[Unit]])
    dropped: list[Dropped] = field(default_factory=list[Dropped])
    secrets: list[Dropped] = field(default_factory=list[Dropped])
    parsed_as: dict[int, str] = field(default_factory=dict[int, str])
    paths: list[str] = field(default_factory=list[str])


def normalize(settings: Settings, db: Engine, corpus: Corpus, progress: Progress = silent) -> Normalized:
    """Bring the corpus's units up to date with its documents. Raises UserError: not extracted yet, or no unit in it."""
    lease = publications.take(db, "units", corpus.name)
    source = _extracted(db, corpus)
    input_hash = _input_hash(source)
    last = publications.current(db, "units", corpus.name)
    if last and last.input_hash == input_hash:
        return _recorded(last)
    parsed = _parse(settings, db, corpus, source.detail["revision"], progress)
    incomplete = any(one.reason == CHANGED for one in parsed.dropped)
    with db.begin() as conn:
        # Clusters reach over all corpora: one writer at a time, and all take this lock first.
        conn.execute(text("SELECT pg_advisory_xact_lock(hashtext('mill units'))"))
        publications.check(conn, lease)
        _store(conn, corpus, parsed)
        clustering.bring_up_to_date(conn)
        result = _summary(conn, corpus)
        if not result.units:
            raise nothing_found(corpus, result.dropped)
        publications.publish(
            conn,
            lease,
            input_hash=input_hash + ("-incomplete" if incomplete else ""),
            sha256=result.sha256,
            rows=result.units,
            detail=_detail(result),
        )
    return result


def is_current(db: Engine, corpus: Corpus) -> bool:
    """Whether `normalize` would find nothing new."""
    source = publications.current(db, "documents", corpus.name)
    last = publications.current(db, "units", corpus.name)
    return source is not None and last is not None and last.input_hash == _input_hash(source)


def _extracted(db: Engine, corpus: Corpus) -> publications.Publication:
    found = publications.current(db, "documents", corpus.name)
    if found is None:
        raise UserError(
            f"the corpus {corpus.name!r} cannot be normalised yet",
            allowed="a corpus that was extracted",
            found="no documents recorded",
            next=f"mill extract --corpus {corpus.name}",
        )
    return found


def _input_hash(source: publications.Publication) -> str:
    versions = {language.name: language.version for language in all_languages().values()}
    return sha256_text(canonical_json([NORMALIZE_VERSION, PRIVACY_VERSION, versions, source.sha256]))


def _stamp(document: Document, language: Language) -> str:
    """What a document's units are made from: its bytes and everything that reads them."""
    return f"{document.sha256}/{language.name}.{language.version}.{PRIVACY_VERSION}.{NORMALIZE_VERSION}"


def _parse(settings: Settings, db: Engine, corpus: Corpus, revision: str, progress: Progress) -> Parsed:
    todo = {
        path: stored
        for path, stored in documents.all_documents(db, corpus.id).items()
        if stored.parsed_as != _stamp(stored.record, all_languages()[stored.record.language])
    }
    parsed = Parsed(paths=list(todo), units={stored.id: [] for stored in todo.values()})
    read: set[str] = set()
    names = keyed(settings)
    with open_corpus(settings, corpus, revision) as snapshot:
        for path, content in follow(snapshot.read(todo), "normalize", progress, total=len(todo)):
            if hashlib.sha256(content).hexdigest() == todo[path].record.sha256:
                read.add(path)
                _parse_document(corpus, todo[path], content, names, parsed)
    parsed.dropped += [Dropped(path, CHANGED, "extract again") for path in todo.keys() - read]
    return parsed


def _parse_document(corpus: Corpus, stored: documents.Stored, content: bytes, names: Names, parsed: Parsed) -> None:
    language = all_languages()[stored.record.language]
    parsed.parsed_as[stored.id] = _stamp(stored.record, language)
    cleaned = _clean_source(language, content.decode("utf-8-sig"), names)
    if cleaned is None:
        parsed.dropped.append(Dropped(stored.record.path, "does not parse", "without its personal data"))
        return
    secrets = Counter(cleaned.counts)
    try:
        for one, found in _units(corpus, stored.record, language, cleaned.text, names):
            secrets.update(found)
            parsed.units[stored.id].append(one) if isinstance(one, Unit) else parsed.dropped.append(one)
    except (RecursionError, ValueError) as error:
        parsed.units[stored.id] = []
        parsed.dropped.append(Dropped(stored.record.path, "does not parse", f"{type(error).__name__}: {error}"[:200]))
    parsed.secrets += [Dropped(f"{stored.record.path}::{kind}", kind, str(n)) for kind, n in secrets.items()]


# How a value's name is written, in the order in which these are tried: as prose; where `<...>` would not parse, as an
# identifier or, for JSON and its kin, as a string.
FORMS = ("<{}>", "{}", '"{}"')


def _clean_source(language: Language, source: str, names: Names) -> Cleaned | None:
    """The file without secrets, in the first form that parses if the file did; None if none does."""
    cleaned = clean(source, names)
    if not cleaned.counts or language.parses(cleaned.text) or not language.parses(source):
        return cleaned
    others = (clean(source, names, placeholder=form) for form in FORMS[1:])
    return next((one for one in others if language.parses(one.text)), None)


def _units(
    corpus: Corpus, document: Document, language: Language, source: str, names: Names
) -> Iterator[tuple[Unit | Dropped, Mapping[str, int]]]:
    """Units with the secrets that came to light only in their rendered text."""
    folder = str(PurePosixPath(document.path).parent)
    for name, draft in unique_names(language.units(document.path, source)):
        if isinstance(draft, Dropped):
            yield replace(draft, path=f"{document.path}::{name}"), {}
            continue
        found: Mapping[str, int] = {}
        if language.rendered:
            draft, found = _clean_rendered(draft, names)
        unit = Unit(
            corpus=corpus.name,
            path=document.path,
            name=name,
            kind=draft.kind,
            language=language.name,
            text=draft.text,
            group=draft.group or (folder if folder != "." else corpus.name),
            signature=draft.signature,
            docstring=draft.docstring,
            start_line=draft.start_line,
            end_line=draft.end_line,
            meta={
                **draft.meta,
                **annotate(document.path, language.name, draft),
                **({"hidden_characters": True} if HIDDEN.search(draft.text) else {}),
            },
            document_sha256=document.sha256,
            revision=document.revision,
        )
        yield unit, found


def _clean_rendered(draft: Draft, names: Names) -> tuple[Draft, Mapping[str, int]]:
    cleaned = clean(draft.text, names)
    meta, _ = clean_value(draft.meta, names)
    words = {field: clean(getattr(draft, field), names).text for field in ("signature", "docstring", "name")}
    return replace(draft, text=cleaned.text, meta=meta, **words), cleaned.counts


def _store(conn: Connection, corpus: Corpus, parsed: Parsed) -> None:
    units.replace(conn, corpus.id, list(parsed.units), parsed.units)
    documents.replace_dropped(conn, corpus.id, "normalize", parsed.dropped, parsed.paths)
    documents.replace_dropped(conn, corpus.id, "privacy", parsed.secrets, parsed.paths)
    documents.mark_parsed(conn, parsed.parsed_as)


SHA256_OF_UNITS = """
SELECT encode(sha256(convert_to(coalesce(string_agg(
    concat_ws(E'\\x1f', path, name, kind, "group", sha256, md5(meta::text)), E'\\n'
    ORDER BY path COLLATE "C", name COLLATE "C"
), ''), 'UTF8')), 'hex') AS sha256, count(*) AS units, count(DISTINCT cluster) AS clusters
FROM mill.unit WHERE corpus_id = :corpus
"""


def _summary(conn: Connection, corpus: Corpus) -> Normalized:
    row = conn.execute(text(SHA256_OF_UNITS), {"corpus": corpus.id}).one()
    secrets = text(
        "SELECT reason, sum(detail::int) FROM mill.dropped WHERE corpus_id = :corpus AND stage = 'privacy' "
        "GROUP BY reason ORDER BY reason"
    )
    return Normalized(
        corpus=corpus.name,
        units=row.units,
        by_kind=units.counts(conn, corpus.id, "kind"),
        by_language=units.counts(conn, corpus.id, "language"),
        secrets=dict(conn.execute(secrets, {"corpus": corpus.id}).all()),
        clusters=row.clusters,
        dropped=documents.dropped_by_reason(conn, corpus.id, "normalize"),
        sha256=row.sha256,
        fresh=True,
    )


def _detail(result: Normalized) -> dict[str, Any]:
    return {
        "by_kind": dict(result.by_kind),
        "by_language": dict(result.by_language),
        "secrets": dict(result.secrets),
        "clusters": result.clusters,
        "dropped": dict(result.dropped),
    }


def _recorded(last: publications.Publication) -> Normalized:
    return Normalized(last.partition, last.rows, sha256=last.sha256, fresh=False, **last.detail)
