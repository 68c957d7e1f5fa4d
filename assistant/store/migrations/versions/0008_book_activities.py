"""The book in full: activities."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    _activities()
    _entries()
    _referrals()
    op.add_column("activity_checkin", sa.Column("bonus", sa.Integer(), server_default="0", nullable=False))
    op.add_column("activity_checkin", sa.Column("made_up", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("activity_item", sa.Column("code_name", sa.String(length=60), server_default="", nullable=False))
    op.add_column("activity_item", sa.Column("value_fen", sa.Integer(), server_default="0", nullable=False))
    # Every seventh day in a row brought twenty points beside the five of the day.
    op.execute("UPDATE activity_checkin SET bonus = points - 5 WHERE points > 5")


def _activities() -> None:
    op.create_table(
        "activity",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hold_id", sa.String(length=64), nullable=False),
        sa.Column("seed", sa.String(length=80), nullable=False),
        sa.Column("seed_digest", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_activity")),
    )
    op.create_index(op.f("ix_activity_state_kind"), "activity", ["state", "kind"], unique=False)
    op.create_table(
        "activity_stock",
        sa.Column("activity", sa.String(length=40), nullable=False),
        sa.Column("item", sa.String(length=40), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("taken", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("taken >= 0 AND taken <= total", name="ck_activity_stock_taken"),
        sa.PrimaryKeyConstraint("activity", "item", name=op.f("pk_activity_stock")),
    )
    op.create_table(
        "activity_version",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("author", sa.String(length=100), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", "version", name=op.f("pk_activity_version")),
    )


def _entries() -> None:
    op.create_table(
        "activity_entry",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("activity", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("member_id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("item", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("spend_id", sa.String(length=64), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity_entry")),
        sa.UniqueConstraint("activity", "member_id", "number", name=op.f("uq_activity_entry_activity_member_id_number")),
    )
    op.create_index(op.f("ix_activity_entry_activity_state_at"), "activity_entry", ["activity", "state", "at"], unique=False)
    op.create_index(op.f("ix_activity_entry_member_id_at"), "activity_entry", ["member_id", "at"], unique=False)


def _referrals() -> None:
    op.create_table(
        "activity_invite",
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("activity", sa.String(length=40), nullable=False),
        sa.Column("member_id", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_activity_invite")),
        sa.UniqueConstraint("activity", "member_id", name=op.f("uq_activity_invite_activity_member_id")),
    )
    op.create_table(
        "activity_participant",
        sa.Column("activity", sa.String(length=40), nullable=False),
        sa.Column("member_id", sa.String(length=64), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("activity", "member_id", name=op.f("pk_activity_participant")),
    )
    op.create_table(
        "activity_referral",
        sa.Column("activity", sa.String(length=40), nullable=False),
        sa.Column("invitee_id", sa.String(length=64), nullable=False),
        sa.Column("inviter_id", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("look_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("order_id", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("activity", "invitee_id", name=op.f("pk_activity_referral")),
        sa.UniqueConstraint("invitee_id", name=op.f("uq_activity_referral_invitee_id")),
    )
    op.create_index(op.f("ix_activity_referral_activity_inviter_id"), "activity_referral", ["activity", "inviter_id"], unique=False)
    op.create_index(op.f("ix_activity_referral_state_look_at"), "activity_referral", ["state", "look_at"], unique=False)


def downgrade() -> None:
    """Back to the one before."""
    op.drop_column("activity_item", "value_fen")
    op.drop_column("activity_item", "code_name")
    op.drop_column("activity_checkin", "made_up")
    op.drop_column("activity_checkin", "bonus")
    op.drop_table("activity_version")
    op.drop_table("activity_stock")
    op.drop_index(op.f("ix_activity_referral_state_look_at"), table_name="activity_referral")
    op.drop_index(op.f("ix_activity_referral_activity_inviter_id"), table_name="activity_referral")
    op.drop_table("activity_referral")
    op.drop_table("activity_participant")
    op.drop_table("activity_invite")
    op.drop_index(op.f("ix_activity_entry_member_id_at"), table_name="activity_entry")
    op.drop_index(op.f("ix_activity_entry_activity_state_at"), table_name="activity_entry")
    op.drop_table("activity_entry")
    op.drop_index(op.f("ix_activity_state_kind"), table_name="activity")
    op.drop_table("activity")
