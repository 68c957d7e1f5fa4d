"""The book in full: identities."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "member_evidence",
        sa.Column("one", sa.String(length=64), nullable=False),
        sa.Column("other", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("ref", sa.String(length=64), nullable=False),
        sa.Column("strong", sa.Boolean(), nullable=False),
        sa.Column("source", sa.String(length=30), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("one < other", name="ck_member_evidence_pair"),
        sa.PrimaryKeyConstraint("one", "other", "kind", "ref", name=op.f("pk_member_evidence")),
    )
    op.create_index(op.f("ix_member_evidence_other"), "member_evidence", ["other"], unique=False)
    op.create_table(
        "member_merge",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("kept", sa.String(length=64), nullable=False),
        sa.Column("absorbed", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("memory", sa.JSON(), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_by", sa.String(length=100), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member_merge")),
    )
    op.create_index(op.f("ix_member_merge_absorbed"), "member_merge", ["absorbed"], unique=False)
    op.create_index(op.f("ix_member_merge_kept"), "member_merge", ["kept"], unique=False)
    op.create_index(op.f("ix_member_merge_state_at"), "member_merge", ["state", "at"], unique=False)
    op.create_index(
        "uq_member_merge_active",
        "member_merge",
        ["absorbed"],
        unique=True,
        sqlite_where=sa.text("state = 'active'"),
        postgresql_where=sa.text("state = 'active'"),
    )
    op.create_table(
        "member_merge_row",
        sa.Column("merge_id", sa.String(length=64), nullable=False),
        sa.Column("table_name", sa.String(length=60), nullable=False),
        sa.Column("row_key", sa.String(length=500), nullable=False),
        sa.PrimaryKeyConstraint("merge_id", "table_name", "row_key", name=op.f("pk_member_merge_row")),
    )
    op.create_table(
        "member_proposal",
        sa.Column("one", sa.String(length=64), nullable=False),
        sa.Column("other", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("hindrance", sa.String(length=200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.String(length=100), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("one < other", name="ck_member_proposal_pair"),
        sa.PrimaryKeyConstraint("one", "other", name=op.f("pk_member_proposal")),
    )
    op.create_index(op.f("ix_member_proposal_other"), "member_proposal", ["other"], unique=False)
    op.create_index(op.f("ix_member_proposal_state_at"), "member_proposal", ["state", "at"], unique=False)
    op.add_column("member", sa.Column("merged_into", sa.String(length=64), server_default="", nullable=False))
    op.create_index(
        "ix_member_merged_into",
        "member",
        ["merged_into"],
        unique=False,
        sqlite_where=sa.text("merged_into <> ''"),
        postgresql_where=sa.text("merged_into <> ''"),
    )


def downgrade() -> None:
    """Back to the one before."""
    op.drop_index(
        "ix_member_merged_into",
        table_name="member",
        sqlite_where=sa.text("merged_into <> ''"),
        postgresql_where=sa.text("merged_into <> ''"),
    )
    op.drop_column("member", "merged_into")
    op.drop_index(op.f("ix_member_proposal_state_at"), table_name="member_proposal")
    op.drop_index(op.f("ix_member_proposal_other"), table_name="member_proposal")
    op.drop_table("member_proposal")
    op.drop_table("member_merge_row")
    op.drop_index(
        "uq_member_merge_active",
        table_name="member_merge",
        sqlite_where=sa.text("state = 'active'"),
        postgresql_where=sa.text("state = 'active'"),
    )
    op.drop_index(op.f("ix_member_merge_state_at"), table_name="member_merge")
    op.drop_index(op.f("ix_member_merge_kept"), table_name="member_merge")
    op.drop_index(op.f("ix_member_merge_absorbed"), table_name="member_merge")
    op.drop_table("member_merge")
    op.drop_index(op.f("ix_member_evidence_other"), table_name="member_evidence")
    op.drop_table("member_evidence")
