"""Media."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "media",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("filename", sa.String(length=200), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_media")),
    )
    op.create_index(op.f("ix_media_sha"), "media", ["sha"], unique=False)
    op.create_index(op.f("ix_media_used_at"), "media", ["used_at"], unique=False)
    op.create_table(
        "media_upload",
        sa.Column("media", sa.String(length=64), nullable=False),
        sa.Column("place", sa.String(length=80), nullable=False),
        sa.Column("external_id", sa.String(length=600), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("media", "place", name=op.f("pk_media_upload")),
    )
    op.create_index(op.f("ix_media_upload_expires_at"), "media_upload", ["expires_at"], unique=False)


def downgrade() -> None:
    """Back to the one before."""
    op.drop_index(op.f("ix_media_upload_expires_at"), table_name="media_upload")
    op.drop_table("media_upload")
    op.drop_index(op.f("ix_media_used_at"), table_name="media")
    op.drop_index(op.f("ix_media_sha"), table_name="media")
    op.drop_table("media")
