"""Message templates, every version of them, and rules of words that employees may not say."""

from __future__ import annotations

import sqlalchemy as sa

from assistant.store import Instant, id_column, json_column, metadata

template = sa.Table(
    "content_template",
    metadata,
    id_column(),
    sa.Column("name", sa.String(80), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("ai_written", sa.Boolean, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.UniqueConstraint("name", "version"),
)

word_rule = sa.Table(
    "content_word_rule",
    metadata,
    id_column(),
    sa.Column("name", sa.String(20), nullable=False, unique=True),
    json_column("words"),
    json_column("semantics"),
    sa.Column("kind", sa.String(10), nullable=False),
    # The employees it holds for.
    json_column("staff"),
    sa.Column("state", sa.String(20), nullable=False),
    # WeCom's rule_id; empty before it is there.
    sa.Column("external", sa.String(120), nullable=False),
    sa.Column("trouble", sa.Text, nullable=False),
    sa.Column("drifts", sa.Integer, nullable=False),
    sa.Column("checked_at", Instant),
    sa.Column("changed_at", Instant, nullable=False),
    sa.Column("by", sa.String(100), nullable=False),
)
