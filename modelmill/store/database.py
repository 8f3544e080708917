"""Connections. One PostgreSQL, three schemas: `mill` (ours, by Alembic), `dagster`, `mlflow` (each by its owner)."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, OperationalError

from modelmill.errors import PrerequisiteError
from modelmill.settings import Settings
from modelmill.store.server import ALONE, embedded_url

Schema = Literal["mill", "dagster", "mlflow"]
SCHEMAS: tuple[Schema, ...] = ("mill", "dagster", "mlflow")

MIGRATIONS = Path(__file__).parent / "migrations"
MADE = """
SELECT to_regclass('mill.alembic_version') IS NOT NULL
AND (SELECT count(*) FROM pg_namespace WHERE nspname = ANY(:schemas)) = :number
AND EXISTS (SELECT FROM pg_extension WHERE extname = 'vector')
"""

# Waiting for ever on a lock or in an open transaction is how a killed process stops everybody else.
TIMEOUTS = "SET lock_timeout='30s'; SET statement_timeout='600s'; SET idle_in_transaction_session_timeout='300s'"


def database_url(settings: Settings, schema: Schema = "mill", driver: str = "psycopg") -> URL:
    """The URL for one schema. dagster-postgres needs driver="psycopg2"; everything else speaks psycopg 3."""
    raw = settings.database_url.get_secret_value() if settings.database_url else embedded_url(settings.home_dir)
    url = make_url(raw).set(drivername=f"postgresql+{driver}")
    options = f"-csearch_path={schema},public -cclient_encoding=UTF8"
    return url.update_query_dict({"options": options})


@cache
def _engine(url: URL) -> Engine:
    engine = create_engine(url, pool_size=4, max_overflow=4, pool_pre_ping=True)

    @event.listens_for(engine, "connect")
    def _session(dbapi_connection: object, _record: object) -> None:  # pyright: ignore[reportUnusedFunction]
        cursor = dbapi_connection.cursor()  # type: ignore[attr-defined]
        cursor.execute(TIMEOUTS)
        cursor.close()
        dbapi_connection.commit()  # type: ignore[attr-defined]

    return engine


def engine(settings: Settings) -> Engine:
    """The pooled engine on our schema, one a process. The schema must have been made by `migrate`."""
    with ALONE:
        return _engine(database_url(settings))


def migrate(settings: Settings, revision: str = "head") -> None:
    """Make the schemas and bring ours to `revision`. Safe to call by several at once, and at every start."""
    db = engine(settings)
    try:
        with db.begin() as conn:
            _refuse_other_encodings(conn)
            if revision == "head" and _is_made(conn):
                return
            _upgrade(conn, revision)
    except OperationalError as error:
        raise unreachable(settings, error) from error
    except DBAPIError as error:
        raise PrerequisiteError(
            "the database could not be prepared",
            allowed="a role that may create schemas, and the extension pgvector installed on the server",
            found=str(error.orig),
            next="install pgvector there (`CREATE EXTENSION vector` as its superuser), then `mill doctor`",
        ) from error


def _upgrade(conn: Connection, revision: str) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    conn.execute(text("SELECT pg_advisory_xact_lock(hashtext('mill migrate'))"))
    for schema in SCHEMAS:
        conn.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{schema}"'))
    conn.execute(text("CREATE EXTENSION IF NOT EXISTS vector SCHEMA public"))
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = conn
    try:
        command.upgrade(config, revision)
    except CommandError as error:
        raise PrerequisiteError(
            "the database is of another version of modelmill",
            allowed=f"one up to revision {_newest()}, the newest that this version knows",
            found=str(error),
            next="use the version of modelmill that made it, or `mill restore` a backup of before",
        ) from error


def _is_made(conn: Connection) -> bool:
    """Whether all is there, of the newest migration (their files bear their revisions): Alembic need not be loaded."""
    if not conn.execute(text(MADE), {"schemas": list(SCHEMAS), "number": len(SCHEMAS)}).scalar_one():
        return False
    return conn.execute(text("SELECT version_num FROM mill.alembic_version")).scalars().all() == [_newest()]


def _newest() -> str:
    return max(file.name[:4] for file in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def _refuse_other_encodings(conn: Connection) -> None:
    """A server made without a locale has SQL_ASCII: it would count bytes for characters and take broken text."""
    statement = "SELECT current_database(), pg_encoding_to_char(encoding) FROM pg_database WHERE datname = "
    name, encoding = conn.execute(text(statement + "current_database()")).one()
    if encoding != "UTF8":
        raise PrerequisiteError(
            f"the database {name} cannot hold every text",
            allowed="a database with the encoding UTF8",
            found=encoding,
            next=f"make another: createdb --encoding UTF8 --template template0 {name}_utf8, then set MILL_DATABASE_URL",
        )


def unreachable(settings: Settings, error: Exception) -> PrerequisiteError:
    """The error for a database that does not answer. Never shows the password."""
    where = database_url(settings).render_as_string(hide_password=True)
    return PrerequisiteError(
        "the database does not answer",
        allowed="a running PostgreSQL; the embedded one starts by itself when MILL_DATABASE_URL is not set",
        found=f"{where}: {getattr(error, 'orig', None) or error}",
        next="start it or correct MILL_DATABASE_URL, then `mill doctor`",
    )
