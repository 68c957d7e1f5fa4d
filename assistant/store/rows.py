"""The tables the house itself needs: facts, due work, inbox, outbox, command keys and cursors."""

from __future__ import annotations

import sqlalchemy as sa

from assistant.store.types import Instant, id_column, json_column, member_column

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

fact = sa.Table(
    "fact",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("name", sa.String(80), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("subject", sa.String(100), nullable=False),
    member_column(),
    sa.Column("cause", sa.String(160), nullable=False),
    sa.Column("principal", sa.String(100), nullable=False),
    sa.Column("occurred_at", Instant, nullable=False),
    json_column("payload"),
    sa.Index(None, "name", "occurred_at"),
    sa.Index(None, "member_id", "name"),
    sa.Index(None, "cause"),
    sa.Index(None, "subject"),
)

due = sa.Table(
    "due",
    metadata,
    id_column(),
    sa.Column("kind", sa.String(60), nullable=False),
    sa.Column("key", sa.String(200), nullable=False),
    sa.Column("order_key", sa.String(200)),
    json_column("payload"),
    sa.Column("due_at", Instant, nullable=False),
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("held", sa.Boolean, nullable=False),
    sa.Column("lease_until", Instant),
    sa.Column("lease_token", sa.String(64), nullable=False),
    sa.Column("last_error", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Index(None, "held", "due_at"),
    sa.Index(None, "order_key"),
)

inbox = sa.Table(
    "inbox",
    metadata,
    id_column(),
    sa.Column("source", sa.String(40), nullable=False),
    sa.Column("external_id", sa.String(200), nullable=False),
    sa.Column("conversation", sa.String(200), nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("turn", sa.String(100), nullable=False),
    sa.Column("received_at", Instant, nullable=False),
    json_column("message"),
    sa.UniqueConstraint("source", "external_id"),
    sa.Index(None, "conversation", "state"),
)

outbox = sa.Table(
    "outbox",
    metadata,
    id_column(),
    sa.Column("key", sa.String(200), nullable=False, unique=True),
    sa.Column("channel", sa.String(20), nullable=False),
    sa.Column("conversation", sa.String(200), nullable=False),
    member_column(),
    sa.Column("cause", sa.String(160), nullable=False),
    sa.Column("proactive", sa.Boolean, nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    # In how many messages of the channel it went out, and since when; 0 until it is claimed or where nobody counts.
    sa.Column("parts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("claimed_at", Instant),
    sa.Column("queued_at", Instant, nullable=False),
    sa.Column("settled_at", Instant),
    sa.Column("external_id", sa.String(200), nullable=False),
    sa.Column("code", sa.String(40), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    json_column("message"),
    sa.Index(None, "conversation", "queued_at"),
    sa.Index(None, "external_id"),
    sa.Index(None, "state"),
    sa.Index(None, "cause"),
)

command_key = sa.Table(
    "command_key",
    metadata,
    sa.Column("verb", sa.String(60), primary_key=True),
    sa.Column("key", sa.String(200), primary_key=True),
    sa.Column("input_hash", sa.String(64), nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("at", Instant, nullable=False),
)

cursor = sa.Table(
    "cursor", metadata, sa.Column("name", sa.String(120), primary_key=True), json_column("value"), sa.Column("at", Instant, nullable=False)
)
