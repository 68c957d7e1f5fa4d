"""The book in full: membership."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from alembic import op

import assistant.store.types

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

INSTANT = assistant.store.types.Instant
WINDOW = timedelta(days=365)
AT_ONCE = 1000


def upgrade() -> None:
    """To this revision."""
    _dated_tiers()
    _rules("membership")
    _paid_time()
    _gifts()
    _stored_value()


def downgrade() -> None:
    """Back to the one before."""
    for name in ("rules", "movement", "spend", "top_up", "holder"):
        op.drop_table(f"stored_value_{name}")
    for name in ("membership_gift", "membership_paid", "membership_rules"):
        op.drop_table(name)
    for name in ("until", "checked"):
        op.drop_index(op.f(f"ix_membership_tier_{name}"), "membership_tier")
    with op.batch_alter_table("membership_tier") as batch:
        for name in ("own", "floor", "until", "base", "window", "version", "checked"):
            batch.drop_column(name)


def _dated_tiers() -> None:
    """Tiers that were entered before windows were kept are dated a year from their entry; all growth value counts towards keeping them."""
    for name in ("own", "floor"):
        op.add_column("membership_tier", sa.Column(name, sa.String(20), nullable=False, server_default=""))
    op.add_column("membership_tier", sa.Column("until", INSTANT(), nullable=True))
    op.add_column("membership_tier", sa.Column("base", sa.BigInteger(), nullable=False, server_default="0"))
    for name in ("window", "version", "checked"):
        op.add_column("membership_tier", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    for name in ("until", "checked"):
        op.create_index(op.f(f"ix_membership_tier_{name}"), "membership_tier", [name])
    texts = [sa.Column(name, sa.String) for name in ("member_id", "tier", "own", "floor")]
    tier = sa.table("membership_tier", *texts, *(sa.Column(name, INSTANT) for name in ("since", "until")))
    connection = op.get_bind()
    connection.execute(tier.update().values(own=tier.c.tier, floor=tier.c.tier))
    above = connection.execute(sa.select(tier.c.member_id, tier.c.since).where(tier.c.tier != "普通")).all()
    dated = tier.update().where(tier.c.member_id == sa.bindparam("number")).values(until=sa.bindparam("ends"))
    for start in range(0, len(above), AT_ONCE):
        connection.execute(dated, [{"number": row.member_id, "ends": row.since + WINDOW} for row in above[start : start + AT_ONCE]])


def _paid_time() -> None:
    instants: list[sa.Column[datetime]] = [
        sa.Column(name, INSTANT(), nullable=False) for name in ("bought_at", "anchor", "starts_at", "ends_at")
    ]
    op.create_table(
        "membership_paid",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("member_id", sa.String(64), nullable=False),
        sa.Column("plan", sa.String(40), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("version", "months", "days", "offset", "noticed")),
        sa.Column("paid_fen", sa.BigInteger(), nullable=False),
        sa.Column("payment", sa.String(160), nullable=False),
        *instants,
        sa.Column("stage", sa.String(10), nullable=False),
        sa.Column("refund_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("refund_fen >= 0 AND refund_fen <= paid_fen AND starts_at < ends_at", name="ck_membership_paid_refund"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership_paid")),
        sa.UniqueConstraint("payment", name=op.f("uq_membership_paid_payment")),
    )
    for columns in (["member_id", "stage"], ["stage", "starts_at"], ["stage", "ends_at"]):
        op.create_index(op.f("ix_membership_paid_" + "_".join(columns)), "membership_paid", columns)


def _gifts() -> None:
    op.create_table(
        "membership_gift",
        *(sa.Column(name, sa.String(64), nullable=False) for name in ("id", "member_id", "paid_id")),
        sa.Column("slot", sa.String(120), nullable=False),
        *(sa.Column(name, sa.String(60), nullable=False) for name in ("source", "name")),
        sa.Column("benefit", sa.JSON(), nullable=False),
        sa.Column("value_fen", sa.BigInteger(), nullable=False),
        sa.Column("due_at", INSTANT(), nullable=False),
        sa.Column("given_at", INSTANT(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership_gift")),
        sa.UniqueConstraint("member_id", "slot", name=op.f("uq_membership_gift_member_id_slot")),
    )
    op.create_index(op.f("ix_membership_gift_paid_id"), "membership_gift", ["paid_id"])


def _rules(room: str) -> None:
    op.create_table(
        f"{room}_rules",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("by", sa.String(100), nullable=False),
        sa.Column("at", INSTANT(), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f(f"pk_{room}_rules")),
    )


def _stored_value() -> None:
    op.create_table("stored_value_holder", _member(), sa.PrimaryKeyConstraint("member_id", name=op.f("pk_stored_value_holder")))
    parts = ("principal", "bonus", "principal_left", "bonus_left", "refunded", "lapsed")
    op.create_table(
        "stored_value_top_up",
        sa.Column("id", sa.String(64), nullable=False),
        _member(),
        sa.Column("payment", sa.String(160), nullable=False),
        sa.Column("at", INSTANT(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in parts),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "principal_left >= 0 AND bonus_left >= 0 AND refunded >= 0 AND lapsed >= 0"
            " AND principal_left + refunded <= principal AND bonus_left + lapsed <= bonus",
            name="ck_stored_value_top_up_parts",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stored_value_top_up")),
        sa.UniqueConstraint("payment", name=op.f("uq_stored_value_top_up_payment")),
    )
    op.create_table(
        "stored_value_spend",
        sa.Column("id", sa.String(64), nullable=False),
        _member(),
        sa.Column("order_ref", sa.String(160), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("amount", "returned")),
        sa.Column("parts", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", INSTANT(), nullable=False),
        sa.CheckConstraint("amount > 0 AND returned >= 0 AND returned <= amount", name="ck_stored_value_spend_returned"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stored_value_spend")),
        sa.UniqueConstraint("order_ref", name=op.f("uq_stored_value_spend_order_ref")),
    )
    op.create_table(
        "stored_value_movement",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        _member(),
        sa.Column("at", INSTANT(), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("principal", "bonus")),
        sa.Column("reference", sa.String(160), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stored_value_movement")),
    )
    for name in ("top_up", "spend", "movement"):
        op.create_index(op.f(f"ix_stored_value_{name}_member_id_at"), f"stored_value_{name}", ["member_id", "at"])
    _rules("stored_value")


def _member() -> sa.Column[str]:
    return sa.Column("member_id", sa.String(64), nullable=False)
