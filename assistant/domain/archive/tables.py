"""Archived messages, and who agreed that theirs are kept."""

from __future__ import annotations

import sqlalchemy as sa

from assistant.store import Instant, id_column, member_column, metadata

message = sa.Table(
    "archive_message",
    metadata,
    id_column(),
    member_column(),
    sa.Column("room", sa.String(120), nullable=False),
    sa.Column("sender", sa.String(120), nullable=False),
    sa.Column("by_staff", sa.Boolean, nullable=False),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("recalled", sa.Boolean, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Index(None, "room", "at"),
    sa.Index(None, "sender"),
    sa.Index(None, "member_id"),
    sa.Index(None, "at"),
)

agreement = sa.Table(
    "archive_agreement",
    metadata,
    sa.Column("peer", sa.String(120), primary_key=True),
    member_column(),
    sa.Column("agreed", sa.Boolean, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Index(None, "member_id"),
)
