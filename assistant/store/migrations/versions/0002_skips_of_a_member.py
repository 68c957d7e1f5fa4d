"""Skips of a member."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.create_index(op.f("ix_outreach_skip_member_id_at"), "outreach_skip", ["member_id", "at"], unique=False)


def downgrade() -> None:
    """Back to the one before."""
    op.drop_index(op.f("ix_outreach_skip_member_id_at"), table_name="outreach_skip")
