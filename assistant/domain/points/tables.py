"""The tables of points: lots, spends, what orders earned, history, the rule, and one row per member to hold while deciding."""

from __future__ import annotations

import sqlalchemy as sa

from assistant.store import Instant, id_column, json_column, member_column, metadata

holder = sa.Table("points_holder", metadata, sa.Column("member_id", sa.String(64), primary_key=True))

lot = sa.Table(
    "points_lot",
    metadata,
    id_column(),
    member_column(),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("remaining", sa.BigInteger, nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("source", sa.String(200), nullable=False),
    sa.Column("granted_at", Instant, nullable=False),
    sa.Column("available_at", Instant),
    sa.Column("expires_at", Instant),
    sa.Column("order_id", sa.String(64), nullable=False),
    sa.Column("order_no", sa.String(120), nullable=False),
    sa.Column("expired", sa.BigInteger, nullable=False),
    sa.Column("waived", sa.BigInteger, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.CheckConstraint("remaining >= 0 AND expired >= waived AND waived >= 0", name="ck_points_lot_parts"),
    sa.Index(None, "member_id"),
    sa.Index(None, "state", "available_at"),
    sa.Index(None, "state", "expires_at"),
)

spend = sa.Table(
    "points_spend",
    metadata,
    id_column(),
    member_column(),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("reason", sa.String(200), nullable=False),
    json_column("parts"),
    sa.Column("transaction_id", sa.String(64), nullable=False),
    sa.Column("returned", sa.Boolean, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.CheckConstraint("amount > 0", name="ck_points_spend_amount"),
    sa.Index(None, "member_id"),
)

earning = sa.Table(
    "points_order_earning",
    metadata,
    sa.Column("order_id", sa.String(64), primary_key=True),
    member_column(),
    sa.Column("per_yuan", sa.Integer, nullable=False),
    sa.Column("earned", sa.BigInteger, nullable=False),
    sa.Column("lot_id", sa.String(64), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.CheckConstraint("earned >= 0", name="ck_points_order_earning_earned"),
)

movement = sa.Table(
    "points_movement",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    member_column(),
    sa.Column("lot_id", sa.String(64), nullable=False),
    sa.Column("change", sa.BigInteger, nullable=False),
    sa.Column("reason", sa.String(200), nullable=False),
    sa.Column("order_no", sa.String(120), nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Index(None, "member_id", "at"),
)

rule = sa.Table(
    "points_rule",
    metadata,
    sa.Column("name", sa.String(40), primary_key=True),
    json_column("body"),
    sa.Column("at", Instant, nullable=False),
)
