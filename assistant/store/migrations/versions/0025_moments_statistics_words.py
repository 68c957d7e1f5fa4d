"""Moments statistics words."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "content_word_rule",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("words", sa.JSON(), nullable=False),
        sa.Column("semantics", sa.JSON(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("staff", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("external", sa.String(length=120), nullable=False),
        sa.Column("trouble", sa.Text(), nullable=False),
        sa.Column("drifts", sa.Integer(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_content_word_rule")),
        sa.UniqueConstraint("name", name=op.f("uq_content_word_rule_name")),
    )
    op.create_table(
        "insights_group_day",
        sa.Column("owner", sa.String(length=120), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("new_groups", sa.Integer(), nullable=False),
        sa.Column("groups", sa.Integer(), nullable=False),
        sa.Column("active_groups", sa.Integer(), nullable=False),
        sa.Column("new_members", sa.Integer(), nullable=False),
        sa.Column("members", sa.Integer(), nullable=False),
        sa.Column("speaking", sa.Integer(), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("pulled_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("owner", "day", name=op.f("pk_insights_group_day")),
    )
    op.create_index(op.f("ix_insights_group_day_day"), "insights_group_day", ["day"], unique=False)
    op.create_table(
        "insights_staff_day",
        sa.Column("staff", sa.String(length=120), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("chats", sa.Integer(), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("replied", sa.Integer(), nullable=True),
        sa.Column("first_reply_minutes", sa.Integer(), nullable=True),
        sa.Column("negative", sa.Integer(), nullable=False),
        sa.Column("applies", sa.Integer(), nullable=False),
        sa.Column("contacts", sa.Integer(), nullable=False),
        sa.Column("pulled_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("staff", "day", name=op.f("pk_insights_staff_day")),
    )
    op.create_index(op.f("ix_insights_staff_day_day"), "insights_staff_day", ["day"], unique=False)
    op.create_table(
        "outreach_moment",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("cause", sa.String(length=160), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("attachments", sa.JSON(), nullable=False),
        sa.Column("staff", sa.JSON(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("jobid", sa.String(length=120), nullable=False),
        sa.Column("external", sa.String(length=120), nullable=True),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("called_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outreach_moment")),
        sa.UniqueConstraint("external", name=op.f("uq_outreach_moment_external")),
    )
    op.create_index(op.f("ix_outreach_moment_queued_at"), "outreach_moment", ["queued_at"], unique=False)
    op.create_table(
        "outreach_moment_staff",
        sa.Column("moment_id", sa.String(length=64), nullable=False),
        sa.Column("staff", sa.String(length=120), nullable=False),
        sa.Column("published", sa.Boolean(), nullable=False),
        sa.Column("customers", sa.Integer(), nullable=False),
        sa.Column("comments", sa.Integer(), nullable=False),
        sa.Column("likes", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("moment_id", "staff", name=op.f("pk_outreach_moment_staff")),
    )


def downgrade() -> None:
    """Back to the one before."""
    op.drop_table("outreach_moment_staff")
    op.drop_index(op.f("ix_outreach_moment_queued_at"), table_name="outreach_moment")
    op.drop_table("outreach_moment")
    op.drop_index(op.f("ix_insights_staff_day_day"), table_name="insights_staff_day")
    op.drop_table("insights_staff_day")
    op.drop_index(op.f("ix_insights_group_day_day"), table_name="insights_group_day")
    op.drop_table("insights_group_day")
    op.drop_table("content_word_rule")
