"""Unit -> vector. What is stored already is skipped, so a killed run goes on where it stopped."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Engine

from modelmill.embed.encoder import UNMADE, EncoderSource, artifact_source, encoder_source
from modelmill.embed.texts import passage
from modelmill.errors import UserError
from modelmill.progress import Progress, Step, silent
from modelmill.records import Corpus, canonical_json, sha256_text
from modelmill.settings import Settings
from modelmill.store import publications, releases, vectors
from modelmill.store.publications import Lease, Publication
from modelmill.task import Encoder, all_tasks

# Texts encoded and copied in one go: a killed run loses at most this many (some 4 s of work on 2 cores).
CHUNK = 256
# For that few texts a second thread takes as long to be made ready as it saves, and more of the processor.
FEW = 64
# Of a corpus's texts: with fewer new ones PostgreSQL's statistics stay good, and it renews them by itself (autovacuum).
BULK = 0.1


class Wanted(NamedTuple):
    """A text without a vector: its unit's sha256 and what is encoded of it."""

    sha256: str
    passage: str


@dataclass(frozen=True, slots=True)
class Embedded:
    """What `embed` left behind for one corpus: texts embedded now, and texts whose vectors were there already."""

    corpus: str
    model: str
    embedded: int
    reused: int
    seconds: float
    sha256: str
    fresh: bool


def embed(
    settings: Settings,
    db: Engine,
    corpus: Corpus,
    progress: Progress = silent,
    encoder: Encoder | None = None,
) -> Embedded:
    """Give every unit of the corpus a vector of `encoder` (default: the released search model, else the base model).

    Raises UserError when the corpus has no units yet, FencedError when a newer run took over.
    """
    _units_of(db, corpus)  # first: what has no units needs no model
    source = _given(encoder) if encoder else _made_encoder(settings, db, corpus, progress)
    wanted = input_hash(db, corpus, source.name)
    last = publications.current(db, "vectors", corpus.key)
    needed = vectors.distinct_texts(db, corpus.id)
    if last is not None and last.input_hash == wanted:
        return Embedded(corpus.name, source.name, 0, needed, 0.0, last.sha256, fresh=False)
    start = time.monotonic()
    lease = publications.take(db, "vectors", corpus.key)
    made = _embed_missing(db, source, corpus, lease, progress)
    sha256 = sha256_text(canonical_json([source.name, _units_of(db, corpus).sha256]))
    detail = {"model": source.name, "embedded": made, "reused": needed - made}
    with db.begin() as conn:
        publications.publish(conn, lease, input_hash=wanted, sha256=sha256, rows=needed, detail=detail)
    if made > needed * BULK:
        vectors.refresh_statistics(db)
    return Embedded(corpus.name, source.name, made, needed - made, time.monotonic() - start, sha256, fresh=True)


def prepare(db: Engine, encoder: Encoder, corpora: Sequence[Corpus], lease: Lease, progress: Progress = silent) -> None:
    """Vectors of the units of all `corpora` by a model that nobody asks yet, and its HNSW index where that pays.

    Nothing is published: until the model is released, the vectors of the one that answers stay those of its corpora.
    Raises FencedError when `lease` was overtaken.
    """
    source = _given(encoder)
    for corpus in corpora:
        _embed_missing(db, source, corpus, lease, progress)
    vectors.refresh_statistics(db)
    vectors.ensure_index(db, encoder.name, encoder.dim)


def input_hash(db: Engine, corpus: Corpus, model: str) -> str:
    """Changes when the corpus's units or the model do. Raises UserError when there are no units yet."""
    return sha256_text(canonical_json([_units_of(db, corpus).sha256, model]))


def _given(encoder: Encoder) -> EncoderSource:
    return EncoderSource(encoder.name, lambda few=False: encoder)


def current_encoder(settings: Settings, db: Engine, made: bool = False) -> EncoderSource:
    """The model that search answers with: the champion of the first task that indexes, else the base model.

    made: see `encoder_source`.
    """
    for task in all_tasks().values():
        champion = releases.champion(db, task.name) if task.indexes else None
        if champion is not None:
            return artifact_source(settings, champion.candidate_sha256)
    return encoder_source(settings, made=made)


def _made_encoder(settings: Settings, db: Engine, corpus: Corpus, progress: Progress) -> EncoderSource:
    """The current one, converted first where it must be; that wait is told before it."""
    if current_encoder(settings, db).name.endswith(UNMADE):
        progress(Step(f"embed {corpus.name}", 0, None, 0.0, "converting the base model, which is done once"))
    return current_encoder(settings, db, made=True)


def _units_of(db: Engine, corpus: Corpus) -> Publication:
    found = publications.current(db, "units", corpus.key)
    if found is None:
        raise UserError(
            f"corpus {corpus.name!r} has no units to embed",
            allowed="a corpus that was extracted and normalized",
            found="it was never normalized",
            next=f"mill extract --corpus {corpus.name} && mill normalize --corpus {corpus.name}",
        )
    return found


def _embed_missing(db: Engine, source: EncoderSource, corpus: Corpus, lease: Lease, progress: Progress) -> int:
    """Encode and store chunk by chunk; returns how many were new. An outdated run stops at its next chunk."""
    todo = _todo(db, source.name, corpus)
    if not todo:
        return 0
    progress(Step(f"embed {corpus.name}", 0, len(todo), 0.0, "loading the model"))
    encoder = source.load(few=len(todo) <= FEW)
    start, done, made = time.monotonic(), 0, 0
    for chunk in _chunks(todo):
        rows = encoder.encode([one.passage for one in chunk])
        with db.begin() as conn:
            publications.check(conn, lease)
            made += vectors.copy_in(conn, source.name, [one.sha256 for one in chunk], rows)
        done += len(chunk)
        progress(Step(f"embed {corpus.name}", done, len(todo), time.monotonic() - start))
    return made


def _todo(db: Engine, model: str, corpus: Corpus) -> list[Wanted]:
    """What is to be encoded, by its unit's key. Nothing else of a unit is kept: that is ten times as much."""
    with db.connect() as conn:
        return [Wanted(unit.sha256, passage(unit)) for unit in vectors.missing(conn, model, corpus.id)]


def _chunks(wanted: Sequence[Wanted]) -> Iterator[Sequence[Wanted]]:
    """Like lengths together, so that little is padded; long and short chunks mixed, so that the time left is honest."""
    by_length = sorted(wanted, key=lambda one: len(one.passage))
    starts = list(range(0, len(by_length), CHUNK))
    random.Random(0).shuffle(starts)
    for start in starts:
        yield by_length[start : start + CHUNK]
