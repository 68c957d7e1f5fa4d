"""The tables of conversations: who talks where, who holds the word, and what each turn did."""

from __future__ import annotations

import sqlalchemy as sa

from assistant.store import Instant, id_column, json_column, member_column, metadata

conversation = sa.Table(
    "conversation",
    metadata,
    sa.Column("id", sa.String(200), primary_key=True),
    sa.Column("channel", sa.String(20), nullable=False),
    json_column("address"),
    member_column(),
    sa.Column("principal", sa.String(100), nullable=False),
    sa.Column("title", sa.String(100), nullable=False),
    sa.Column("holder", sa.String(64), nullable=False),
    sa.Column("held_since", Instant),
    sa.Column("greeted", sa.Boolean, nullable=False),
    # What was said before is not the assistant's concern any more: a person has settled it.
    sa.Column("fresh_from", Instant),
    sa.Column("last_inbound_at", Instant, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Index(None, "member_id"),
    sa.Index(None, "last_inbound_at"),
)

turn = sa.Table(
    "turn",
    metadata,
    id_column(),
    sa.Column("conversation", sa.String(200), nullable=False),
    member_column(),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("wrote", sa.Boolean, nullable=False),
    json_column("messages"),
    sa.Column("model", sa.String(60), nullable=False),
    sa.Column("tokens", sa.Integer, nullable=False),
    sa.Column("opened_at", Instant, nullable=False),
    sa.Column("closed_at", Instant),
    sa.Index(None, "conversation", "opened_at"),
)

transcript = sa.Table(
    "transcript",
    metadata,
    id_column(),
    sa.Column("turn", sa.String(64), nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("at", Instant, nullable=False),
    json_column("event"),
    sa.Index(None, "turn", "number"),
)
