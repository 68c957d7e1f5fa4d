"""Archive."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "archive_agreement",
        sa.Column("peer", sa.String(length=120), nullable=False),
        sa.Column("member_id", sa.String(length=64), nullable=False),
        sa.Column("agreed", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("peer", name=op.f("pk_archive_agreement")),
    )
    op.create_index(op.f("ix_archive_agreement_member_id"), "archive_agreement", ["member_id"], unique=False)
    op.create_table(
        "archive_message",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("member_id", sa.String(length=64), nullable=False),
        sa.Column("room", sa.String(length=120), nullable=False),
        sa.Column("sender", sa.String(length=120), nullable=False),
        sa.Column("by_staff", sa.Boolean(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("recalled", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_archive_message")),
    )
    op.create_index(op.f("ix_archive_message_at"), "archive_message", ["at"], unique=False)
    op.create_index(op.f("ix_archive_message_member_id"), "archive_message", ["member_id"], unique=False)
    op.create_index(op.f("ix_archive_message_room_at"), "archive_message", ["room", "at"], unique=False)
    op.create_index(op.f("ix_archive_message_sender"), "archive_message", ["sender"], unique=False)


def downgrade() -> None:
    """Back to the one before."""
    op.drop_index(op.f("ix_archive_message_sender"), table_name="archive_message")
    op.drop_index(op.f("ix_archive_message_room_at"), table_name="archive_message")
    op.drop_index(op.f("ix_archive_message_member_id"), table_name="archive_message")
    op.drop_index(op.f("ix_archive_message_at"), table_name="archive_message")
    op.drop_table("archive_message")
    op.drop_index(op.f("ix_archive_agreement_member_id"), table_name="archive_agreement")
    op.drop_table("archive_agreement")
