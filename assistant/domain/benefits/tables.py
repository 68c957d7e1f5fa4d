"""Coupon codes and who was given them."""

from __future__ import annotations

import sqlalchemy as sa

from assistant.store import Instant, member_column, metadata

coupon = sa.Table(
    "benefit_coupon",
    metadata,
    sa.Column("name", sa.String(60), primary_key=True),
    sa.Column("code", sa.String(80), primary_key=True),
    member_column(),
    sa.Column("value_fen", sa.Integer, nullable=False),
    sa.Column("grant_key", sa.String(200), unique=True),
    sa.Column("granted_at", Instant),
    sa.Column("loaded_at", Instant, nullable=False),
    sa.Index(None, "member_id"),
    sa.Index(None, "name", "grant_key"),
)

pool = sa.Table(
    "benefit_coupon_pool", metadata, sa.Column("name", sa.String(60), primary_key=True), sa.Column("at", Instant, nullable=False)
)
