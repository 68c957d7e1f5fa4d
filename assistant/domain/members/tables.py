"""The tables of people: members, identities, topic opt-outs, customer groups."""

from __future__ import annotations

import sqlalchemy as sa

from assistant.store import Instant, id_column, json_column, metadata

member = sa.Table(
    "member",
    metadata,
    id_column(),
    sa.Column("shop_key", sa.String(120), nullable=False),
    sa.Column("nickname", sa.String(60), nullable=False),
    sa.Column("phone", sa.String(20), nullable=False),
    sa.Column("gender", sa.String(10), nullable=False),
    sa.Column("city", sa.String(40), nullable=False),
    sa.Column("birthday", sa.String(10), nullable=False),
    sa.Column("month_day", sa.String(5), nullable=False),
    sa.Column("joined_at", Instant, nullable=False),
    sa.Column("owner_staff", sa.String(120), nullable=False),
    sa.Column("opted_out", sa.Boolean, nullable=False),
    sa.Column("blocked", sa.Boolean, nullable=False),
    sa.Column("is_employee", sa.Boolean, nullable=False),
    sa.Column("preferred_hour", sa.Integer),
    sa.Column("open_complaint", sa.Boolean, nullable=False),
    json_column("preferences"),
    sa.Column("created_at", Instant, nullable=False),
    sa.CheckConstraint("preferred_hour BETWEEN 0 AND 23", name="ck_member_preferred_hour"),
    sa.Index(None, "phone"),
    sa.Index(None, "month_day"),
    sa.Index(None, "owner_staff"),
)

identity = sa.Table(
    "member_identity",
    metadata,
    sa.Column("namespace", sa.String(40), primary_key=True),
    sa.Column("value", sa.String(120), primary_key=True),
    sa.Column("member_id", sa.String(64), sa.ForeignKey("member.id"), nullable=False),
    sa.Column("bound_at", Instant, nullable=False),
    sa.Index(None, "member_id"),
)

topic_opt_out = sa.Table(
    "member_topic_opt_out",
    metadata,
    sa.Column("member_id", sa.String(64), primary_key=True),
    sa.Column("topic", sa.String(60), primary_key=True),
    sa.Column("at", Instant, nullable=False),
)

group = sa.Table(
    "customer_group",
    metadata,
    sa.Column("chatid", sa.String(120), primary_key=True),
    sa.Column("name", sa.String(100), nullable=False),
    sa.Column("owner", sa.String(120), nullable=False),
    sa.Column("persona", sa.String(60), nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
)

in_group = sa.Table(
    "customer_group_member",
    metadata,
    sa.Column("chatid", sa.String(120), primary_key=True),
    sa.Column("member_id", sa.String(64), primary_key=True),
    sa.Index(None, "member_id"),
)
