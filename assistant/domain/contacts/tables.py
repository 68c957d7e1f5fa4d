"""Friendships between staff and customers, customer groups with their seats, the corp's tags, ways to join, transfers, welcomes."""

from __future__ import annotations

import sqlalchemy as sa

from assistant.store import Instant, id_column, json_column, member_column, metadata

relation = sa.Table(
    "contact_relation",
    metadata,
    sa.Column("staff", sa.String(64), primary_key=True),
    sa.Column("external", sa.String(64), primary_key=True),
    member_column(),
    sa.Column("status", sa.String(10), nullable=False),
    # Null where only the end of the friendship was heard of.
    sa.Column("since", Instant),
    sa.Column("add_way", sa.Integer, nullable=False),
    sa.Column("state", sa.String(64), nullable=False),
    sa.Column("remark", sa.String(100), nullable=False),
    sa.Column("description", sa.String(600), nullable=False),
    json_column("mobiles"),
    json_column("tags"),
    sa.Column("ended_by", sa.String(10), nullable=False),
    sa.Column("ended_at", Instant),
    sa.Column("changed_at", Instant, nullable=False),
    # The run of the reconciliation that saw it last.
    sa.Column("seen", sa.String(64), nullable=False),
    sa.Index(None, "member_id"),
    sa.Index(None, "external"),
    sa.Index(None, "state"),
)

group = sa.Table(
    "contact_group",
    metadata,
    sa.Column("chatid", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(100), nullable=False),
    sa.Column("owner", sa.String(64), nullable=False),
    sa.Column("notice", sa.Text, nullable=False),
    # open, inheriting (its owner left) or dismissed.
    sa.Column("status", sa.String(12), nullable=False),
    sa.Column("version", sa.String(64), nullable=False),
    # What the newest event says the version is by now; asked for when it differs.
    sa.Column("told_version", sa.String(64), nullable=False),
    sa.Column("told_at", Instant),
    sa.Column("created_at", Instant),
    sa.Column("ended_at", Instant),
    sa.Column("seen", sa.String(64), nullable=False),
)

seat = sa.Table(
    "contact_group_seat",
    metadata,
    sa.Column("chatid", sa.String(64), primary_key=True),
    # A customer's external_userid or a staff member's userid.
    sa.Column("person", sa.String(64), primary_key=True),
    member_column(),
    sa.Column("kind", sa.String(10), nullable=False),
    sa.Column("joined_at", Instant, nullable=False),
    sa.Column("scene", sa.String(10), nullable=False),
    sa.Column("invited_by", sa.String(64), nullable=False),
    # The state of the code somebody came in by.
    sa.Column("state", sa.String(64), nullable=False, server_default=""),
    sa.Column("left_at", Instant),
    sa.Column("left_how", sa.String(12), nullable=False),
    # How often the person came back.
    sa.Column("returns", sa.Integer, nullable=False),
    sa.Index(None, "person"),
    sa.Index(None, "member_id"),
    sa.Index(None, "state"),
)

tag = sa.Table(
    "contact_tag",
    metadata,
    id_column(),
    sa.Column("name", sa.String(60), nullable=False),
    sa.Column("group_id", sa.String(64), nullable=False),
    sa.Column("group_name", sa.String(60), nullable=False),
    sa.Column("deleted", sa.Boolean, nullable=False),
    # The tag of our own that stands for it; empty for none.
    sa.Column("ours", sa.String(60), nullable=False),
    sa.Column("seen", sa.String(64), nullable=False),
    sa.Index(None, "ours"),
)

way = sa.Table(
    "contact_way",
    metadata,
    id_column(),
    # person (联系我) or group (入群).
    sa.Column("kind", sa.String(10), nullable=False),
    sa.Column("state", sa.String(30), nullable=False, unique=True),
    sa.Column("name", sa.String(30), nullable=False),
    sa.Column("channel", sa.String(40), nullable=False),
    json_column("staff"),
    json_column("groups"),
    sa.Column("greeting", sa.Text, nullable=False),
    # A link shown as a card beside the greeting: title, url, desc, picurl.
    json_column("link"),
    json_column("tags"),
    json_column("benefit"),
    sa.Column("skip_verify", sa.Boolean, nullable=False),
    sa.Column("status", sa.String(10), nullable=False),
    sa.Column("config_id", sa.String(100), nullable=False),
    sa.Column("qr_code", sa.String(500), nullable=False),
    sa.Column("trouble", sa.String(300), nullable=False),
    sa.Column("by", sa.String(100), nullable=False),
    sa.Column("at", Instant, nullable=False),
)

transfer = sa.Table(
    "contact_transfer",
    metadata,
    id_column(),
    sa.Column("handover", sa.String(64), nullable=False),
    sa.Column("takeover", sa.String(64), nullable=False),
    sa.Column("external", sa.String(64), nullable=False),
    member_column(),
    sa.Column("resigned", sa.Boolean, nullable=False),
    sa.Column("message", sa.String(200), nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("reason", sa.String(200), nullable=False),
    sa.Column("by", sa.String(100), nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("settled_at", Instant),
    sa.Index(None, "state"),
    sa.Index(None, "external"),
    sa.Index(None, "member_id"),
    sa.Index(None, "at"),
)

welcome = sa.Table(
    "contact_welcome",
    metadata,
    id_column(),
    sa.Column("staff", sa.String(64), nullable=False),
    sa.Column("external", sa.String(64), nullable=False),
    member_column(),
    sa.Column("state", sa.String(64), nullable=False),
    sa.Column("outcome", sa.String(10), nullable=False),
    sa.Column("reason", sa.String(200), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("heard_at", Instant, nullable=False),
    sa.Column("settled_at", Instant),
    sa.Index(None, "member_id"),
    sa.Index(None, "heard_at"),
)

run = sa.Table(
    "contact_run",
    metadata,
    id_column(),
    # contacts, groups or tags.
    sa.Column("kind", sa.String(10), nullable=False),
    sa.Column("status", sa.String(10), nullable=False),
    sa.Column("stage", sa.String(10), nullable=False),
    # Where it stands: staff of the listing in sets of 100, the cursor inside the set.
    json_column("place"),
    sa.Column("total", sa.Integer, nullable=False),
    sa.Column("looked", sa.Integer, nullable=False),
    sa.Column("differences", sa.Integer, nullable=False),
    json_column("counts"),
    sa.Column("trouble", sa.String(300), nullable=False),
    sa.Column("by", sa.String(100), nullable=False),
    sa.Column("started_at", Instant, nullable=False),
    sa.Column("ended_at", Instant),
    sa.Index(None, "kind", "started_at"),
)
