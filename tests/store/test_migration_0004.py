"""From 0002 with corpora in it: what was consented to is carried over, and nothing else is."""

from __future__ import annotations

from sqlalchemy import text

from modelmill.settings import Settings
from modelmill.store import consents, corpora, database


def test_consents_given_before_are_carried_over(empty: Settings) -> None:
    database.migrate(empty, "0002")
    db = database.engine(empty)
    with db.begin() as conn:
        conn.execute(
            text(
                "INSERT INTO corpus (tenant, name, kind, uri, consent_to_train, consent_by, consent_at) VALUES"
                " ('default', 'yes', 'directory', '/a', true, 'me', '2026-01-02 03:04:05+00'),"
                " ('default', 'no', 'directory', '/b', false, NULL, NULL)"
            )
        )
    database.migrate(empty)
    given = {one.name: one.consent_to_train for one in corpora.all_corpora(db, "default")}
    assert given == {"yes": True, "no": False}
    [carried] = consents.history(db, corpora.get(db, "default", "yes"))
    assert (carried.scope, carried.given_by, carried.given_at.year) == ("train", "me", 2026)
