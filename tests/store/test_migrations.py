from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from pydantic import SecretStr
from sqlalchemy import Engine, create_engine, text

from modelmill.errors import PrerequisiteError
from modelmill.settings import Settings
from modelmill.store import database
from modelmill.store.tables import metadata


def test_the_migrations_and_the_tables_say_the_same(db: Engine) -> None:
    # A connection without our search path: Alembic takes tables of the default schema for tables without one.
    plain = create_engine(db.url.difference_update_query(["options"]))
    with plain.connect() as conn:
        context = MigrationContext.configure(
            conn,
            opts={
                "include_schemas": True,
                "version_table_schema": "mill",
                "include_name": lambda name, kind, _parents: name == "mill" if kind == "schema" else True,
                "compare_server_default": True,
            },
        )
        assert compare_metadata(context, metadata) == []
    plain.dispose()


def test_migrating_again_changes_nothing(settings: Settings, db: Engine) -> None:
    with db.connect() as conn:
        before = conn.execute(text("SELECT version_num FROM mill.alembic_version")).scalar_one()
    database.migrate(settings)
    with db.connect() as conn:
        assert conn.execute(text("SELECT version_num FROM mill.alembic_version")).scalar_one() == before


def test_what_is_of_the_newest_migration_needs_no_alembic(
    settings: Settings, db: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = sorted((database.MIGRATIONS / "versions").glob("[0-9]*.py"))
    assert all(f'revision = "{file.name[:4]}"' in file.read_text() for file in files)
    monkeypatch.setattr("alembic.command.upgrade", lambda *_: pytest.fail("Alembic was asked"))
    database.migrate(settings)
    newest = {"newest": files[-1].name[:4]}
    for undone, done in (
        (
            "UPDATE mill.alembic_version SET version_num = '0007'",
            "UPDATE mill.alembic_version SET version_num = :newest",
        ),
        ("ALTER SCHEMA mlflow RENAME TO elsewhere", "ALTER SCHEMA elsewhere RENAME TO mlflow"),
    ):
        with db.begin() as conn:
            conn.execute(text(undone))
        with pytest.raises(pytest.fail.Exception):
            database.migrate(settings)
        with db.begin() as conn:
            conn.execute(text(done), newest if ":newest" in done else {})


def test_a_database_of_a_newer_version_is_told_as_that_and_left_as_it_is(settings: Settings, db: Engine) -> None:
    with db.begin() as conn:
        conn.execute(text("UPDATE mill.alembic_version SET version_num = '9999'"))
    with pytest.raises(PrerequisiteError, match="of another version of modelmill") as told:
        database.migrate(settings)
    assert "9999" in told.value.found and "mill restore" in told.value.next
    with db.connect() as conn:
        assert conn.execute(text("SELECT version_num FROM mill.alembic_version")).scalar_one() == "9999"


def test_every_library_has_a_schema_of_its_own(db: Engine) -> None:
    with db.connect() as conn:
        schemas = set(conn.execute(text("SELECT schema_name FROM information_schema.schemata")).scalars())
    assert set(database.SCHEMAS) <= schemas


def test_a_database_that_counts_bytes_for_characters_is_refused(settings: Settings, server_url: str) -> None:
    admin = create_engine(database.database_url(settings), isolation_level="AUTOCOMMIT")
    name = f"{admin.url.database}_ascii"
    other = admin.url.set(drivername="postgresql", database=name).difference_update_query(["options"])
    there = settings.model_copy(update={"database_url": SecretStr(other.render_as_string(hide_password=False))})
    with admin.connect() as conn:
        conn.execute(text(f"CREATE DATABASE {name} ENCODING SQL_ASCII LOCALE 'C' TEMPLATE template0"))
        try:
            with pytest.raises(PrerequisiteError, match="cannot hold every text") as told:
                database.migrate(there)
        finally:
            database.engine(there).dispose()
            conn.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()
    assert told.value.found == "SQL_ASCII" and "--encoding UTF8" in told.value.next
