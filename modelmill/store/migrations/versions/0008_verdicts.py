"""what of a corpus passed a check already"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "verdict",
        sa.Column("corpus_id", sa.BigInteger(), nullable=False),
        sa.Column("check", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("judge", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.ForeignKeyConstraint(
            ["corpus_id"], ["mill.corpus.id"], name=op.f("fk_verdict_corpus_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("corpus_id", "check", "file", name=op.f("pk_verdict")),
        schema="mill",
    )


def downgrade() -> None:
    op.drop_table("verdict", schema="mill")
