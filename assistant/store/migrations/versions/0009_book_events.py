"""The book in full: events."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "event",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("member_id", sa.String(length=64), nullable=False),
        sa.Column("person", sa.String(length=250), nullable=False),
        sa.Column("anonymous_id", sa.String(length=200), nullable=False),
        sa.Column("trusted", sa.Boolean(), nullable=False),
        sa.Column("heard", sa.Boolean(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("properties", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
    )
    op.create_index(op.f("ix_event_member_id_name_occurred_at"), "event", ["member_id", "name", "occurred_at"], unique=False)
    op.create_index(
        "ix_event_nobody",
        "event",
        ["person"],
        unique=False,
        sqlite_where=sa.text("member_id = ''"),
        postgresql_where=sa.text("member_id = ''"),
    )
    op.create_index(
        "ix_event_unheard",
        "event",
        ["received_at"],
        unique=False,
        sqlite_where=sa.text("heard = 0 AND member_id <> ''"),
        postgresql_where=sa.text("NOT heard AND member_id <> ''"),
    )
    op.create_index(
        "ix_event_unknown",
        "event",
        ["anonymous_id"],
        unique=False,
        sqlite_where=sa.text("member_id = ''"),
        postgresql_where=sa.text("member_id = ''"),
    )
    op.create_table(
        "event_device",
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("anonymous_id", sa.String(length=200), nullable=False),
        sa.Column("member_id", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("source", "anonymous_id", name=op.f("pk_event_device")),
    )
    op.create_index(op.f("ix_event_device_member_id"), "event_device", ["member_id"], unique=False)
    op.create_table(
        "event_name",
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_event_name")),
    )
    op.create_table(
        "event_source",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=60), nullable=False),
        sa.Column("write_key", sa.String(length=64), nullable=False),
        sa.Column("namespace", sa.String(length=40), nullable=False),
        sa.Column("trusted", sa.Boolean(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_event_source")),
    )
    op.create_index(op.f("ix_event_source_write_key"), "event_source", ["write_key"], unique=True)


def downgrade() -> None:
    """Back to the one before."""
    op.drop_index(op.f("ix_event_source_write_key"), table_name="event_source")
    op.drop_table("event_source")
    op.drop_table("event_name")
    op.drop_index(op.f("ix_event_device_member_id"), table_name="event_device")
    op.drop_table("event_device")
    op.drop_index(
        "ix_event_unknown", table_name="event", sqlite_where=sa.text("member_id = ''"), postgresql_where=sa.text("member_id = ''")
    )
    op.drop_index(
        "ix_event_unheard",
        table_name="event",
        sqlite_where=sa.text("heard = 0 AND member_id <> ''"),
        postgresql_where=sa.text("NOT heard AND member_id <> ''"),
    )
    op.drop_index("ix_event_nobody", table_name="event", sqlite_where=sa.text("member_id = ''"), postgresql_where=sa.text("member_id = ''"))
    op.drop_index(op.f("ix_event_member_id_name_occurred_at"), table_name="event")
    op.drop_table("event")
