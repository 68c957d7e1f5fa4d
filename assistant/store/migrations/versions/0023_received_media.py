"""Received media."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "received_media",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("message", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("conversation", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("sha", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_received_media")),
    )
    op.create_index(op.f("ix_received_media_at"), "received_media", ["at"], unique=False)
    op.create_index(op.f("ix_received_media_conversation"), "received_media", ["conversation"], unique=False)
    op.create_index(op.f("ix_received_media_message"), "received_media", ["message"], unique=False)


def downgrade() -> None:
    """Back to the one before."""
    op.drop_index(op.f("ix_received_media_message"), table_name="received_media")
    op.drop_index(op.f("ix_received_media_conversation"), table_name="received_media")
    op.drop_index(op.f("ix_received_media_at"), table_name="received_media")
    op.drop_table("received_media")
