"""Files that are read with other ones: taken in as a corpus and again after a change, or without any database."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, delete, select

from modelmill.extract.stage import extract
from modelmill.normalize import linking, manifests
from modelmill.normalize.language import language_of
from modelmill.normalize.linking import File, Given, Library
from modelmill.normalize.parsing import Parsed, library, parse_document
from modelmill.normalize.placeholders import named_by
from modelmill.normalize.places import There
from modelmill.normalize.stage import normalize
from modelmill.progress import Step, silent
from modelmill.records import Corpus, Document, sha256_text
from modelmill.settings import Settings
from modelmill.store import tables as t


def entries(db: Engine) -> dict[str, dict[str, Any]]:
    """The fields of every entry in TypeScript, by name."""
    wanted = (t.unit.c.kind == "entry") & (t.unit.c.language == "typescript")
    with db.connect() as conn:
        return {row.name: dict(row.meta) for row in conn.execute(select(t.unit).where(wanted))}


def stored(db: Engine) -> list[tuple[Any, ...]]:
    """All units, but for their numbers."""
    columns = [one for one in t.unit.c if one.name not in ("id", "document_id")]
    with db.connect() as conn:
        return [tuple(row) for row in conn.execute(select(*columns).order_by(t.unit.c.path, t.unit.c.name))]


def parsed_again(settings: Settings, db: Engine, corpus: Corpus) -> int:
    """Take in what changed; returns how many documents were parsed, after a comparison with taking in everything."""
    extract(settings, db, corpus)
    told: list[Step] = []
    part = normalize(settings, db, corpus, told.append)
    units = stored(db)
    whole = from_nothing(settings, db, corpus)
    assert (part.sha256, units) == (whole.sha256, stored(db))
    return told[-1].done


def from_nothing(settings: Settings, db: Engine, corpus: Corpus) -> Any:
    with db.begin() as conn:
        conn.execute(t.document.update().values(parsed_as=None))
        conn.execute(delete(t.publication).where(t.publication.c.asset == "units"))
    return normalize(settings, db, corpus, silent)


def lying_at(path: str, files: dict[str, str]) -> File:
    return File(path, sha256_text(files[path]), files[path].encode()) if path else File()


def among(files: dict[str, str]) -> There:
    """These files as all of a corpus."""
    packages = {path: text.encode() for path, text in files.items() if manifests.is_manifest(path)}
    return There({path: sha256_text(text) for path, text in files.items()}, lambda: manifests.by_name(packages))


def took(files: dict[str, str], path: str, known: Library | None = None) -> tuple[dict[str, Any], int, Parsed]:
    """The fields of a file's entries, and how often it was read, when the corpus has these files and no database."""
    known = known or library(named_by(b"k"))
    given: dict[str, File] = {}
    there = among(files)
    document = Document(path, sha256_text(files[path]), "r", _language(path), len(files[path]))
    for number in range(linking.MAX_ROUNDS + 1):
        more = number < linking.MAX_ROUNDS
        parsed = parse_document("c", document, files[path].encode(), named_by(b"k"), Given(given, more), known)
        if not parsed.wants:
            entries = {one.name: dict(one.meta) for one in parsed.units if one.kind == "entry"}
            return entries, number, parsed
        paths = {place: there.at(place) for place in parsed.wants}
        given = linking.with_more(given, {place: lying_at(path, files) for place, path in paths.items()})
    raise AssertionError("it wants more than it may")


def _language(path: str) -> str:
    language = language_of(path)
    assert language is not None
    return language.name
