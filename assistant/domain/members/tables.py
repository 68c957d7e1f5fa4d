"""The tables of people: members, identities, topic opt-outs, customer groups, and who turned out to be one person."""

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
    # Who this member turned out to be; empty for a person of his own.
    sa.Column("merged_into", sa.String(64), nullable=False, server_default=""),
    sa.CheckConstraint("preferred_hour BETWEEN 0 AND 23", name="ck_member_preferred_hour"),
    sa.Index(None, "phone"),
    sa.Index(None, "month_day"),
    sa.Index(None, "owner_staff"),
    sa.Index(
        "ix_member_merged_into", "merged_into", sqlite_where=sa.text("merged_into <> ''"), postgresql_where=sa.text("merged_into <> ''")
    ),
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
    # WeCom tells who is inside (room contacts); else an import said so.
    sa.Column("followed", sa.Boolean, nullable=False, server_default=sa.false()),
    # Dismissed: kept for its name, addressed by nobody.
    sa.Column("gone", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("updated_at", Instant, nullable=False),
)

in_group = sa.Table(
    "customer_group_member",
    metadata,
    sa.Column("chatid", sa.String(120), primary_key=True),
    sa.Column("member_id", sa.String(64), primary_key=True),
    sa.Index(None, "member_id"),
)

evidence = sa.Table(
    "member_evidence",
    metadata,
    sa.Column("one", sa.String(64), primary_key=True),
    sa.Column("other", sa.String(64), primary_key=True),
    sa.Column("kind", sa.String(60), primary_key=True),
    # A digest of the shared value: the value itself is personal.
    sa.Column("ref", sa.String(64), primary_key=True),
    sa.Column("strong", sa.Boolean, nullable=False),
    sa.Column("source", sa.String(30), nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.CheckConstraint("one < other", name="ck_member_evidence_pair"),
    sa.Index(None, "other"),
)

proposal = sa.Table(
    "member_proposal",
    metadata,
    sa.Column("one", sa.String(64), primary_key=True),
    sa.Column("other", sa.String(64), primary_key=True),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("hindrance", sa.String(200), nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("decided_by", sa.String(100), nullable=False),
    sa.Column("decided_at", Instant),
    sa.CheckConstraint("one < other", name="ck_member_proposal_pair"),
    sa.Index(None, "other"),
    sa.Index(None, "state", "at"),
)

merge = sa.Table(
    "member_merge",
    metadata,
    id_column(),
    sa.Column("kept", sa.String(64), nullable=False),
    sa.Column("absorbed", sa.String(64), nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    json_column("reasons"),
    # What each room needs to give back.
    json_column("memory"),
    sa.Column("note", sa.String(200), nullable=False),
    sa.Column("by", sa.String(100), nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("undone_by", sa.String(100), nullable=False),
    sa.Column("undone_at", Instant),
    sa.Index(None, "kept"),
    sa.Index(None, "absorbed"),
    sa.Index(None, "state", "at"),
    sa.Index(
        "uq_member_merge_active",
        "absorbed",
        unique=True,
        sqlite_where=sa.text("state = 'active'"),
        postgresql_where=sa.text("state = 'active'"),
    ),
)

merged_row = sa.Table(
    "member_merge_row",
    metadata,
    sa.Column("merge_id", sa.String(64), primary_key=True),
    sa.Column("table_name", sa.String(60), primary_key=True),
    # The row's key without the member, as JSON.
    sa.Column("row_key", sa.String(500), primary_key=True),
)
