from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, create_engine, text

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


def test_every_library_has_a_schema_of_its_own(db: Engine) -> None:
    with db.connect() as conn:
        schemas = set(conn.execute(text("SELECT schema_name FROM information_schema.schemata")).scalars())
    assert set(database.SCHEMAS) <= schemas
