"""open executions"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("execution", sa.Column("owner", sa.Text(), nullable=True), schema="mill")
    op.create_index(
        "ix_execution_owner", "execution", ["owner"], schema="mill", postgresql_where=sa.text("owner IS NOT NULL")
    )


def downgrade() -> None:
    op.drop_index("ix_execution_owner", table_name="execution", schema="mill")
    op.drop_column("execution", "owner", schema="mill")
