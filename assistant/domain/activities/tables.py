"""Check-ins, items of the mall and redemptions."""

from __future__ import annotations

import sqlalchemy as sa

from assistant.store import Instant, id_column, member_column, metadata

checkin = sa.Table(
    "activity_checkin",
    metadata,
    member_column(primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("streak", sa.Integer, nullable=False),
    sa.Column("points", sa.Integer, nullable=False),
    sa.Column("at", Instant, nullable=False),
)

item = sa.Table(
    "activity_item",
    metadata,
    id_column(),
    sa.Column("title", sa.String(120), nullable=False),
    sa.Column("points", sa.Integer, nullable=False),
    sa.Column("stock", sa.Integer, nullable=False),
    sa.Column("per_member", sa.Integer, nullable=False),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("at", Instant, nullable=False),
)

redemption = sa.Table(
    "activity_redemption",
    metadata,
    id_column(),
    member_column(),
    sa.Column("item", sa.String(64), nullable=False),
    sa.Column("title", sa.String(120), nullable=False),
    sa.Column("quantity", sa.Integer, nullable=False),
    sa.Column("points", sa.Integer, nullable=False),
    sa.Column("spend_id", sa.String(64), nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Index(None, "member_id", "item"),
    sa.Index(None, "state", "at"),
)
