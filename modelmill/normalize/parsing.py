"""One document to its units: cleaned, parsed, annotated. Needs no database, so any process can do it (workers.py)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from pathlib import PurePosixPath
from typing import Any

from modelmill.extract.naming import shown
from modelmill.normalize.annotate import annotate
from modelmill.normalize.language import Draft, Language, all_languages, language_of, unique_names
from modelmill.normalize.linking import Given, Library, Others, made_of
from modelmill.normalize.placeholders import Names
from modelmill.normalize.privacy import PRIVACY_VERSION, Cleaned, clean, clean_value, find
from modelmill.records import Document, Dropped, Unit
from modelmill.storable import storable, storable_text

# Raise when the same documents would give other units for a reason that no language or privacy version tells.
NORMALIZE_VERSION = 7

# Direction overrides and characters without width: what is seen is not what is there (https://trojansource.codes).
HIDDEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")

# How a value's name is written, in the order in which these are tried: as prose; where `<...>` would not parse, as an
# identifier or, for JSON and its kin, as a string.
FORMS = ("<{}>", "{}", '"{}"')

ALONE = Given()

# Why a file gave nothing: imports and calls, settings without a sentence in them, rows that are only inserted.
SILENT = "nothing defined or said"


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a document gave. made_of: see `stamp`, with the files it was read with (linking.py); None: it could not be
    read as it was extracted. wants: places of files it must be read with, and nothing else is in it then.
    """

    made_of: str | None
    units: list[Unit] = field(default_factory=list[Unit])
    dropped: list[Dropped] = field(default_factory=list[Dropped])
    secrets: list[Dropped] = field(default_factory=list[Dropped])
    wants: tuple[str, ...] = ()


def stamp(document: Document) -> str:
    """What a document's units are made from: its bytes and everything that reads them."""
    language = all_languages()[document.language]
    return f"{document.sha256}/{language.name}.{language.version}.{PRIVACY_VERSION}.{NORMALIZE_VERSION}"


def library(names: Names) -> Library:
    """A library of the corpus's other files, each cleaned as a document is."""

    def text(path: str, content: bytes) -> str | None:
        language = language_of(path)
        cleaned = _clean_source(language, content.decode("utf-8-sig"), names) if language is not None else None
        return cleaned.text if cleaned is not None else None

    return Library(text, lru_cache(1000)(partial(shown, names=names)))


def parse_document(
    corpus: str, document: Document, content: bytes, names: Names, given: Given = ALONE, known: Library | None = None
) -> Parsed:
    """The units of `content`, which is the document's; what was left out of it, and how many secrets of which kind.

    given: the other files it is read with; known: those that were read before.
    """
    language = all_languages()[document.language]
    others = Others(given, known or library(names))
    parsed = Parsed(made_of(stamp(document), given.files))
    cleaned = _clean_source(language, content.decode("utf-8-sig"), names)
    if cleaned is None:
        parsed.dropped.append(Dropped(document.path, "does not parse", "without its personal data"))
        return parsed
    secrets = Counter(cleaned.counts)
    try:
        for one, found in _units(corpus, document, language, cleaned.text, names, others):
            secrets.update(found)
            parsed.units.append(one) if isinstance(one, Unit) else parsed.dropped.append(one)
    except (RecursionError, ValueError) as error:
        parsed.units.clear()
        parsed.dropped.append(Dropped(document.path, "does not parse", f"{type(error).__name__}: {error}"[:200]))
    if others.wanted:
        return Parsed(None, wants=tuple(others.wanted))
    if not parsed.units and not parsed.dropped:
        parsed.dropped.append(Dropped(f"{document.path}::(file)", SILENT, f"{language.name}, {document.size} bytes"))
    parsed.secrets.extend(Dropped(f"{document.path}::{kind}", kind, str(n)) for kind, n in secrets.items())
    return parsed


def _clean_source(language: Language, source: str, names: Names) -> Cleaned | None:
    """The file without secrets, in the first form that parses if the file did; None if none does."""
    cleaned = clean(source, names)
    if not cleaned.counts or language.parses(cleaned.text) or not language.parses(source):
        return cleaned
    others = (clean(source, names, placeholder=form) for form in FORMS[1:])
    return next((one for one in others if language.parses(one.text)), None)


def _units(
    corpus: str, document: Document, language: Language, source: str, names: Names, others: Others
) -> Iterator[tuple[Unit | Dropped, Mapping[str, int]]]:
    """Units with the secrets that came to light only in their rendered text."""
    folder = str(PurePosixPath(document.path).parent)
    path = document.path
    drafts = language.linked(path, source, others) if language.linked else language.units(path, source)
    for name, draft in unique_names(map(_storable, drafts) if language.rendered else drafts):
        if isinstance(draft, Dropped):
            called, detail = (clean(one, names).text for one in (name, draft.detail))
            yield replace(draft, path=f"{document.path}::{called}", detail=detail), {}
            continue
        draft, found = (_clean_rendered if language.rendered else _clean_words)(draft, names)
        unit = Unit(
            corpus=corpus,
            path=document.path,
            name=name,
            kind=draft.kind,
            language=language.name,
            text=draft.text,
            group=draft.group or (folder if folder != "." else corpus),
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


def _storable(one: Draft | Dropped) -> Draft | Dropped:
    """What an escape stands for may be no text that can be stored, and a number none that JSON has."""
    if isinstance(one, Dropped):
        return replace(one, path=storable_text(one.path), detail=storable_text(one.detail))
    words = {field: storable_text(getattr(one, field)) for field in ("name", "text", "signature", "docstring")}
    return _with(one, {"meta": storable(one.meta), **words})


def _clean_words(draft: Draft, names: Names) -> tuple[Draft, Mapping[str, int]]:
    """What only the words about a unit tell, without their quotes or comment signs, is taken out of its text, too."""
    words = draft.docstring
    if not words or not (places := find(words)):
        return draft, {}
    text, (begin, end) = draft.text, draft.meta.get("docstring_at", (0, len(draft.text)))
    said = text[begin:end]
    for value in sorted({(one.kind, words[one.start : one.end]) for one in places}, key=lambda one: -len(one[1])):
        said = said.replace(value[1], f"<{names(*value)}>")
    meta = {**draft.meta, "docstring_at": [begin, begin + len(said)]} if "docstring_at" in draft.meta else draft.meta
    cleaned = clean(words, names)
    return replace(draft, text=text[:begin] + said + text[end:], docstring=cleaned.text, meta=meta), cleaned.counts


def _clean_rendered(draft: Draft, names: Names) -> tuple[Draft, Mapping[str, int]]:
    cleaned = clean(draft.text, names)
    meta, _ = clean_value(draft.meta, names)
    words = {field: clean(getattr(draft, field), names).text for field in ("signature", "docstring", "name")}
    return _with(draft, {"text": cleaned.text, "meta": meta, **words}), cleaned.counts


def _with(draft: Draft, fields: Mapping[str, Any]) -> Draft:
    """The draft with other fields; itself where they are the same, as nearly all are: `replace` takes 3 us."""
    return draft if all(getattr(draft, name) == value for name, value in fields.items()) else replace(draft, **fields)
