"""Templates, cards and claims of cashback."""

from __future__ import annotations

import sqlalchemy as sa

from assistant.store import Instant, id_column, json_column, member_column, metadata

template = sa.Table(
    "cashback_template",
    metadata,
    id_column(),
    sa.Column("name", sa.String(60), nullable=False),
    sa.Column("ratio_bp", sa.Integer, nullable=False),
    sa.Column("fixed_fen", sa.Integer, nullable=False),
    sa.Column("floor_fen", sa.Integer, nullable=False),
    sa.Column("cap_fen", sa.Integer, nullable=False),
    json_column("scope"),
    sa.Column("valid_days", sa.Integer, nullable=False),
    sa.Column("uses", sa.Integer, nullable=False),
    sa.Column("stock", sa.Integer),
    sa.Column("budget_fen", sa.BigInteger),
    sa.Column("issued", sa.Integer, nullable=False),
    sa.Column("committed_fen", sa.BigInteger, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
)

card = sa.Table(
    "cashback_card",
    metadata,
    id_column(),
    sa.Column("template_id", sa.String(64), nullable=False),
    member_column(),
    sa.Column("shop_key", sa.String(120), unique=True),
    sa.Column("issued_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("uses_left", sa.Integer, nullable=False),
    sa.Column("reason", sa.String(200), nullable=False),
    sa.Index(None, "member_id", "expires_at"),
    sa.Index(None, "template_id"),
)

claim = sa.Table(
    "cashback_claim",
    metadata,
    id_column(),
    member_column(),
    # One claim per order, for ever.
    sa.Column("order_id", sa.String(64), nullable=False, unique=True),
    sa.Column("order_no", sa.String(120), nullable=False),
    sa.Column("card_id", sa.String(64), nullable=False),
    sa.Column("amount_fen", sa.Integer, nullable=False),
    sa.Column("recovered_fen", sa.Integer, nullable=False),
    sa.Column("paid_fen", sa.Integer, nullable=False),
    sa.Column("clawed_fen", sa.Integer, nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("first_approver", sa.String(100), nullable=False),
    sa.Column("approver", sa.String(100), nullable=False),
    sa.Column("payee", sa.String(200), nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("ripe_at", Instant),
    sa.Column("settled_at", Instant),
    sa.Column("updated_at", Instant, nullable=False),
    sa.Index(None, "member_id", "created_at"),
    sa.Index(None, "state", "ripe_at"),
    sa.Index(None, "card_id"),
)
