"""Activities as published, who took part and what came of it; check-ins, items of the mall and redemptions."""

from __future__ import annotations

import sqlalchemy as sa

from assistant.store import Instant, id_column, json_column, member_column, metadata

checkin = sa.Table(
    "activity_checkin",
    metadata,
    member_column(primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("streak", sa.Integer, nullable=False),
    sa.Column("points", sa.Integer, nullable=False),
    sa.Column("bonus", sa.Integer, nullable=False, server_default="0"),
    sa.Column("made_up", sa.Boolean, nullable=False, server_default=sa.false()),
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
    sa.Column("code_name", sa.String(60), nullable=False, server_default=""),
    sa.Column("value_fen", sa.Integer, nullable=False, server_default="0"),
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

activity = sa.Table(
    "activity",
    metadata,
    sa.Column("name", sa.String(40), primary_key=True),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    json_column("body"),
    sa.Column("starts_at", Instant, nullable=False),
    sa.Column("ends_at", Instant, nullable=False),
    sa.Column("hold_id", sa.String(64), nullable=False),
    sa.Column("seed", sa.String(80), nullable=False),
    sa.Column("seed_digest", sa.String(64), nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("published_at", Instant),
    sa.Index(None, "state", "kind"),
)

activity_version = sa.Table(
    "activity_version",
    metadata,
    sa.Column("name", sa.String(40), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    json_column("body"),
    sa.Column("author", sa.String(100), nullable=False),
    sa.Column("at", Instant, nullable=False),
)

stock = sa.Table(
    "activity_stock",
    metadata,
    sa.Column("activity", sa.String(40), primary_key=True),
    sa.Column("item", sa.String(40), primary_key=True),
    sa.Column("total", sa.BigInteger, nullable=False),
    sa.Column("taken", sa.BigInteger, nullable=False),
    sa.CheckConstraint("taken >= 0 AND taken <= total", name="ck_activity_stock_taken"),
)
"""What there is a limited number of: prizes, goods (``goods``), places (``places``), fen of the budget (``budget``)."""

participant = sa.Table(
    "activity_participant",
    metadata,
    sa.Column("activity", sa.String(40), primary_key=True),
    member_column(primary_key=True),
    sa.Column("entries", sa.Integer, nullable=False),
)
"""One row a member and activity: held while the member takes part, so that limits are counted one by one."""

entry = sa.Table(
    "activity_entry",
    metadata,
    id_column(),
    sa.Column("activity", sa.String(40), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("kind", sa.String(20), nullable=False),
    member_column(),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("item", sa.String(40), nullable=False),
    sa.Column("title", sa.String(120), nullable=False),
    sa.Column("quantity", sa.Integer, nullable=False),
    sa.Column("points", sa.Integer, nullable=False),
    sa.Column("spend_id", sa.String(64), nullable=False),
    json_column("body"),
    sa.Column("said", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("settled_at", Instant),
    sa.UniqueConstraint("activity", "member_id", "number"),
    sa.Index(None, "activity", "state", "at"),
    sa.Index(None, "member_id", "at"),
)

invite = sa.Table(
    "activity_invite",
    metadata,
    sa.Column("code", sa.String(20), primary_key=True),
    sa.Column("activity", sa.String(40), nullable=False),
    member_column(),
    sa.Column("at", Instant, nullable=False),
    sa.UniqueConstraint("activity", "member_id"),
)

referral = sa.Table(
    "activity_referral",
    metadata,
    sa.Column("activity", sa.String(40), primary_key=True),
    sa.Column("invitee_id", sa.String(64), primary_key=True),
    sa.Column("inviter_id", sa.String(64), nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("look_at", Instant, nullable=False),
    sa.Column("order_id", sa.String(64), nullable=False),
    sa.Column("reason", sa.String(200), nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("settled_at", Instant),
    sa.Index(None, "state", "look_at"),
    sa.Index(None, "activity", "inviter_id"),
    sa.UniqueConstraint("invitee_id"),
)
