"""Contact history: who wrote to us, what we sent, what we did not send and why."""

from __future__ import annotations

import sqlalchemy as sa

from assistant.store import Instant, id_column, member_column, metadata

inbound = sa.Table(
    "outreach_inbound",
    metadata,
    sa.Column("key", sa.String(200), primary_key=True),
    member_column(),
    sa.Column("touchpoint", sa.String(20), nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Index(None, "member_id", "at"),
)

touch = sa.Table(
    "outreach_touch",
    metadata,
    id_column(),
    sa.Column("key", sa.String(200), nullable=False, unique=True),
    member_column(),
    sa.Column("cause", sa.String(160), nullable=False),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("topic", sa.String(60), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("route", sa.String(20), nullable=False),
    sa.Column("peer", sa.String(100), nullable=False),
    sa.Column("staff", sa.String(64), nullable=False),
    sa.Column("group", sa.String(64), nullable=False),
    sa.Column("place", sa.String(120), unique=True),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("external_id", sa.String(200), nullable=False),
    sa.Column("queued_at", Instant, nullable=False),
    sa.Column("settled_at", Instant),
    sa.Index(None, "member_id", "queued_at"),
    sa.Index(None, "cause", "state"),
    sa.Index(None, "group", "state"),
    sa.Index(None, "state", "queued_at"),
)

skip = sa.Table(
    "outreach_skip",
    metadata,
    sa.Column("cause", sa.String(160), primary_key=True),
    member_column(primary_key=True),
    sa.Column("code", sa.String(40), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Index(None, "member_id", "at"),
)

feedback = sa.Table(
    "outreach_feedback",
    metadata,
    sa.Column("key", sa.String(200), primary_key=True),
    member_column(),
    sa.Column("at", Instant, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Index(None, "member_id", "at"),
)
