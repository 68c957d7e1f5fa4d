"""Cards of the app with buttons; who holds a thing that only one process may hold, and since when."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "app_card",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("conversation", sa.String(length=200), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("msgid", sa.String(length=200), nullable=False),
        sa.Column("code", sa.String(length=200), nullable=False),
        sa.Column("chosen", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("say", sa.String(length=300), nullable=False),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_app_card")),
    )
    op.create_index(op.f("ix_app_card_conversation_state"), "app_card", ["conversation", "state"], unique=False)
    op.create_index(op.f("ix_app_card_subject"), "app_card", ["subject"], unique=False)
    op.add_column("holder", sa.Column("by", sa.String(length=100), server_default="", nullable=False))
    op.add_column("holder", sa.Column("since", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Back to the one before."""
    op.drop_column("holder", "since")
    op.drop_column("holder", "by")
    op.drop_index(op.f("ix_app_card_subject"), table_name="app_card")
    op.drop_index(op.f("ix_app_card_conversation_state"), table_name="app_card")
    op.drop_table("app_card")
