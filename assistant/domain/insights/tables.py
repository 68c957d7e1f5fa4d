"""What WeCom counts by day: an employee's chats with customers, an owner's customer groups."""

from __future__ import annotations

import sqlalchemy as sa

from assistant.store import Instant, metadata

staff_day = sa.Table(
    "insights_staff_day",
    metadata,
    sa.Column("staff", sa.String(120), primary_key=True),
    # The business day, YYYY-MM-DD.
    sa.Column("day", sa.String(10), primary_key=True),
    sa.Column("chats", sa.Integer, nullable=False),
    sa.Column("messages", sa.Integer, nullable=False),
    # Hundredths of a percent; null, as the next, on a day without a chat.
    sa.Column("replied", sa.Integer),
    sa.Column("first_reply_minutes", sa.Integer),
    sa.Column("negative", sa.Integer, nullable=False),
    sa.Column("applies", sa.Integer, nullable=False),
    sa.Column("contacts", sa.Integer, nullable=False),
    sa.Column("pulled_at", Instant, nullable=False),
    sa.Index(None, "day"),
)

group_day = sa.Table(
    "insights_group_day",
    metadata,
    sa.Column("owner", sa.String(120), primary_key=True),
    sa.Column("day", sa.String(10), primary_key=True),
    sa.Column("new_groups", sa.Integer, nullable=False),
    sa.Column("groups", sa.Integer, nullable=False),
    sa.Column("active_groups", sa.Integer, nullable=False),
    sa.Column("new_members", sa.Integer, nullable=False),
    sa.Column("members", sa.Integer, nullable=False),
    sa.Column("speaking", sa.Integer, nullable=False),
    sa.Column("messages", sa.Integer, nullable=False),
    sa.Column("pulled_at", Instant, nullable=False),
    sa.Index(None, "day"),
)
