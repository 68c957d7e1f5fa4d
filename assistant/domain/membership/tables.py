"""The tables of membership: each member's tier, and what each order counts for."""

from __future__ import annotations

import sqlalchemy as sa

from assistant.store import Instant, member_column, metadata

tier = sa.Table(
    "membership_tier",
    metadata,
    sa.Column("member_id", sa.String(64), primary_key=True),
    sa.Column("tier", sa.String(20), nullable=False),
    sa.Column("since", Instant, nullable=False),
    sa.Index(None, "tier"),
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
