"""normalize: from documents to units: read again, cleaned, parsed, clustered with what is alike.

Only documents that changed are parsed; bytes that are no longer those of the document are left out with that reason.
What is parsed is put aside piece by piece and becomes the corpus's units in one transaction at the end: a run that is
killed goes on where it stopped, and nobody sees half of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, text

from modelmill.errors import UserError
from modelmill.extract.naming import open_corpus
from modelmill.extract.stage import nothing_found
from modelmill.normalize import clustering, parsing, tested
from modelmill.normalize.language import all_languages
from modelmill.normalize.linking import is_made_of
from modelmill.normalize.parsing import Parsed
from modelmill.normalize.privacy import PRIVACY_VERSION
from modelmill.normalize.rounds import Rounds
from modelmill.normalize.workers import ENDED
from modelmill.progress import Progress, follow, silent
from modelmill.records import Corpus, Dropped, canonical_json, sha256_text
from modelmill.settings import Settings
from modelmill.store import corpora, documents, parsed, publications, units, vectors
from modelmill.store.documents import Stored
from modelmill.store.publications import Lease

CHANGED = "changed since extract"

# What a killed run loses at most, in bytes of source: about three seconds of one core.
PIECE = 2_000_000


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


def normalize(settings: Settings, db: Engine, corpus: Corpus, progress: Progress = silent) -> Normalized:
    """Bring the corpus's units up to date with its documents. Raises UserError: not extracted yet, or no unit in it."""
    lease = publications.take(db, "units", corpus.key)
    source = _extracted(db, corpus)
    input_hash = _input_hash(corpus, source)
    last = publications.current(db, "units", corpus.key)
    if last and last.input_hash == input_hash:
        return _recorded(corpus, last)
    incomplete = _parse(settings, db, corpus, lease, source.detail["revision"], progress)
    with db.begin() as conn:
        clustering.lock(conn)
        publications.check(conn, lease)
        corpora.keep(conn, corpus)
        parsed.move_in(conn, corpus.id)
        tested.bring_up_to_date(conn, corpus.id)
        clustering.bring_up_to_date(conn)
        vectors.forget_gone(conn)
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
    source = publications.current(db, "documents", corpus.key)
    last = publications.current(db, "units", corpus.key)
    return source is not None and last is not None and last.input_hash == _input_hash(corpus, source)


def _extracted(db: Engine, corpus: Corpus) -> publications.Publication:
    found = publications.current(db, "documents", corpus.key)
    if found is None:
        raise UserError(
            f"the corpus {corpus.name!r} cannot be normalised yet",
            allowed="a corpus that was extracted",
            found="no documents recorded",
            next=f"mill extract --corpus {corpus.name}",
        )
    return found


def _input_hash(corpus: Corpus, source: publications.Publication) -> str:
    """Of one corpus: one that was removed and added again is another, though it has the same key and content."""
    versions = {language.name: language.version for language in all_languages().values()}
    said = [parsing.NORMALIZE_VERSION, PRIVACY_VERSION, versions, source.sha256, corpus.id]
    return sha256_text(canonical_json(said))


def _parse(settings: Settings, db: Engine, corpus: Corpus, lease: Lease, revision: str, progress: Progress) -> bool:
    """Parse what has to be and put it aside; True when something was no longer as it was extracted."""
    there = documents.all_documents(db, corpus.id)
    stamps = {one.id: parsing.stamp(one.record) for one in there.values()}
    ending = {one.path for one in documents.all_dropped(db, corpus.id, "normalize", ENDED)}
    with open_corpus(settings, corpus, revision) as snapshot:
        rounds = Rounds(settings, corpus.name, snapshot, there, ending)

        def is_current(document_id: int, made: str | None) -> bool:
            return is_made_of(made, stamps[document_id], rounds.places)

        with db.begin() as conn:
            publications.check(conn, lease)
            done = parsed.keep(conn, corpus.id, is_current)
        left = {path: one for path, one in there.items() if one.id not in done}
        todo = {path: one for path, one in left.items() if not is_current(one.id, one.parsed_as)}
        for piece in _pieces(follow(rounds.parsed(todo), "normalize", progress, total=len(todo)), todo):
            _put_aside(db, corpus, lease, piece)
    missing = [todo[path] for path in todo.keys() - rounds.read]
    left_out = {one.id: Parsed(None, dropped=[Dropped(one.record.path, CHANGED, "extract again")]) for one in missing}
    _put_aside(db, corpus, lease, left_out)
    return bool(missing) or rounds.changed


def _pieces(found: Iterable[tuple[Stored, Parsed]], todo: Mapping[str, Stored]) -> Iterator[dict[int, Parsed]]:
    piece: dict[int, Parsed] = {}
    size = 0
    for stored, one in found:
        piece[stored.id] = one
        size += stored.record.size
        if size >= PIECE:
            yield piece
            piece, size = {}, 0
    yield piece


def _put_aside(db: Engine, corpus: Corpus, lease: Lease, piece: Mapping[int, Parsed]) -> None:
    if piece:
        with db.begin() as conn:
            publications.check(conn, lease)
            corpora.keep(conn, corpus)
            parsed.put_aside(conn, corpus.id, piece)


SHA256_OF_UNITS = """
SELECT encode(sha256(convert_to(coalesce(string_agg(
    concat_ws(E'\\x1f', path, name, kind, "group", sha256, md5(meta::text)), E'\\n'
    ORDER BY path COLLATE "C", name COLLATE "C"
), ''), 'UTF8')), 'hex') AS sha256, count(*) AS units, count(DISTINCT cluster) AS clusters
FROM mill.unit WHERE corpus_id = :corpus
"""


def _summary(conn: Connection, corpus: Corpus) -> Normalized:
    row = conn.execute(text(SHA256_OF_UNITS), {"corpus": corpus.id}).one()
    return Normalized(
        corpus=corpus.name,
        units=row.units,
        by_kind=units.counts(conn, corpus.id, "kind"),
        by_language=units.counts(conn, corpus.id, "language"),
        secrets=documents.secrets_by_kind(conn, corpus.id),
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


def _recorded(corpus: Corpus, last: publications.Publication) -> Normalized:
    return Normalized(corpus.name, last.rows, sha256=last.sha256, fresh=False, **last.detail)
