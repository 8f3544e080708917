"""Consents: who allowed a corpus to be trained on or run, when, and who took it back. Off until somebody gives it.

Every query for training asks `live` in the same statement: a withdrawal counts from the moment it is committed.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Engine, Select, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert

from modelmill.records import Corpus
from modelmill.store import audit
from modelmill.store.tables import consent, corpus, dataset, dataset_unit

# What is consented to. The table knows `run` too, from before: it was recorded, and nothing ever asked.
Scope = Literal["train"]


@dataclass(frozen=True, slots=True)
class Consent:
    """One consent; live while nobody withdrew it."""

    scope: str
    given_by: str
    given_at: datetime
    withdrawn_by: str | None
    withdrawn_at: datetime | None


def live(corpus_id: ColumnElement[Any], scope: Scope = "train") -> ColumnElement[bool]:
    """For a WHERE: whether the corpus has this consent now."""
    return exists().where(consent.c.corpus_id == corpus_id, consent.c.scope == scope, consent.c.withdrawn_at.is_(None))


def give(conn: Connection, of: Corpus, scope: Scope, by: str) -> bool:
    """Record the consent in the caller's transaction; False when it was there already."""
    statement = insert(consent).values(corpus_id=of.id, scope=scope, given_by=by)
    made = conn.execute(statement.on_conflict_do_nothing().returning(consent.c.id)).one_or_none()
    if made is not None:
        audit.append(conn, tenant=of.tenant, by=by, action="consent given", subject=of.name, detail={"scope": scope})
    return made is not None


def withdrawn(conn: Connection, tenant: str, names: Collection[str]) -> list[str]:
    """Those of the corpora that may not be trained on any more, or are gone. The others can be neither withdrawn nor
    erased before the caller's transaction ends: whoever does so marks what it recorded.
    """
    held = select(corpus.c.name).join(consent, consent.c.corpus_id == corpus.c.id)
    mine = (corpus.c.tenant == tenant, corpus.c.name.in_(names), consent.c.scope == "train")
    live = conn.scalars(held.where(*mine, consent.c.withdrawn_at.is_(None)).with_for_update(read=True))
    return sorted(set(names) - set(live))


def withdraw(conn: Connection, of: Corpus, scope: Scope, by: str) -> int | None:
    """Take the consent back in the caller's transaction; None when there was none.

    Returns how many datasets are marked because they were made of the corpus: models that knew them are no longer
    released.
    """
    mine = (consent.c.corpus_id == of.id, consent.c.scope == scope, consent.c.withdrawn_at.is_(None))
    taken = conn.execute(update(consent).where(*mine).values(withdrawn_by=by, withdrawn_at=func.now())).rowcount
    if not taken:
        return None
    marked = taint(conn, of, f"consent to train on {of.name!r} was withdrawn")
    detail = {"scope": scope, "datasets": marked}
    audit.append(conn, tenant=of.tenant, by=by, action="consent withdrawn", subject=of.name, detail=detail)
    return marked


def taint(conn: Connection, of: Corpus, why: str) -> int:
    """Mark the datasets that were made of the corpus; returns how many were not marked before."""
    statement = update(dataset).where(dataset.c.sha256.in_(made_of(of)), dataset.c.tainted.is_(None))
    return conn.execute(statement.values(tainted=why)).rowcount


def made_of(of: Corpus) -> Select[Any]:
    """The sha256 of the datasets that were made of the corpus, and of no other tenant's that has its name."""
    named = select(dataset_unit.c.dataset_sha256).join(dataset).where(dataset_unit.c.corpus == of.name)
    return named.where(func.coalesce(dataset.c.tenant, of.tenant) == of.tenant)


def history(db: Engine, of: Corpus) -> list[Consent]:
    """All that was ever given for the corpus, oldest first."""
    with db.connect() as conn:
        rows = conn.execute(select(consent).where(consent.c.corpus_id == of.id).order_by(consent.c.id))
        return [Consent(**{name: getattr(row, name) for name in Consent.__dataclass_fields__}) for row in rows]
