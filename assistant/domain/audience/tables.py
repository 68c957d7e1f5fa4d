"""Tags and frozen audiences."""

from __future__ import annotations

import sqlalchemy as sa

from assistant.store import Instant, id_column, json_column, member_column, metadata

tag = sa.Table(
    "audience_tag",
    metadata,
    member_column(primary_key=True),
    sa.Column("tag", sa.String(60), primary_key=True),
    sa.Column("source", sa.String(40), nullable=False),
    sa.Column("confidence", sa.Integer, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Index(None, "tag", "member_id"),
)

snapshot = sa.Table(
    "audience_snapshot",
    metadata,
    id_column(),
    json_column("rule"),
    sa.Column("as_of", Instant, nullable=False),
    sa.Column("after", sa.String(64), nullable=False),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("frozen", sa.Boolean, nullable=False),
)

snapshot_member = sa.Table(
    "audience_snapshot_member",
    metadata,
    sa.Column("snapshot_id", sa.String(64), primary_key=True),
    member_column(primary_key=True),
)
