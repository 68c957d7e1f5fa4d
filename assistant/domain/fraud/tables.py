"""What is known of which member used which device, address or wallet, as digests."""

from __future__ import annotations

import sqlalchemy as sa

from assistant.store import Instant, member_column, metadata

evidence = sa.Table(
    "fraud_evidence",
    metadata,
    member_column(primary_key=True),
    sa.Column("kind", sa.String(12), primary_key=True),
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("source", sa.String(30), nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Index(None, "digest", "kind"),
)
