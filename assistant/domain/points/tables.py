"""The tables of points: lots, spends, earnings, history, rules, caps, and one row per member to hold while deciding."""

from __future__ import annotations

import sqlalchemy as sa

from assistant.store import Instant, id_column, json_column, member_column, metadata

holder = sa.Table(
    "points_holder",
    metadata,
    sa.Column("member_id", sa.String(64), primary_key=True),
    sa.Column("household", sa.String(64), nullable=False, server_default=""),
)

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
    sa.Column("idle_days", sa.Integer, nullable=False, server_default="0"),
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
    sa.Column("state", sa.String(10), nullable=False, server_default="spent"),
    sa.Column("until", Instant),
    sa.Column("at", Instant, nullable=False),
    sa.CheckConstraint("amount > 0", name="ck_points_spend_amount"),
    sa.Index(None, "member_id"),
    sa.Index(None, "state", "until"),
)

earning = sa.Table(
    "points_order_earning",
    metadata,
    sa.Column("order_id", sa.String(64), primary_key=True),
    member_column(),
    sa.Column("rule_version", sa.Integer, nullable=False, server_default="0"),
    sa.Column("tier", sa.String(20), nullable=False, server_default=""),
    json_column("counted", server_default="{}"),
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

rules = sa.Table(
    "points_rules",
    metadata,
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    json_column("body"),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("note", sa.String(200), nullable=False),
    sa.Column("proposed_by", sa.String(100), nullable=False),
    sa.Column("proposed_at", Instant, nullable=False),
    json_column("simulation"),
    sa.Column("simulated_at", Instant),
    sa.Column("live_by", sa.String(100), nullable=False),
    sa.Column("live_at", Instant),
    sa.Index(
        "uq_points_rules_live", "state", unique=True, sqlite_where=sa.text("state = 'live'"), postgresql_where=sa.text("state = 'live'")
    ),
)

cap_use = sa.Table(
    "points_cap_use",
    metadata,
    sa.Column("cap", sa.String(40), primary_key=True),
    sa.Column("holder", sa.String(80), primary_key=True),
    sa.Column("period", sa.String(10), primary_key=True),
    sa.Column("used", sa.BigInteger, nullable=False),
    sa.CheckConstraint("used >= 0", name="ck_points_cap_use_used"),
)

behaviour = sa.Table(
    "points_behaviour",
    metadata,
    id_column(),
    member_column(),
    sa.Column("name", sa.String(80), nullable=False),
    json_column("properties"),
    sa.Column("at", Instant, nullable=False),
    sa.Index(None, "member_id"),
    sa.Index(None, "at"),
)

notice = sa.Table(
    "points_notice",
    metadata,
    sa.Column("member_id", sa.String(64), primary_key=True),
    sa.Column("expires_on", sa.String(10), primary_key=True),
    sa.Column("ahead", sa.Integer, primary_key=True),
    sa.Column("at", Instant, nullable=False),
)
