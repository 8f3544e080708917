"""what the files of a folder are written in, where their names do not tell"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DELETE FROM mill.seen")  # judged by other rules; those files are read once more
    op.add_column("seen", sa.Column("language", sa.Text(), nullable=True), schema="mill")


def downgrade() -> None:
    op.drop_column("seen", "language", schema="mill")
