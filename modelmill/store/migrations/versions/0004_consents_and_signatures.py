"""consents, each withdrawable by itself; and the signatures by which texts are compared"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "consent",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("corpus_id", sa.BigInteger(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("given_by", sa.Text(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("withdrawn_by", sa.Text(), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("scope in ('train', 'run')", name=op.f("ck_consent_scope")),
        sa.ForeignKeyConstraint(
            ["corpus_id"], ["mill.corpus.id"], name=op.f("fk_consent_corpus_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
        schema="mill",
    )
    op.create_index(
        "uq_consent_live",
        "consent",
        ["corpus_id", "scope"],
        unique=True,
        schema="mill",
        postgresql_where=sa.text("withdrawn_at is null"),
    )
    op.execute(
        "INSERT INTO mill.consent (corpus_id, scope, given_by, given_at) "
        "SELECT id, 'train', coalesce(consent_by, 'before 0004'), coalesce(consent_at, created_at) "
        "FROM mill.corpus WHERE consent_to_train"
    )
    for column in ("consent_to_train", "consent_by", "consent_at"):
        op.drop_column("corpus", column, schema="mill")
    op.create_table(
        "signature",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("bands", sa.LargeBinary(), nullable=False),
        sa.Column("cluster", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_signature")),
        schema="mill",
    )
    op.add_column("release", sa.Column("tainted", sa.Text(), nullable=True), schema="mill")


def downgrade() -> None:
    op.drop_column("release", "tainted", schema="mill")
    op.drop_table("signature", schema="mill")
    op.add_column(
        "corpus",
        sa.Column("consent_to_train", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        schema="mill",
    )
    op.add_column("corpus", sa.Column("consent_by", sa.Text(), nullable=True), schema="mill")
    op.add_column("corpus", sa.Column("consent_at", sa.DateTime(timezone=True), nullable=True), schema="mill")
    op.execute(
        "UPDATE mill.corpus SET consent_to_train = true, consent_by = given_by, consent_at = given_at "
        "FROM mill.consent WHERE consent.corpus_id = corpus.id AND scope = 'train' AND withdrawn_at IS NULL"
    )
    op.drop_table("consent", schema="mill")
