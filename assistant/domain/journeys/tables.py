"""Versions of journeys, their daily runs, and who is inside: members, or customer groups."""

from __future__ import annotations

import sqlalchemy as sa

from assistant.store import Instant, id_column, json_column, member_column, metadata

journey = sa.Table(
    "journey",
    metadata,
    sa.Column("name", sa.String(40), primary_key=True),
    sa.Column("on", sa.Boolean, nullable=False),
)

version = sa.Table(
    "journey_version",
    metadata,
    sa.Column("name", sa.String(40), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    json_column("body"),
    sa.Column("hold_id", sa.String(64), nullable=False),
    sa.Column("at", Instant, nullable=False),
)

run = sa.Table(
    "journey_run",
    metadata,
    sa.Column("name", sa.String(40), primary_key=True),
    sa.Column("planned_at", Instant, primary_key=True),
    sa.Column("at", Instant, nullable=False),
)

group_enrolment = sa.Table(
    "journey_group_enrolment",
    metadata,
    id_column(),
    sa.Column("name", sa.String(40), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("chatid", sa.String(120), nullable=False),
    sa.Column("step", sa.Integer, nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("next_at", Instant, nullable=False),
    sa.Column("enrolled_at", Instant, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Index(None, "state", "next_at"),
    sa.Index(None, "name", "chatid"),
)

enrolment = sa.Table(
    "journey_enrolment",
    metadata,
    id_column(),
    sa.Column("name", sa.String(40), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    member_column(),
    sa.Column("step", sa.Integer, nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("next_at", Instant, nullable=False),
    sa.Column("enrolled_at", Instant, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Index(None, "state", "next_at"),
    sa.Index(None, "member_id", "name"),
)
