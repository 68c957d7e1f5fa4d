"""Message templates, every version of them."""

from __future__ import annotations

import sqlalchemy as sa

from assistant.store import Instant, id_column, metadata

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
