"""People and tickets."""

from __future__ import annotations

import sqlalchemy as sa

from assistant.store import Instant, id_column, member_column, metadata

person = sa.Table(
    "staff_person",
    metadata,
    sa.Column("userid", sa.String(120), primary_key=True),
    sa.Column("name", sa.String(60), nullable=False),
    sa.Column("role", sa.String(20), nullable=False),
    sa.Column("at", Instant, nullable=False),
)

ticket = sa.Table(
    "staff_ticket",
    metadata,
    id_column(),
    sa.Column("kind", sa.String(20), nullable=False),
    member_column(),
    sa.Column("conversation", sa.String(200), nullable=False),
    # One open ticket per kind and conversation; empty once it is done.
    sa.Column("place", sa.String(240), unique=True),
    sa.Column("title", sa.String(200), nullable=False),
    sa.Column("summary", sa.Text, nullable=False),
    sa.Column("ready_text", sa.Text, nullable=False),
    sa.Column("staff", sa.String(120), nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("opened_at", Instant, nullable=False),
    sa.Column("due_at", Instant),
    sa.Column("taken_at", Instant),
    sa.Column("done_at", Instant),
    sa.Column("note", sa.Text, nullable=False),
    sa.Index(None, "state", "due_at"),
    sa.Index(None, "staff", "state"),
    sa.Index(None, "member_id"),
)
