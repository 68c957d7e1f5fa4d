"""The tables of behaviour: where events come from, what came, which browsers and devices are whose."""

from __future__ import annotations

import sqlalchemy as sa

from assistant.store import Instant, id_column, json_column, member_column, metadata

source = sa.Table(
    "event_source",
    metadata,
    sa.Column("name", sa.String(40), primary_key=True),
    sa.Column("title", sa.String(60), nullable=False),
    sa.Column("write_key", sa.String(64), nullable=False),
    sa.Column("namespace", sa.String(40), nullable=False),
    sa.Column("trusted", sa.Boolean, nullable=False),
    sa.Column("open", sa.Boolean, nullable=False),
    sa.Column("added_at", Instant, nullable=False),
    sa.Index(None, "write_key", unique=True),
)
"""``write_key`` is a SHA-256, the key itself is shown once."""

event = sa.Table(
    "event",
    metadata,
    id_column(),
    sa.Column("source", sa.String(40), nullable=False),
    sa.Column("kind", sa.String(10), nullable=False),
    sa.Column("name", sa.String(120), nullable=False),
    member_column(),
    sa.Column("person", sa.String(250), nullable=False),
    sa.Column("anonymous_id", sa.String(200), nullable=False),
    sa.Column("trusted", sa.Boolean, nullable=False),
    sa.Column("heard", sa.Boolean, nullable=False),
    sa.Column("occurred_at", Instant, nullable=False),
    sa.Column("received_at", Instant, nullable=False),
    json_column("properties"),
    sa.Index(None, "member_id", "name", "occurred_at"),
    sa.Index(
        "ix_event_unheard",
        "received_at",
        sqlite_where=sa.text("heard = 0 AND member_id <> ''"),
        postgresql_where=sa.text("NOT heard AND member_id <> ''"),
    ),
    sa.Index("ix_event_nobody", "person", sqlite_where=sa.text("member_id = ''"), postgresql_where=sa.text("member_id = ''")),
    sa.Index("ix_event_unknown", "anonymous_id", sqlite_where=sa.text("member_id = ''"), postgresql_where=sa.text("member_id = ''")),
)
"""``person`` is the reference by which the sender named the member, kept so that a member who appears later finds what was his."""

device = sa.Table(
    "event_device",
    metadata,
    sa.Column("source", sa.String(40), primary_key=True),
    sa.Column("anonymous_id", sa.String(200), primary_key=True),
    member_column(),
    sa.Column("at", Instant, nullable=False),
    sa.Index(None, "member_id"),
)

name = sa.Table(
    "event_name",
    metadata,
    sa.Column("name", sa.String(120), primary_key=True),
    sa.Column("first_at", Instant, nullable=False),
)
