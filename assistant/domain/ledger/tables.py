"""The tables of the book: transactions, their entries, kept balances and holds."""

from __future__ import annotations

import sqlalchemy as sa

from assistant.store import Instant, id_column, metadata

transaction = sa.Table(
    "ledger_transaction",
    metadata,
    id_column(),
    sa.Column("key", sa.String(200), nullable=False),
    sa.Column("memo", sa.String(200), nullable=False),
    sa.Column("cause", sa.String(160), nullable=False),
    sa.Column("reverses", sa.String(64), unique=True),
    sa.Column("at", Instant, nullable=False),
    sa.Index(None, "cause"),
)

entry = sa.Table(
    "ledger_entry",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("transaction_id", sa.String(64), nullable=False),
    sa.Column("owner", sa.String(100), nullable=False),
    sa.Column("asset", sa.String(40), nullable=False),
    sa.Column("pocket", sa.String(40), nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("balance_after", sa.BigInteger, nullable=False),
    sa.CheckConstraint("amount <> 0", name="ck_ledger_entry_amount"),
    sa.Index(None, "transaction_id"),
    sa.Index(None, "owner", "asset"),
)

balance = sa.Table(
    "ledger_balance",
    metadata,
    sa.Column("owner", sa.String(100), primary_key=True),
    sa.Column("asset", sa.String(40), primary_key=True),
    sa.Column("pocket", sa.String(40), primary_key=True),
    sa.Column("balance", sa.BigInteger, nullable=False),
    sa.Column("may_overdraw", sa.Boolean, nullable=False),
    sa.CheckConstraint("balance >= 0 OR may_overdraw", name="ck_ledger_balance_floor"),
)

hold = sa.Table(
    "ledger_hold",
    metadata,
    id_column(),
    sa.Column("owner", sa.String(100), nullable=False),
    sa.Column("asset", sa.String(40), nullable=False),
    sa.Column("pocket", sa.String(40), nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.CheckConstraint("amount > 0", name="ck_ledger_hold_amount"),
)
