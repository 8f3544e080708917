"""API keys: shown once, stored as hashes, refused in every wrong form; and the audit chain that records them."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from modelmill.errors import DataError, UserError
from modelmill.settings import Settings
from modelmill.store import audit, keys


def test_a_key_is_known_by_its_secret_alone_and_the_secret_is_nowhere_stored(settings: Settings, db: Engine) -> None:
    made = keys.create(settings, db, "app", ["predict"])
    known = keys.check(settings, db, made.secret)
    assert known is not None and known.prefix == made.key.prefix and known.tenant == settings.tenant
    assert known.may("predict") and not known.may("promote")
    with db.connect() as conn:
        rows = str(conn.execute(text("SELECT * FROM api_key")).all()) + str(
            conn.execute(text("SELECT * FROM audit")).all()
        )
    assert made.secret not in rows and made.secret.split(".")[1] not in rows
    kept = settings.home_dir / "secrets" / "pepper"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600 and len(kept.read_text()) == 64


def test_wrong_keys_are_refused(settings: Settings, db: Engine) -> None:
    made = keys.create(settings, db, "app")
    other = keys.create(settings, db, "other")
    prefix, secret = made.secret.split(".")
    swapped = f"{prefix}.{other.secret.split('.')[1]}"
    for wrong in ("", prefix, secret, made.secret + "x", made.secret.upper(), swapped, f"{prefix}.' OR 1=1 --", "\0"):
        assert keys.check(settings, db, wrong) is None


def test_revoked_and_expired_keys_are_refused(settings: Settings, db: Engine) -> None:
    made = keys.create(settings, db, "app")
    old = keys.create(settings, db, "old", expires_at=datetime.now(UTC) - timedelta(seconds=1))
    assert [key.prefix for key in keys.revoke(db, settings.tenant, made.key.prefix)] == [made.key.prefix]
    assert keys.check(settings, db, made.secret) is None
    assert keys.check(settings, db, old.secret) is None
    with pytest.raises(UserError, match="no live key"):
        keys.revoke(db, settings.tenant, made.key.prefix)
    with pytest.raises(UserError):
        keys.revoke(db, "another tenant", old.key.prefix)


def test_another_pepper_knows_no_old_key(settings: Settings, db: Engine) -> None:
    made = keys.create(settings, db, "app")
    other = settings.model_copy(update={"key_pepper": "another"})
    assert keys.check(type(settings)(**other.model_dump()), db, made.secret) is None


def test_two_keys_of_a_name_live_at_a_time_whatever_the_callers_do(settings: Settings, db: Engine) -> None:
    def one(_: int) -> bool:
        try:
            keys.create(settings, db, "app")
        except UserError:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(one, range(12))) == 2
    assert len(keys.revoke(db, settings.tenant, "app")) == 2
    assert len(keys.all_keys(db, settings.tenant)) == 2
    assert audit.check(db) == 4


@pytest.mark.parametrize("name, scopes", [("", ["predict"]), ("app", []), ("app", ["predict", "root"])])
def test_a_key_without_name_or_with_unknown_scopes_is_not_made(
    settings: Settings, db: Engine, name: str, scopes: list[str]
) -> None:
    with pytest.raises(UserError, match="not made"):
        keys.create(settings, db, name, scopes)
    assert keys.all_keys(db, settings.tenant) == []


def test_the_audit_log_takes_no_change_and_shows_one_that_was_forced(settings: Settings, db: Engine) -> None:
    for name in ("a", "b", "c"):
        keys.create(settings, db, name)
    assert audit.check(db) == 3
    for change in ("UPDATE audit SET by = 'nobody'", "DELETE FROM audit", "TRUNCATE audit"):
        with pytest.raises(DBAPIError, match="append only"), db.begin() as conn:
            conn.execute(text(change))
    with db.begin() as conn:
        conn.execute(text("ALTER TABLE audit DISABLE TRIGGER audit_append_only"))
        conn.execute(text("UPDATE audit SET subject = 'somebody else' WHERE id = 2"))
    with pytest.raises(DataError, match="line 2"):
        audit.check(db)
