"""What the simulated payer remembers of each bill, so that it survives the death of a process."""

from __future__ import annotations

import sqlalchemy as sa

from assistant.store import Instant, metadata

bill = sa.Table(
    "payment_simulated_bill",
    metadata,
    sa.Column("bill_no", sa.String(64), primary_key=True),
    sa.Column("payee", sa.String(200), nullable=False),
    sa.Column("amount_fen", sa.Integer, nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("calls", sa.Integer, nullable=False),
)
