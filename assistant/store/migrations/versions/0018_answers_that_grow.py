"""Answers that grow."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "answer_stream",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("conversation", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("outbox", sa.String(length=64), nullable=False),
        sa.Column("reply_to", sa.JSON(), nullable=False),
        sa.Column("chosen", sa.String(length=200), nullable=False),
        sa.Column("url_used", sa.Boolean(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answer_stream")),
    )
    op.create_index(op.f("ix_answer_stream_conversation_began_at"), "answer_stream", ["conversation", "began_at"], unique=False)
    op.create_index(op.f("ix_answer_stream_state_began_at"), "answer_stream", ["state", "began_at"], unique=False)


def downgrade() -> None:
    """Back to the one before."""
    op.drop_index(op.f("ix_answer_stream_state_began_at"), table_name="answer_stream")
    op.drop_index(op.f("ix_answer_stream_conversation_began_at"), table_name="answer_stream")
    op.drop_table("answer_stream")
