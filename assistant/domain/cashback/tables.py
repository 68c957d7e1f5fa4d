"""Templates, cards and claims of cashback, and the limits of a day."""

from __future__ import annotations

import sqlalchemy as sa

from assistant.store import Instant, id_column, json_column, member_column, metadata

template = sa.Table(
    "cashback_template",
    metadata,
    id_column(),
    sa.Column("name", sa.String(60), nullable=False),
    sa.Column("kind", sa.String(10), nullable=False),
    sa.Column("ratio_bp", sa.Integer, nullable=False),
    sa.Column("fixed_fen", sa.Integer, nullable=False),
    sa.Column("floor_fen", sa.Integer, nullable=False),
    sa.Column("cap_fen", sa.Integer, nullable=False),
    sa.Column("card_cap_fen", sa.Integer),
    json_column("scope"),
    sa.Column("valid_days", sa.Integer, nullable=False),
    sa.Column("uses", sa.Integer, nullable=False),
    sa.Column("window_days", sa.Integer, nullable=False),
    sa.Column("auto_bind", sa.Boolean, nullable=False),
    sa.Column("nature", sa.String(12), nullable=False),
    sa.Column("open", sa.Boolean, nullable=False),
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
    sa.Column("used_fen", sa.BigInteger, nullable=False),
    sa.Column("closed_at", Instant),
    sa.Column("reason", sa.String(200), nullable=False),
    sa.Index(None, "member_id", "expires_at"),
    sa.Index(None, "template_id"),
    sa.Index(None, "closed_at", "expires_at"),
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
    # Who asked: the member, or nobody (bound by itself).
    sa.Column("how", sa.String(10), nullable=False),
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
    sa.Column("score", sa.Integer, nullable=False),
    json_column("signs"),
    sa.Column("hold", sa.String(300), nullable=False),
    sa.Column("released_by", sa.String(100), nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("ripe_at", Instant),
    sa.Column("billed_at", Instant),
    # The number the payer was last shown and since when it may know of it; kept through refusals, new with the next attempt.
    sa.Column("billed_no", sa.String(64), nullable=False),
    sa.Column("asked_at", Instant),
    sa.Column("attention", sa.String(300), nullable=False),
    sa.Column("package_info", sa.String(2000), nullable=False),
    sa.Column("hand_reference", sa.String(64), nullable=False),
    sa.Column("hand_by", sa.String(100), nullable=False),
    sa.Column("settled_at", Instant),
    sa.Column("updated_at", Instant, nullable=False),
    sa.Index(None, "member_id", "created_at"),
    sa.Index(None, "state", "ripe_at"),
    sa.Index(None, "card_id"),
    sa.Index(None, "billed_at"),
    sa.Index(None, "billed_no"),
)

limits = sa.Table(
    "cashback_limits",
    metadata,
    id_column(),
    sa.Column("second_person_fen", sa.Integer, nullable=False),
    sa.Column("brand_day_fen", sa.BigInteger, nullable=False),
    sa.Column("payee_day_fen", sa.BigInteger, nullable=False),
    sa.Column("hold_score", sa.Integer, nullable=False),
    sa.Column("halted_why", sa.String(300), nullable=False),
    sa.Column("halted_at", Instant),
    sa.Column("updated_by", sa.String(100), nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
)
