"""PostgreSQL's COPY, the quick way of many rows into a table, for which SQLAlchemy has no word."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError


@contextmanager
def copying(conn: Connection, into: str) -> Generator[psycopg.Copy]:
    """What takes the rows of `into`, a COPY ... FROM STDIN, in the caller's transaction.

    Raises what SQLAlchemy raises for any other statement, so that a full disk is told as one here too.
    """
    driver: Any = conn.connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(into) as copy:
            yield copy
    except psycopg.Error as error:
        raise DBAPIError.instance(into, None, error, psycopg.Error, dialect=conn.dialect) from error
