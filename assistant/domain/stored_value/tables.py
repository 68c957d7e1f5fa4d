"""The tables of stored value: top-ups, spends, history, versions of the rules, and one row per member to hold while deciding."""

from __future__ import annotations

import sqlalchemy as sa

from assistant.store import Instant, id_column, json_column, member_column, metadata

holder = sa.Table("stored_value_holder", metadata, sa.Column("member_id", sa.String(64), primary_key=True))

lot = sa.Table(
    "stored_value_top_up",
    metadata,
    id_column(),
    member_column(),
    sa.Column("payment", sa.String(160), nullable=False, unique=True),
    sa.Column("at", Instant, nullable=False),
    sa.Column("principal", sa.BigInteger, nullable=False),
    sa.Column("bonus", sa.BigInteger, nullable=False),
    sa.Column("principal_left", sa.BigInteger, nullable=False),
    sa.Column("bonus_left", sa.BigInteger, nullable=False),
    sa.Column("refunded", sa.BigInteger, nullable=False),
    sa.Column("lapsed", sa.BigInteger, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.CheckConstraint(
        "principal_left >= 0 AND bonus_left >= 0 AND refunded >= 0 AND lapsed >= 0"
        " AND principal_left + refunded <= principal AND bonus_left + lapsed <= bonus",
        name="ck_stored_value_top_up_parts",
    ),
    sa.Index(None, "member_id", "at"),
)

spend = sa.Table(
    "stored_value_spend",
    metadata,
    id_column(),
    member_column(),
    sa.Column("order_ref", sa.String(160), nullable=False, unique=True),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("returned", sa.BigInteger, nullable=False),
    json_column("parts"),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.CheckConstraint("amount > 0 AND returned >= 0 AND returned <= amount", name="ck_stored_value_spend_returned"),
    sa.Index(None, "member_id", "at"),
)

movement = sa.Table(
    "stored_value_movement",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    member_column(),
    sa.Column("at", Instant, nullable=False),
    sa.Column("kind", sa.String(10), nullable=False),
    sa.Column("principal", sa.BigInteger, nullable=False),
    sa.Column("bonus", sa.BigInteger, nullable=False),
    sa.Column("reference", sa.String(160), nullable=False),
    sa.Index(None, "member_id", "at"),
)

rules = sa.Table(
    "stored_value_rules",
    metadata,
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    json_column("body"),
    sa.Column("by", sa.String(100), nullable=False),
    sa.Column("at", Instant, nullable=False),
)
