"""A connection for what a service says or asks all the time: a pool asks the server each time whether the connection
lives, and begins and ends a transaction around one statement: three ways to the server beside the one that is wanted.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

T = TypeVar("T")


class Dedicated:
    """One connection, kept; each statement is a transaction of its own. One thread at a time."""

    def __init__(self, db: Callable[[], Engine]) -> None:
        self.db = db
        self.conn: Connection | None = None
        self.lock = threading.Lock()

    def run(self, work: Callable[[Connection], T]) -> T:
        """What `work` makes of the connection. When that is found to be lost, once more with a new one: so `work` must
        be one statement that may be said twice. Raises SQLAlchemyError.
        """
        with self.lock:
            try:
                return self._on(work)
            except DBAPIError as error:
                if not error.connection_invalidated:
                    raise
            return self._on(work)

    def _on(self, work: Callable[[Connection], T]) -> T:
        if self.conn is None:
            self.conn = self.db().execution_options(isolation_level="AUTOCOMMIT").connect()
        try:
            return work(self.conn)
        except BaseException:  # whatever state it is in now
            broken, self.conn = self.conn, None
            broken.close()
            raise
