"""Payouts by a real payer: since when it was asked, what a person must look at, and whether paying is halted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0009"
branch_labels = None
depends_on = None

TEXTS = {"billed_no": 64, "attention": 300, "package_info": 2000, "hand_reference": 64, "hand_by": 100}


def upgrade() -> None:
    """To this revision. Bill numbers lose their underscore, which no real payer takes."""
    for name, length in TEXTS.items():
        op.add_column("cashback_claim", sa.Column(name, sa.String(length=length), nullable=False, server_default=""))
    op.add_column("cashback_claim", sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE cashback_claim SET asked_at = billed_at WHERE state IN ('paying', 'wait_user_confirm', 'unknown')")
    op.create_index(op.f("ix_cashback_claim_billed_no"), "cashback_claim", ["billed_no"], unique=False)
    op.add_column("cashback_limits", sa.Column("halted_why", sa.String(length=300), nullable=False, server_default=""))
    op.add_column("cashback_limits", sa.Column("halted_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE payment_simulated_bill SET bill_no = replace(bill_no, 'bill_', 'bill')")


def downgrade() -> None:
    """Back to the one before."""
    op.drop_column("cashback_limits", "halted_at")
    op.drop_column("cashback_limits", "halted_why")
    op.drop_index(op.f("ix_cashback_claim_billed_no"), table_name="cashback_claim")
    op.drop_column("cashback_claim", "asked_at")
    for name in reversed(TEXTS):
        op.drop_column("cashback_claim", name)
