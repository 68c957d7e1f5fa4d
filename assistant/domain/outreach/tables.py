"""Contact history: who wrote to us, what we sent and by which 群发 task, what we did not send and why."""

from __future__ import annotations

import sqlalchemy as sa

from assistant.store import Instant, id_column, json_column, member_column, metadata

inbound = sa.Table(
    "outreach_inbound",
    metadata,
    sa.Column("key", sa.String(200), primary_key=True),
    member_column(),
    sa.Column("touchpoint", sa.String(20), nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Index(None, "member_id", "at"),
)

touch = sa.Table(
    "outreach_touch",
    metadata,
    id_column(),
    sa.Column("key", sa.String(200), nullable=False, unique=True),
    member_column(),
    sa.Column("cause", sa.String(160), nullable=False),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("topic", sa.String(60), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("route", sa.String(20), nullable=False),
    sa.Column("peer", sa.String(100), nullable=False),
    sa.Column("staff", sa.String(64), nullable=False),
    sa.Column("group", sa.String(64), nullable=False),
    sa.Column("place", sa.String(120), unique=True),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("external_id", sa.String(200), nullable=False),
    sa.Column("queued_at", Instant, nullable=False),
    sa.Column("settled_at", Instant),
    json_column("attachments", server_default="[]"),
    # The 群发 task it goes out in, and the employees who had it before and did not send it.
    sa.Column("task", sa.String(64), nullable=False, server_default=""),
    sa.Column("tried", sa.String(400), nullable=False, server_default=""),
    sa.Index(None, "member_id", "queued_at"),
    sa.Index(None, "cause", "state"),
    sa.Index(None, "group", "state"),
    sa.Index(None, "state", "queued_at"),
    sa.Index(None, "task"),
)

group_touch = sa.Table(
    "outreach_group_touch",
    metadata,
    id_column(),
    sa.Column("key", sa.String(200), nullable=False, unique=True),
    sa.Column("cause", sa.String(160), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    json_column("attachments"),
    # The chat_id of the customer group.
    sa.Column("peer", sa.String(120), nullable=False),
    sa.Column("name", sa.String(100), nullable=False),
    sa.Column("staff", sa.String(120), nullable=False),
    sa.Column("group", sa.String(64), nullable=False),
    sa.Column("task", sa.String(64), nullable=False),
    sa.Column("tried", sa.String(400), nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("external_id", sa.String(200), nullable=False),
    sa.Column("queued_at", Instant, nullable=False),
    sa.Column("settled_at", Instant),
    sa.Index(None, "peer", "queued_at"),
    sa.Index(None, "cause", "state"),
    sa.Index(None, "group", "state"),
    sa.Index(None, "task"),
)

mass_task = sa.Table(
    "outreach_mass_task",
    metadata,
    id_column(),
    sa.Column("chat", sa.String(10), nullable=False),
    sa.Column("cause", sa.String(160), nullable=False),
    sa.Column("group", sa.String(64), nullable=False),
    sa.Column("staff", sa.String(120), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    json_column("attachments"),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("ending", sa.String(20), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("msgid", sa.String(120), unique=True),
    sa.Column("size", sa.Integer, nullable=False),
    # When the first of its touches was queued: what is written is worth sending for so long.
    sa.Column("since", Instant, nullable=False),
    sa.Column("called_at", Instant),
    sa.Column("created_at", Instant),
    sa.Column("confirmed_at", Instant),
    sa.Column("ended_at", Instant),
    sa.Column("reminders", sa.Integer, nullable=False),
    sa.Column("reminded_at", Instant),
    sa.Column("alone", sa.Boolean, nullable=False),
    sa.Index(None, "cause", "staff"),
    sa.Index(None, "group"),
    sa.Index(None, "state", "created_at"),
    sa.Index(None, "staff", "created_at"),
)

moment = sa.Table(
    "outreach_moment",
    metadata,
    id_column(),
    sa.Column("cause", sa.String(160), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    json_column("attachments"),
    json_column("staff"),
    json_column("tags"),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("jobid", sa.String(120), nullable=False),
    # WeCom's moment_id, once the job is done.
    sa.Column("external", sa.String(120), unique=True),
    sa.Column("by", sa.String(100), nullable=False),
    sa.Column("queued_at", Instant, nullable=False),
    sa.Column("called_at", Instant),
    sa.Column("created_at", Instant),
    sa.Column("ended_at", Instant),
    sa.Index(None, "queued_at"),
)

moment_staff = sa.Table(
    "outreach_moment_staff",
    metadata,
    sa.Column("moment_id", sa.String(64), primary_key=True),
    sa.Column("staff", sa.String(120), primary_key=True),
    sa.Column("published", sa.Boolean, nullable=False),
    sa.Column("customers", sa.Integer, nullable=False),
    sa.Column("comments", sa.Integer, nullable=False),
    sa.Column("likes", sa.Integer, nullable=False),
)

halt = sa.Table(
    "outreach_halt",
    metadata,
    sa.Column("cause", sa.String(160), primary_key=True),
    sa.Column("how", sa.String(10), nullable=False),
    sa.Column("at", Instant, nullable=False),
)

skip = sa.Table(
    "outreach_skip",
    metadata,
    sa.Column("cause", sa.String(160), primary_key=True),
    member_column(primary_key=True),
    sa.Column("code", sa.String(40), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Index(None, "member_id", "at"),
)

feedback = sa.Table(
    "outreach_feedback",
    metadata,
    sa.Column("key", sa.String(200), primary_key=True),
    member_column(),
    sa.Column("at", Instant, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Index(None, "member_id", "at"),
)
