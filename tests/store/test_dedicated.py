"""The connection that is kept: what it says stays said, and it comes back by itself."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import DBAPIError

from modelmill.store.dedicated import Dedicated


def own_process(conn: Connection) -> int:
    return conn.execute(text("SELECT pg_backend_pid()")).scalar_one()


def test_it_is_one_and_each_statement_is_seen_by_others_at_once(db: Engine) -> None:
    kept = Dedicated(lambda: db)
    assert kept.run(own_process) == kept.run(own_process)
    kept.run(lambda conn: conn.execute(text("CREATE TABLE seen_at_once AS SELECT 1 AS one")))
    with db.connect() as other:
        assert other.execute(text("SELECT one FROM seen_at_once")).scalar_one() == 1


def test_what_fails_fails_once_and_the_next_one_does_not(db: Engine) -> None:
    kept, tried = Dedicated(lambda: db), list[int]()

    def wrong(conn: Connection) -> None:
        tried.append(own_process(conn))
        conn.execute(text("SELECT 1 / 0"))

    with pytest.raises(DBAPIError, match="division"):
        kept.run(wrong)
    assert len(tried) == 1
    assert kept.run(own_process)


def test_a_connection_that_was_ended_is_made_again(db: Engine) -> None:
    kept = Dedicated(lambda: db)
    first = kept.run(own_process)
    with db.connect() as other:
        assert other.execute(text("SELECT pg_terminate_backend(:it, 5000)"), {"it": first}).scalar_one()
    assert kept.run(own_process) != first


def test_a_server_that_is_away_is_an_error_each_time_and_nothing_stays_locked(db: Engine) -> None:
    with db.connect() as known:
        address = known.engine.url.update_query_dict({"host": "/nowhere"})
    kept = Dedicated(lambda: create_engine(address))
    for _ in range(2):
        with pytest.raises(DBAPIError):
            kept.run(own_process)
    kept.db = lambda: db
    assert kept.run(own_process)


def test_threads_come_one_after_the_other(db: Engine) -> None:
    kept, seen = Dedicated(lambda: db), list[int]()

    def ask(conn: Connection) -> None:
        before = len(seen)
        conn.execute(text("SELECT pg_sleep(.01)"))
        assert len(seen) == before, "somebody else came between"
        seen.append(own_process(conn))

    threads = [threading.Thread(target=kept.run, args=(ask,)) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(seen) == 8
    assert len(set(seen)) == 1
