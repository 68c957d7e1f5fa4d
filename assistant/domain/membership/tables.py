"""The tables of membership: tiers, what orders count for, versions of the rules, paid time, gifts."""

from __future__ import annotations

import sqlalchemy as sa

from assistant.store import Instant, id_column, json_column, member_column, metadata

tier = sa.Table(
    "membership_tier",
    metadata,
    sa.Column("member_id", sa.String(64), primary_key=True),
    sa.Column("tier", sa.String(20), nullable=False),
    sa.Column("since", Instant, nullable=False),
    sa.Column("own", sa.String(20), nullable=False),
    sa.Column("floor", sa.String(20), nullable=False),
    sa.Column("until", Instant),
    sa.Column("base", sa.BigInteger, nullable=False),
    sa.Column("window", sa.Integer, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("checked", sa.Integer, nullable=False),
    sa.Index(None, "tier"),
    sa.Index(None, "until"),
    sa.Index(None, "checked"),
)

counted = sa.Table(
    "membership_order_growth",
    metadata,
    sa.Column("order_id", sa.String(64), primary_key=True),
    member_column(),
    sa.Column("counted", sa.BigInteger, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.CheckConstraint("counted >= 0", name="ck_membership_order_growth_counted"),
)

rules = sa.Table(
    "membership_rules",
    metadata,
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    json_column("body"),
    sa.Column("by", sa.String(100), nullable=False),
    sa.Column("at", Instant, nullable=False),
)

paid = sa.Table(
    "membership_paid",
    metadata,
    id_column(),
    member_column(),
    sa.Column("plan", sa.String(40), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("months", sa.Integer, nullable=False),
    sa.Column("days", sa.Integer, nullable=False),
    sa.Column("paid_fen", sa.BigInteger, nullable=False),
    sa.Column("payment", sa.String(160), nullable=False, unique=True),
    sa.Column("bought_at", Instant, nullable=False),
    sa.Column("anchor", Instant, nullable=False),
    sa.Column("offset", sa.Integer, nullable=False),
    sa.Column("starts_at", Instant, nullable=False),
    sa.Column("ends_at", Instant, nullable=False),
    sa.Column("stage", sa.String(10), nullable=False),
    sa.Column("noticed", sa.Integer, nullable=False),
    sa.Column("refund_fen", sa.BigInteger, nullable=False),
    sa.CheckConstraint("refund_fen >= 0 AND refund_fen <= paid_fen AND starts_at < ends_at", name="ck_membership_paid_refund"),
    sa.Index(None, "member_id", "stage"),
    sa.Index(None, "stage", "starts_at"),
    sa.Index(None, "stage", "ends_at"),
)

gift = sa.Table(
    "membership_gift",
    metadata,
    id_column(),
    member_column(),
    sa.Column("slot", sa.String(120), nullable=False),
    sa.Column("source", sa.String(60), nullable=False),
    sa.Column("name", sa.String(60), nullable=False),
    json_column("benefit"),
    sa.Column("value_fen", sa.BigInteger, nullable=False),
    sa.Column("paid_id", sa.String(64), nullable=False),
    sa.Column("due_at", Instant, nullable=False),
    sa.Column("given_at", Instant),
    sa.UniqueConstraint("member_id", "slot"),
    sa.Index(None, "paid_id"),
)
