"""Customer contact."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "contact_group",
        sa.Column("chatid", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("notice", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("told_version", sa.String(length=64), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("chatid", name=op.f("pk_contact_group")),
    )
    op.create_table(
        "contact_group_seat",
        sa.Column("chatid", sa.String(length=64), nullable=False),
        sa.Column("person", sa.String(length=64), nullable=False),
        sa.Column("member_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("scene", sa.String(length=10), nullable=False),
        sa.Column("invited_by", sa.String(length=64), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left_how", sa.String(length=12), nullable=False),
        sa.Column("returns", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("chatid", "person", name=op.f("pk_contact_group_seat")),
    )
    op.create_index(op.f("ix_contact_group_seat_member_id"), "contact_group_seat", ["member_id"], unique=False)
    op.create_index(op.f("ix_contact_group_seat_person"), "contact_group_seat", ["person"], unique=False)
    op.create_table(
        "contact_relation",
        sa.Column("staff", sa.String(length=64), nullable=False),
        sa.Column("external", sa.String(length=64), nullable=False),
        sa.Column("member_id", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("add_way", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("remark", sa.String(length=100), nullable=False),
        sa.Column("description", sa.String(length=600), nullable=False),
        sa.Column("mobiles", sa.JSON(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("ended_by", sa.String(length=10), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("staff", "external", name=op.f("pk_contact_relation")),
    )
    op.create_index(op.f("ix_contact_relation_external"), "contact_relation", ["external"], unique=False)
    op.create_index(op.f("ix_contact_relation_member_id"), "contact_relation", ["member_id"], unique=False)
    op.create_index(op.f("ix_contact_relation_state"), "contact_relation", ["state"], unique=False)
    op.create_table(
        "contact_run",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("stage", sa.String(length=10), nullable=False),
        sa.Column("place", sa.JSON(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("looked", sa.Integer(), nullable=False),
        sa.Column("differences", sa.Integer(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("trouble", sa.String(length=300), nullable=False),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_run")),
    )
    op.create_index(op.f("ix_contact_run_kind_started_at"), "contact_run", ["kind", "started_at"], unique=False)
    op.create_table(
        "contact_tag",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("group_id", sa.String(length=64), nullable=False),
        sa.Column("group_name", sa.String(length=60), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("ours", sa.String(length=60), nullable=False),
        sa.Column("seen", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_tag")),
    )
    op.create_index(op.f("ix_contact_tag_ours"), "contact_tag", ["ours"], unique=False)
    op.create_table(
        "contact_transfer",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("handover", sa.String(length=64), nullable=False),
        sa.Column("takeover", sa.String(length=64), nullable=False),
        sa.Column("external", sa.String(length=64), nullable=False),
        sa.Column("member_id", sa.String(length=64), nullable=False),
        sa.Column("resigned", sa.Boolean(), nullable=False),
        sa.Column("message", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_transfer")),
    )
    op.create_index(op.f("ix_contact_transfer_at"), "contact_transfer", ["at"], unique=False)
    op.create_index(op.f("ix_contact_transfer_external"), "contact_transfer", ["external"], unique=False)
    op.create_index(op.f("ix_contact_transfer_member_id"), "contact_transfer", ["member_id"], unique=False)
    op.create_index(op.f("ix_contact_transfer_state"), "contact_transfer", ["state"], unique=False)
    op.create_table(
        "contact_way",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=30), nullable=False),
        sa.Column("name", sa.String(length=30), nullable=False),
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("staff", sa.JSON(), nullable=False),
        sa.Column("groups", sa.JSON(), nullable=False),
        sa.Column("greeting", sa.Text(), nullable=False),
        sa.Column("link", sa.JSON(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("benefit", sa.JSON(), nullable=False),
        sa.Column("skip_verify", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("config_id", sa.String(length=100), nullable=False),
        sa.Column("qr_code", sa.String(length=500), nullable=False),
        sa.Column("trouble", sa.String(length=300), nullable=False),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_way")),
        sa.UniqueConstraint("state", name=op.f("uq_contact_way_state")),
    )
    op.create_table(
        "contact_welcome",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("staff", sa.String(length=64), nullable=False),
        sa.Column("external", sa.String(length=64), nullable=False),
        sa.Column("member_id", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_welcome")),
    )
    op.create_index(op.f("ix_contact_welcome_heard_at"), "contact_welcome", ["heard_at"], unique=False)
    op.create_index(op.f("ix_contact_welcome_member_id"), "contact_welcome", ["member_id"], unique=False)


def downgrade() -> None:
    """Back to the one before."""
    op.drop_index(op.f("ix_contact_welcome_member_id"), table_name="contact_welcome")
    op.drop_index(op.f("ix_contact_welcome_heard_at"), table_name="contact_welcome")
    op.drop_table("contact_welcome")
    op.drop_table("contact_way")
    op.drop_index(op.f("ix_contact_transfer_state"), table_name="contact_transfer")
    op.drop_index(op.f("ix_contact_transfer_member_id"), table_name="contact_transfer")
    op.drop_index(op.f("ix_contact_transfer_external"), table_name="contact_transfer")
    op.drop_index(op.f("ix_contact_transfer_at"), table_name="contact_transfer")
    op.drop_table("contact_transfer")
    op.drop_index(op.f("ix_contact_tag_ours"), table_name="contact_tag")
    op.drop_table("contact_tag")
    op.drop_index(op.f("ix_contact_run_kind_started_at"), table_name="contact_run")
    op.drop_table("contact_run")
    op.drop_index(op.f("ix_contact_relation_state"), table_name="contact_relation")
    op.drop_index(op.f("ix_contact_relation_member_id"), table_name="contact_relation")
    op.drop_index(op.f("ix_contact_relation_external"), table_name="contact_relation")
    op.drop_table("contact_relation")
    op.drop_index(op.f("ix_contact_group_seat_person"), table_name="contact_group_seat")
    op.drop_index(op.f("ix_contact_group_seat_member_id"), table_name="contact_group_seat")
    op.drop_table("contact_group_seat")
    op.drop_table("contact_group")
