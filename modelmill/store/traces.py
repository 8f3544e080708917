"""What other programs keep of a corpus: Dagster's runs, with samples of units and of test examples on asset pages.

Dagster has no word to forget one partition in PostgreSQL, so its rows are deleted as its own `delete_run` does it
(https://docs.dagster.io, tables of dagster 1.13): the runs of the corpus, and those whose events name a dataset or a
candidate that knew it, because their pages show examples. What such a run measured stays in MLflow, as numbers.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, text

# Runs tagged with the corpus, and those with an event about one of these hashes.
RUNS = """
SELECT run_id FROM dagster.run_tags WHERE key = 'dagster/partition' AND value = ANY(:corpus)
UNION SELECT run_id FROM dagster.event_logs WHERE asset_key IS NOT NULL AND event LIKE ANY(:hashes)
"""
FORGET = (
    """
    DELETE FROM dagster.asset_event_tags
    WHERE event_id IN (SELECT id FROM dagster.event_logs WHERE run_id = ANY(:runs))
    """,
    "DELETE FROM dagster.asset_check_executions WHERE run_id = ANY(:runs)",
    "DELETE FROM dagster.event_logs WHERE run_id = ANY(:runs)",
    """
    UPDATE dagster.asset_keys SET last_materialization = NULL, cached_status_data = NULL
    WHERE last_run_id = ANY(:runs)
    """,
    # What a sensor asked for stands in its tick too, with the reason; a schedule counts its nights by its ticks.
    """
    DELETE FROM dagster.job_ticks WHERE type = 'SENSOR' AND status <> 'STARTED'
    AND tick_body LIKE ANY (SELECT '%' || run || '%' FROM unnest(CAST(:runs AS text[])) run)
    """,
    # A run at work still needs its row; its events are gone all the same.
    """
    DELETE FROM dagster.run_tags WHERE run_id IN (
        SELECT run_id FROM dagster.runs WHERE run_id = ANY(:runs) AND status IN ('SUCCESS', 'FAILURE', 'CANCELED'))
    """,
    "DELETE FROM dagster.runs WHERE run_id = ANY(:runs) AND status IN ('SUCCESS', 'FAILURE', 'CANCELED')",
)
PARTITION = "DELETE FROM dagster.dynamic_partitions WHERE partitions_def_name = 'corpora' AND partition = ANY(:corpus)"


def runs(conn: Connection, corpus: Sequence[str], hashes: Sequence[str]) -> tuple[str, ...]:
    """Ids of Dagster's runs that show something of the corpus; none where Dagster never ran. corpus: its partitions."""
    if conn.scalar(text("SELECT to_regclass('dagster.event_logs')")) is None:
        return ()
    named = {"corpus": list(corpus), "hashes": [f"%{one}%" for one in hashes]}
    return tuple(sorted(conn.scalars(text(RUNS), named)))


def forget(conn: Connection, corpus: Sequence[str], run_ids: Sequence[str]) -> None:
    """Delete these runs with their events, and the corpus's partitions, in the caller's transaction."""
    if conn.scalar(text("SELECT to_regclass('dagster.event_logs')")) is None:
        return
    for statement in FORGET:
        conn.execute(text(statement), {"runs": list(run_ids)})
    conn.execute(text(PARTITION), {"corpus": list(corpus)})
