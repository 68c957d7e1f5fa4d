"""Designs and who was assigned to what."""

from __future__ import annotations

import sqlalchemy as sa

from assistant.store import Instant, json_column, member_column, metadata

experiment = sa.Table(
    "experiment",
    metadata,
    sa.Column("name", sa.String(120), primary_key=True),
    sa.Column("holdout_bp", sa.Integer, nullable=False),
    json_column("variants"),
    sa.Column("at", Instant, nullable=False),
)

assignment = sa.Table(
    "experiment_assignment",
    metadata,
    sa.Column("experiment", sa.String(120), primary_key=True),
    member_column(primary_key=True),
    sa.Column("variant", sa.String(60), nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Index(None, "experiment", "variant"),
)
