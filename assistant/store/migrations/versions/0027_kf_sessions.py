"""Sessions, accounts and servicers of 微信客服; how many messages an outgoing one takes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "kf_account",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("managed", sa.Boolean(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("pulled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("trouble", sa.String(length=300), nullable=False),
        sa.Column("trouble_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kf_account")),
    )
    op.create_table(
        "kf_servicer",
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("userid", sa.String(length=120), nullable=False),
        sa.Column("receiving", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("account", "userid", name=op.f("pk_kf_servicer")),
    )
    op.create_table(
        "kf_session",
        sa.Column("conversation", sa.String(length=200), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("peer", sa.String(length=64), nullable=False),
        sa.Column("last_said", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by_channel", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("servicer", sa.String(length=120), nullable=False),
        sa.Column("state_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("named", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("conversation", name=op.f("pk_kf_session")),
    )
    op.create_index(op.f("ix_kf_session_asked_at"), "kf_session", ["asked_at"], unique=False)
    op.create_index(op.f("ix_kf_session_peer"), "kf_session", ["peer"], unique=False)
    op.add_column("conversation", sa.Column("fresh_from", sa.DateTime(timezone=True), nullable=True))
    op.add_column("outbox", sa.Column("parts", sa.Integer(), server_default="0", nullable=False))
    op.add_column("outbox", sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(op.f("ix_outbox_external_id"), "outbox", ["external_id"], unique=False)


def downgrade() -> None:
    """Back to the one before."""
    op.drop_index(op.f("ix_outbox_external_id"), table_name="outbox")
    op.drop_column("outbox", "claimed_at")
    op.drop_column("outbox", "parts")
    op.drop_column("conversation", "fresh_from")
    op.drop_index(op.f("ix_kf_session_peer"), table_name="kf_session")
    op.drop_index(op.f("ix_kf_session_asked_at"), table_name="kf_session")
    op.drop_table("kf_session")
    op.drop_table("kf_servicer")
    op.drop_table("kf_account")
