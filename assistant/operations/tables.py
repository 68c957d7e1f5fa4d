"""Plans in every state, and who was handled by which."""

from __future__ import annotations

import sqlalchemy as sa

from assistant.store import Instant, id_column, json_column, member_column, metadata

plan = sa.Table(
    "operations_plan",
    metadata,
    id_column(),
    sa.Column("state", sa.String(20), nullable=False),
    json_column("body"),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("maker", sa.String(100), nullable=False),
    sa.Column("decided_by", sa.String(100), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("snapshot_id", sa.String(64), nullable=False),
    json_column("preview"),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("hold_id", sa.String(64), nullable=False),
    sa.Column("after", sa.String(64), nullable=False),
    sa.Column("chunk", sa.Integer, nullable=False),
    sa.Column("sent", sa.Integer, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("expires_at", Instant),
    sa.Column("started_at", Instant),
    sa.Column("ended_at", Instant),
    sa.Index(None, "state", "created_at"),
)

plan_member = sa.Table(
    "operations_plan_member",
    metadata,
    sa.Column("plan_id", sa.String(64), primary_key=True),
    member_column(primary_key=True),
    sa.Column("outcome", sa.String(20), nullable=False),
    sa.Column("chunk", sa.Integer, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Index(None, "plan_id", "outcome"),
    sa.Index(None, "member_id"),
)
