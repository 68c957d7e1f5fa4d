"""The book in full: cashback."""

from __future__ import annotations

import hashlib
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def _added() -> dict[str, tuple[sa.Column[Any], ...]]:
    template: tuple[sa.Column[Any], ...] = (
        sa.Column("kind", sa.String(10), nullable=False, server_default="single"),
        sa.Column("card_cap_fen", sa.Integer),
        sa.Column("window_days", sa.Integer, nullable=False, server_default="7"),
        sa.Column("auto_bind", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("nature", sa.String(12), nullable=False, server_default="rebate"),
        sa.Column("open", sa.Boolean, nullable=False, server_default=sa.true()),
    )
    card: tuple[sa.Column[Any], ...] = (
        sa.Column("used_fen", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
    )
    claim: tuple[sa.Column[Any], ...] = (
        sa.Column("how", sa.String(10), nullable=False, server_default="member"),
        sa.Column("score", sa.Integer, nullable=False, server_default="0"),
        sa.Column("signs", sa.JSON, nullable=False, server_default="[]"),
        sa.Column("hold", sa.String(300), nullable=False, server_default=""),
        sa.Column("released_by", sa.String(100), nullable=False, server_default=""),
        sa.Column("billed_at", sa.DateTime(timezone=True)),
    )
    return {"cashback_template": template, "cashback_card": card, "cashback_claim": claim}


def upgrade() -> None:
    """To this revision."""
    for table, columns in _added().items():
        for column in columns:
            op.add_column(table, column)
    op.create_index("ix_cashback_card_closed_at_expires_at", "cashback_card", ["closed_at", "expires_at"])
    op.create_index("ix_cashback_claim_billed_at", "cashback_claim", ["billed_at"])
    op.create_table(
        "cashback_limits",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("second_person_fen", sa.Integer, nullable=False),
        sa.Column("brand_day_fen", sa.BigInteger, nullable=False),
        sa.Column("payee_day_fen", sa.BigInteger, nullable=False),
        sa.Column("hold_score", sa.Integer, nullable=False),
        sa.Column("updated_by", sa.String(100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_cashback_limits"),
    )
    op.create_table(
        "fraud_evidence",
        sa.Column("member_id", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("source", sa.String(30), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("member_id", "kind", "digest", name="pk_fraud_evidence"),
    )
    op.create_index("ix_fraud_evidence_digest_kind", "fraud_evidence", ["digest", "kind"])
    op.execute("UPDATE cashback_template SET kind = 'multi' WHERE uses > 1")
    op.execute(
        "UPDATE cashback_card SET used_fen = (SELECT COALESCE(SUM(amount_fen), 0) FROM cashback_claim"
        " WHERE cashback_claim.card_id = cashback_card.id AND state NOT IN ('void', 'expired', 'rejected'))"
    )
    _budgets_into_their_own_accounts()


def _budgets_into_their_own_accounts() -> None:
    """Budgets lay with the brand and were limited by a count; now what is free and what is kept for cards are accounts of their own."""
    connection = op.get_bind()
    templates = connection.execute(sa.text("SELECT id, committed_fen, budget_fen FROM cashback_template WHERE budget_fen IS NOT NULL"))
    for number, committed, budget in templates.all():
        used = connection.execute(
            sa.text("SELECT COALESCE(SUM(used_fen), 0) FROM cashback_card WHERE template_id = :id"), {"id": number}
        ).scalar_one()
        _move(number, "main", budget - committed)
        _move(number, "cards", committed - used)


def _move(template: str, pocket: str, fen: int) -> None:
    if fen <= 0:
        return
    connection = op.get_bind()
    key = f"{template}:0007:{pocket}"
    number = "txn_" + hashlib.sha256(f"txn\x1f{key}".encode()).hexdigest()[:24]
    now = sa.text(
        "INSERT INTO ledger_transaction (id, key, memo, cause, reverses, at)"
        " VALUES (:id, :key, '返现预算', 'migration:0007', NULL, CURRENT_TIMESTAMP)"
    )
    connection.execute(now, {"id": number, "key": key})
    entry = sa.text(
        "INSERT INTO ledger_entry (transaction_id, owner, asset, pocket, amount, balance_after)"
        " VALUES (:id, :owner, 'cashback', :pocket, :amount, :after)"
    )
    connection.execute(entry, {"id": number, "owner": f"brand:cashback:{template}", "pocket": "main", "amount": -fen, "after": 0})
    owner = f"budget:cashback:{template}"
    connection.execute(entry, {"id": number, "owner": owner, "pocket": pocket, "amount": fen, "after": fen})
    balance = sa.text(
        "INSERT INTO ledger_balance (owner, asset, pocket, balance, may_overdraw) VALUES (:owner, 'cashback', :pocket, :fen, :overdraw)"
    )
    connection.execute(balance, {"owner": owner, "pocket": pocket, "fen": fen, "overdraw": False})


def downgrade() -> None:
    """Back to the one before; budgets stay in their own accounts."""
    op.drop_table("fraud_evidence")
    op.drop_table("cashback_limits")
    op.drop_index("ix_cashback_claim_billed_at", table_name="cashback_claim")
    op.drop_index("ix_cashback_card_closed_at_expires_at", table_name="cashback_card")
    for table, columns in _added().items():
        for column in columns:
            op.drop_column(table, column.name)
