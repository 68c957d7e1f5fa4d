"""The tables of orders: everything said, and what it adds up to."""

from __future__ import annotations

import sqlalchemy as sa

from assistant.store import Instant, id_column, json_column, member_column, metadata

word = sa.Table(
    "order_word",
    metadata,
    id_column(),
    sa.Column("order_id", sa.String(64), nullable=False),
    json_column("body"),
    sa.Column("received_at", Instant, nullable=False),
    sa.Index(None, "order_id"),
)

order = sa.Table(
    "shop_order",
    metadata,
    id_column(),
    sa.Column("source", sa.String(30), nullable=False),
    sa.Column("order_no", sa.String(120), nullable=False),
    sa.Column("shop", sa.String(80), nullable=False),
    sa.Column("status", sa.String(10), nullable=False),
    member_column(),
    sa.Column("buyer_namespace", sa.String(40), nullable=False),
    sa.Column("buyer_value", sa.String(120), nullable=False),
    sa.Column("paid_fen", sa.BigInteger, nullable=False),
    sa.Column("total_fen", sa.BigInteger, nullable=False),
    sa.Column("refund_fen", sa.BigInteger, nullable=False),
    sa.Column("live_room", sa.String(80), nullable=False),
    sa.Column("created_at", Instant),
    sa.Column("paid_at", Instant),
    sa.Column("finished_at", Instant),
    sa.Column("received_at", Instant, nullable=False),
    sa.UniqueConstraint("source", "order_no"),
    sa.CheckConstraint("refund_fen >= 0 AND refund_fen <= paid_fen", name="ck_shop_order_refund"),
    sa.Index(None, "order_no"),
    sa.Index(None, "member_id", "paid_at"),
    sa.Index(None, "paid_at"),
    sa.Index(None, "buyer_value"),
    sa.Index(None, "received_at"),
)

item = sa.Table(
    "shop_order_item",
    metadata,
    sa.Column("order_id", sa.String(64), primary_key=True),
    sa.Column("line", sa.Integer, primary_key=True),
    sa.Column("sku", sa.String(80), nullable=False),
    sa.Column("title", sa.String(200), nullable=False),
    sa.Column("category", sa.String(60), nullable=False),
    sa.Column("qty", sa.Integer, nullable=False),
    sa.Column("paid_fen", sa.BigInteger, nullable=False),
    sa.Index(None, "category"),
)

wrong_number = sa.Table(
    "order_wrong_number",
    metadata,
    member_column(primary_key=True),
    sa.Column("day", sa.String(10), primary_key=True),
    sa.Column("place", sa.Integer, primary_key=True),
    sa.Column("order_no", sa.String(120), nullable=False),
    sa.Column("at", Instant, nullable=False),
)
"""Numbers that members got wrong, counted from 1 on each day."""
