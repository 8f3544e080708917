"""Tells a corpus that it lies somewhere else now: a folder was moved, a repository renamed.

Documents, units, vectors and what was learnt from them stay; the next intake takes what differs there. A consent was
given for what lay at the old place, so it is asked for again.
"""

from __future__ import annotations

import shlex

from sqlalchemy import Engine

from modelmill import erasure
from modelmill.errors import UserError
from modelmill.records import Corpus
from modelmill.settings import Settings
from modelmill.store import audit, consents, corpora
from modelmill.store import erasure as rows


def move(settings: Settings, db: Engine, name: str, uri: str, *, consent: bool = False, by: str) -> Corpus:
    """Returns the corpus as it is then. consent: whether models may learn from what lies at the new place.

    Raises UserError: no such corpus, nothing that can be read at the URI, a consent that is not given again.
    """
    known = corpora.get(db, settings.tenant, name)
    kind, uri = corpora.place(settings, uri)
    with db.begin() as conn:
        before = corpora.held(conn, known)
        if before.consent_to_train and not consent:
            raise _unconsented(before, uri)
        corpora.move(conn, before, kind, uri)
        if consent:
            consents.give(conn, before, "train", by)
        # No URI: the log is append only, and of an erased corpus no place may stay in it (docs/decisions/0016).
        detail = {"from": before.kind, "to": kind, "consent": consent}
        audit.append(conn, tenant=before.tenant, by=by, action="corpus moved", subject=name, detail=detail)
        read_by_others = rows.read_by_others(conn, before)
        if not read_by_others and uri.partition("#")[0] != before.uri.partition("#")[0]:
            erasure.delete(erasure.our_copy(settings, before))
    return corpora.get(db, settings.tenant, name)


def _unconsented(before: Corpus, uri: str) -> UserError:
    again = shlex.join(["mill", "corpus", "move", before.name, uri, "--consent-to-train"])
    return UserError(
        f"the corpus {before.name!r} was not moved",
        allowed="--consent-to-train, which allows models to learn from the new place; or no consent at all",
        found=f"a consent to train on {before.uri!r}",
        next=f"{again}, or first: mill corpus consent {before.name} --withdraw",
    )
