"""From the first schema, with a row in every table, to the newest: nothing is lost, and the new tables work."""

from __future__ import annotations

import json

from sqlalchemy import Engine, text

from modelmill.settings import Settings
from modelmill.store import audit, database

ROWS = {
    "corpus": "INSERT INTO corpus (tenant, name, kind, uri, consent_to_train) VALUES ('t', 'c', 'dir', '/c', true)",
    "document": "INSERT INTO document (corpus_id, path, sha256, revision, language, size)"
    " SELECT id, 'a.py', 'd1', 'r1', 'python', 10 FROM corpus",
    "dropped": "INSERT INTO dropped (corpus_id, stage, path, reason)"
    " SELECT id, 'extract', 'b.bin', 'binary' FROM corpus",
    "unit": "INSERT INTO unit (corpus_id, document_id, path, name, kind, language, sha256, text, signature, docstring,"
    " \"group\", start_line, end_line) SELECT corpus_id, id, path, 'f', 'function', 'python', 'u1', 'def f(): pass',"
    " 'def f()', '', 'a', 1, 1 FROM document",
    "vector": "INSERT INTO vector VALUES ('m', 'u1', '[1,2,3]')",
    "dataset": "INSERT INTO dataset (sha256, task, path, counts, manifest)"
    " VALUES ('ds1', 'intent', '/d', '{\"train\": 3}', '{}')",
    "dataset_unit": "INSERT INTO dataset_unit VALUES ('ds1', 'c', 'a.py', 'f', 'u1', 'd1', 'r1', 'train')",
    "candidate": "INSERT INTO candidate (sha256, task, dataset_sha256, profile, seed, params, manifest)"
    " VALUES ('ca1', 'intent', 'ds1', 'tiny', 17, '{}', '{}')",
    "report": "INSERT INTO report (task, candidate_sha256, dataset_sha256, passed, body)"
    " VALUES ('intent', 'ca1', 'ds1', true, '{}')",
    "release": "INSERT INTO release (task, number, version, candidate_sha256, dataset_sha256, report_id, status)"
    " SELECT 'intent', 1, '1.0.0', 'ca1', 'ds1', id, 'champion' FROM report",
    "rollout": "INSERT INTO rollout (task, number, shares, reason, idempotency_key, by)"
    " VALUES ('intent', 1, '{\"1.0.0\": 1}', 'first', 'k', 'me')",
    "prediction": "INSERT INTO prediction (id, tenant, key_prefix, task, release_id, request, answer, latency_ms)"
    " SELECT '11111111-1111-1111-1111-111111111111', 't', 'p', 'intent', id, '{}', '{}', 1.5 FROM release",
    "api_key": "INSERT INTO api_key (prefix, hmac, name, tenant, scopes) VALUES ('p', 'h', 'n', 't', '{predict}')",
    "lease": "INSERT INTO lease VALUES ('intent/release', '', 3, 'me')",
    "publication": "INSERT INTO publication (asset, token, owner, input_hash, sha256, rows)"
    " VALUES ('intent/release', 3, 'me', 'i', 's', 1)",
}


def everything(db: Engine) -> dict[str, list[str]]:
    with db.connect() as conn:
        return {
            table: sorted(
                json.dumps(dict(row), default=str) for row in conn.execute(text(f"SELECT * FROM {table}")).mappings()
            )
            for table in ROWS
        }


def test_from_the_first_schema_with_rows_in_every_table_nothing_is_lost(empty: Settings) -> None:
    database.migrate(empty, "0001")
    db = database.engine(empty)
    with db.connect() as conn:
        tables = set(conn.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'mill'")).scalars())
    assert tables == set(ROWS) | {"alembic_version"}
    with db.begin() as conn:
        for statement in ROWS.values():
            assert conn.execute(text(statement)).rowcount == 1
    before = everything(db)
    database.migrate(empty, "0002")
    assert everything(db) == before
    with db.begin() as conn:
        conn.execute(
            text(
                "INSERT INTO feedback (prediction_id, tenant, key_prefix, verdict)"
                " SELECT id, tenant, key_prefix, 'right' FROM prediction"
            )
        )
        audit.append(conn, tenant="t", by="me", action="test", subject="migration")
    assert audit.check(db) == 1
