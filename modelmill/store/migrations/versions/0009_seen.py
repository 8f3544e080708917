"""what the files of a folder were found to be when they were last read"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "seen",
        sa.Column("corpus_id", sa.BigInteger(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("licence", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["corpus_id"], ["mill.corpus.id"], name=op.f("fk_seen_corpus_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("corpus_id", "path", name=op.f("pk_seen")),
        schema="mill",
    )


def downgrade() -> None:
    op.drop_table("seen", schema="mill")
