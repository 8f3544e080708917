"""From 0002 with corpora in it: what was consented to is carried over, and nothing else is."""

from __future__ import annotations

import uuid

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from modelmill.settings import Settings
from modelmill.store import consents, corpora, database


def test_consents_given_before_are_carried_over(settings: Settings, server_url: str) -> None:
    name = f"mill_old_{uuid.uuid4().hex[:8]}"
    admin = create_engine(make_url(server_url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with admin.connect() as conn:
        conn.execute(text(f"CREATE DATABASE {name}"))
    url = make_url(server_url).set(database=name).render_as_string(hide_password=False)
    old = settings.model_copy(update={"database_url": type(settings.database_url)(url)})  # pyright: ignore
    try:
        database.migrate(old, "0002")
        db = database.engine(old)
        with db.begin() as conn:
            conn.execute(
                text(
                    "INSERT INTO corpus (tenant, name, kind, uri, consent_to_train, consent_by, consent_at) VALUES"
                    " ('default', 'yes', 'directory', '/a', true, 'me', '2026-01-02 03:04:05+00'),"
                    " ('default', 'no', 'directory', '/b', false, NULL, NULL)"
                )
            )
        database.migrate(old)
        given = {one.name: one.consent_to_train for one in corpora.all_corpora(db, "default")}
        assert given == {"yes": True, "no": False}
        [carried] = consents.history(db, corpora.get(db, "default", "yes"))
        assert (carried.scope, carried.given_by, carried.given_at.year) == ("train", "me", 2026)
        db.dispose()
    finally:
        with admin.connect() as conn:
            conn.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        admin.dispose()
