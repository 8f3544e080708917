"""what a running normalize has parsed so far"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "parsed",
        sa.Column("document_id", sa.BigInteger(), nullable=False),
        sa.Column("corpus_id", sa.BigInteger(), nullable=False),
        sa.Column("made_of", sa.Text(), nullable=True),
        sa.Column("units", JSONB(), nullable=False),
        sa.Column("dropped", JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["mill.document.id"], name=op.f("fk_parsed_document_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["corpus_id"], ["mill.corpus.id"], name=op.f("fk_parsed_corpus_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("document_id", name=op.f("pk_parsed")),
        schema="mill",
    )
    op.create_index("ix_parsed_corpus_id", "parsed", ["corpus_id"], schema="mill")


def downgrade() -> None:
    op.drop_table("parsed", schema="mill")
