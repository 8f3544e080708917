"""Corpora: what may be read, under which licence, and whether it may be trained on."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, delete, select, true, update
from sqlalchemy.dialects.postgresql import insert

from modelmill.errors import UserError
from modelmill.licences.policy import may_train
from modelmill.records import Corpus, corpus_key
from modelmill.settings import CHECKOUT, Settings
from modelmill.store import consents
from modelmill.store.tables import corpus, publication, seen

NAME = re.compile(r"(?!.*\.\.\.)[a-z0-9][a-z0-9._-]{0,62}")  # Dagster reads `a...b` as a range of partitions

ERASED = "corpus/erased"


def add(
    settings: Settings,
    db: Engine,
    name: str,
    uri: str,
    licence: str | None = None,
    consent: bool = False,
    by: str = "",
) -> Corpus:
    """Make a corpus known. The same name and URI again updates licence and consent. Raises UserError.

    consent: whether it may be trained on; without it, it is only searched. licence: SPDX expression of the files that
    do not say their own; datasets of before are marked when nothing may be trained on under the new one. Nothing is
    read yet.
    """
    if not NAME.fullmatch(name):
        raise UserError(
            f"{name!r} cannot be the name of a corpus",
            allowed="1 to 63 small letters, digits, '.', '_', '-', a letter or digit first, no '...'",
            found=repr(name),
            next="mill corpus add NAME URI",
        )
    return _write(settings, db, name, *place(settings, uri), licence, consent, by)


def place(settings: Settings, uri: str) -> tuple[str, str]:
    """The kind of what lies there, and its URI: paths are absolute, so that a corpus is the same from every folder.

    It is opened: what is unreadable or empty is refused here. Raises UserError.
    """
    from modelmill.extract.source import detect, existing

    source = detect(uri)
    path = existing(uri.removeprefix("file://"))
    uri = str(path.absolute()) if path else uri
    with source.open(uri, settings.home_dir / "sources"):
        return source.name, uri


def _write(
    settings: Settings, db: Engine, name: str, kind: str, uri: str, licence: str | None, consent: bool, by: str
) -> Corpus:
    tenant = settings.tenant
    values = {"kind": kind, "licence": licence}
    statement = insert(corpus).values(tenant=tenant, name=name, uri=uri, **values)
    statement = statement.on_conflict_do_update(
        index_elements=[corpus.c.tenant, corpus.c.name], set_=values, where=corpus.c.uri == uri
    ).returning(*columns())
    with db.begin() as conn:
        known = select(corpus.c.licence).where(corpus.c.tenant == tenant, corpus.c.name == name)
        before = conn.execute(known).one_or_none()
        row = conn.execute(statement).one_or_none()
        if row is not None:
            made, who = _record(row), by or "command line"
            if before and licence != before.licence and not may_train(licence, settings.training_policy):
                consents.taint(conn, made, f"the licence of {name!r} is now {licence or 'not said'}")
            consents.give(conn, made, "train", who) if consent else consents.withdraw(conn, made, "train", who)
            return replace(made, consent_to_train=consent)
    raise UserError(
        f"the corpus {name!r} cannot be {uri!r}",
        allowed="a name that is free, or the same URI as before",
        found=f"{name!r} is {get(db, tenant, name).uri!r}",
        next=f"mill corpus move {name} {uri}, where the same corpus lies there now; else choose another name",
    )


def move(conn: Connection, of: Corpus, kind: str, uri: str) -> None:
    """Record where the corpus lies, in the caller's transaction; files at rest of before count no more."""
    conn.execute(update(corpus).where(corpus.c.id == of.id).values(kind=kind, uri=uri))
    conn.execute(delete(seen).where(seen.c.corpus_id == of.id))


def columns() -> list[ColumnElement[Any]]:
    """What a corpus's record is made of: its row, and whether it has consent to train now."""
    return [*corpus.c, consents.live(corpus.c.id).label("consent_to_train")]


def ensure_defaults(settings: Settings, db: Engine) -> list[Corpus]:
    """The corpora that are always there to begin with: the standard library, this project, the content it ships.

    All three are public under permissive licences and ours to train on: the last two only as they lie in the checkout,
    for what lies elsewhere is a person's own. A default that a person removed stays removed.
    """
    found = {one.name for one in all_corpora(db, settings.tenant)}
    defaults = [("stdlib", "python:stdlib", "Python-2.0")]
    if settings.root.resolve() == CHECKOUT:
        places = {"modelmill": settings.root, "catalog": settings.data_dir / "catalog"}
        defaults += [(name, str(place), "Apache-2.0") for name, place in places.items() if place.is_dir()]
    with db.connect() as conn:
        removed = set(conn.scalars(select(publication.c.partition).where(publication.c.asset == ERASED)))
    for name, uri, licence in defaults:
        if name not in found and corpus_key(settings.tenant, name) not in removed:
            add(settings, db, name, uri, licence, consent=True, by="default")
    return all_corpora(db, settings.tenant)


def get(db: Engine, tenant: str, name: str) -> Corpus:
    """The corpus of that name. Raises UserError listing those there are."""
    with db.connect() as conn:
        return _one(conn, tenant, name)


def held(conn: Connection, of: Corpus) -> Corpus:
    """The corpus as it is now; until the transaction ends nobody moves it, removes it or gives a consent.

    Raises UserError when it is gone.
    """
    conn.execute(select(corpus.c.id).where(corpus.c.id == of.id).with_for_update())
    return _one(conn, of.tenant, of.name)


def keep(conn: Connection, of: Corpus) -> None:
    """Let nobody remove the corpus until the transaction ends. Raises UserError when it was removed, or is another."""
    there = select(corpus.c.id).where(corpus.c.id == of.id).with_for_update(read=True, key_share=True)
    if conn.execute(there).one_or_none() is None:
        raise UserError(
            f"nothing of the corpus {of.name!r} was stored",
            allowed="a corpus that is there",
            found=f"{of.name!r} was removed meanwhile",
            next="nothing, or mill corpus add, then the same again",
        )


def _one(conn: Connection, tenant: str, name: str) -> Corpus:
    theirs = select(*columns()).where(corpus.c.tenant == tenant)
    row = conn.execute(theirs.where(corpus.c.name == name)).one_or_none()
    if row is None:
        known = ", ".join(one.name for one in conn.execute(theirs.order_by(corpus.c.name))) or "none yet"
        raise UserError(
            f"there is no corpus {name!r}", allowed=known, found=repr(name), next="mill corpus list, or mill corpus add"
        )
    return _record(row)


def all_corpora(db: Engine, tenant: str) -> list[Corpus]:
    """By name."""
    return _those(db, corpus.c.tenant == tenant)


def everyones(db: Engine) -> list[Corpus]:
    """Of all tenants, by name."""
    return _those(db, true())


def _those(db: Engine, wanted: ColumnElement[bool]) -> list[Corpus]:
    statement = select(*columns()).where(wanted).order_by(corpus.c.name, corpus.c.tenant)
    with db.connect() as conn:
        return [_record(row) for row in conn.execute(statement)]


def set_revision(conn: Connection, corpus_id: int, revision: str) -> None:
    """Record the revision that was extracted, in the caller's transaction."""
    conn.execute(update(corpus).where(corpus.c.id == corpus_id).values(revision=revision))


def _record(row: Row[Any]) -> Corpus:
    return Corpus(row.id, row.name, row.kind, row.uri, row.licence, row.consent_to_train, row.tenant, row.revision)
