"""whose corpora a dataset was made of, and publications of a corpus under its key instead of its name

A dataset of before is of the one tenant that has corpora of all the names that it knows. Where that is none or several
it stays null, which counts as all of theirs (store/consents.py). What was published under a name is each tenant's that
has a corpus of that name: an input hash says which of them it was, and the others take theirs in again. Who removed a
corpus that is there by default was not recorded: it stays removed for everybody.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

ASSETS = {"assets": ["documents", "units", "vectors"]}
MADE_BY = """
WITH named AS (SELECT DISTINCT dataset_sha256, corpus FROM mill.dataset_unit),
whole AS (SELECT dataset_sha256, count(*) AS names FROM named GROUP BY dataset_sha256),
maker AS (
    SELECT dataset_sha256, tenant, count(*) AS names FROM named JOIN mill.corpus ON name = corpus
    GROUP BY dataset_sha256, tenant
)
UPDATE mill.dataset SET tenant = found.tenant FROM (
    SELECT dataset_sha256, min(tenant) AS tenant FROM maker JOIN whole USING (dataset_sha256, names)
    GROUP BY dataset_sha256 HAVING count(*) = 1
) found WHERE sha256 = dataset_sha256
"""
LEASES = """
INSERT INTO mill.lease (asset, partition, token, owner, taken_at)
SELECT asset, tenant || '/' || name, token, owner, taken_at FROM mill.lease JOIN mill.corpus ON name = partition
WHERE asset = ANY(:assets) AND tenant <> 'default'
"""
PUBLICATIONS = """
INSERT INTO mill.publication (asset, partition, token, owner, input_hash, sha256, rows, detail, created_at)
SELECT asset, tenant || '/' || partition, token, owner, input_hash, sha256, rows, detail, created_at
FROM mill.publication CROSS JOIN (SELECT tenant FROM mill.corpus UNION SELECT tenant FROM mill.api_key) theirs
WHERE tenant <> 'default' AND (asset = 'corpus/erased' OR asset = ANY(:assets) AND EXISTS (
    SELECT FROM mill.corpus WHERE corpus.tenant = theirs.tenant AND name = partition
)) ORDER BY id
"""
NOBODYS = """
DELETE FROM mill.publication WHERE asset = ANY(:assets)
AND partition IN (SELECT name FROM mill.corpus EXCEPT SELECT name FROM mill.corpus WHERE tenant = 'default')
"""
# Under names alone the other tenants take theirs in again. A partition with a slash in it is no task's.
THEIRS = (
    "DELETE FROM mill.lease WHERE partition LIKE '%/%'",
    "DELETE FROM mill.publication WHERE partition LIKE '%/%'",
)


def upgrade() -> None:
    op.add_column("dataset", sa.Column("tenant", sa.Text(), nullable=True), schema="mill")
    op.execute(MADE_BY)
    for statement in (LEASES, PUBLICATIONS, NOBODYS):
        op.get_bind().execute(sa.text(statement), ASSETS)


def downgrade() -> None:
    for statement in THEIRS:
        op.execute(statement)
    op.drop_column("dataset", "tenant", schema="mill")
