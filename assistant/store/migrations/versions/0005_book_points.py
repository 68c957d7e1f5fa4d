"""The book in full: points."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

import assistant.store.types

revision = "0005"
down_revision = "0002"
branch_labels = None
depends_on = None

INSTANT = assistant.store.types.Instant
BORN = datetime(2026, 11, 1, tzinfo=UTC)


def upgrade() -> None:
    """To this revision."""
    op.add_column("points_holder", sa.Column("household", sa.String(64), nullable=False, server_default=""))
    op.add_column("points_lot", sa.Column("idle_days", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("points_spend", sa.Column("state", sa.String(10), nullable=False, server_default="spent"))
    op.add_column("points_spend", sa.Column("until", INSTANT(), nullable=True))
    op.execute("UPDATE points_spend SET state = 'returned' WHERE returned")
    op.drop_column("points_spend", "returned")
    op.create_index(op.f("ix_points_spend_state_until"), "points_spend", ["state", "until"])
    op.add_column("points_order_earning", sa.Column("rule_version", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("points_order_earning", sa.Column("tier", sa.String(20), nullable=False, server_default=""))
    op.add_column("points_order_earning", sa.Column("counted", sa.JSON(), nullable=False, server_default="{}"))
    op.create_index(op.f("ix_shop_order_paid_at"), "shop_order", ["paid_at"])
    _make_rules()
    _make_counters()
    _carry_rules_over()
    op.drop_column("points_order_earning", "per_yuan")
    op.drop_table("points_rule")


def _make_rules() -> None:
    op.create_table(
        "points_rules",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("proposed_by", sa.String(100), nullable=False),
        sa.Column("proposed_at", INSTANT(), nullable=False),
        sa.Column("simulation", sa.JSON(), nullable=False),
        sa.Column("simulated_at", INSTANT(), nullable=True),
        sa.Column("live_by", sa.String(100), nullable=False),
        sa.Column("live_at", INSTANT(), nullable=True),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_points_rules")),
    )
    live = sa.text("state = 'live'")
    op.create_index("uq_points_rules_live", "points_rules", ["state"], unique=True, sqlite_where=live, postgresql_where=live)


def _make_counters() -> None:
    op.create_table(
        "points_cap_use",
        sa.Column("cap", sa.String(40), nullable=False),
        sa.Column("holder", sa.String(80), nullable=False),
        sa.Column("period", sa.String(10), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("used >= 0", name="ck_points_cap_use_used"),
        sa.PrimaryKeyConstraint("cap", "holder", "period", name=op.f("pk_points_cap_use")),
    )
    op.create_table(
        "points_behaviour",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("member_id", sa.String(64), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("properties", sa.JSON(), nullable=False),
        sa.Column("at", INSTANT(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_points_behaviour")),
    )
    op.create_index(op.f("ix_points_behaviour_at"), "points_behaviour", ["at"])
    op.create_table(
        "points_notice",
        sa.Column("member_id", sa.String(64), nullable=False),
        sa.Column("expires_on", sa.String(10), nullable=False),
        sa.Column("ahead", sa.Integer(), nullable=False),
        sa.Column("at", INSTANT(), nullable=False),
        sa.PrimaryKeyConstraint("member_id", "expires_on", "ahead", name=op.f("pk_points_notice")),
    )
    op.create_table(
        "points_claim_attempt",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("member_id", sa.String(64), nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("order_no", sa.String(120), nullable=False),
        sa.Column("at", INSTANT(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_points_claim_attempt")),
    )
    op.create_index(op.f("ix_points_claim_attempt_member_id_day"), "points_claim_attempt", ["member_id", "day"])


def _carry_rules_over() -> None:
    """The rule in force becomes a version; orders that earned at another rate get a version of that rate."""
    book = op.get_bind()
    old = sa.table("points_rule", sa.column("name"), sa.column("body", sa.JSON))
    earning = sa.table("points_order_earning", sa.column("per_yuan"), sa.column("rule_version"))
    live: dict[str, Any] | None = book.execute(sa.select(old.c.body).where(old.c.name == "earn")).scalar()
    rates = sorted(set(book.execute(sa.select(earning.c.per_yuan).distinct()).scalars()) - {1})
    version = 0
    for rate in rates:
        version += 1
        _insert(version, "past", _document({"per_yuan": rate}))
        book.execute(earning.update().where(earning.c.per_yuan == rate).values(rule_version=version))
    if live:
        _insert(version + 1, "live", _document(live))


def _document(rule: dict[str, Any]) -> dict[str, Any]:
    return {
        "per_hundred": rule["per_yuan"] * 100,
        "wait_days": rule.get("wait_days", 7),
        "grace_days": rule.get("grace_days", 30),
        "expiry": {"mode": "rolling", "days": rule.get("expire_days", 365)},
    }


def _insert(version: int, state: str, body: dict[str, Any]) -> None:
    statement = sa.text(
        "INSERT INTO points_rules (version, body, state, note, proposed_by, proposed_at, simulation, live_by)"
        " VALUES (:version, :body, :state, '', 'system:upgrade', :at, '{}', 'system:upgrade')"
    )
    op.get_bind().execute(
        statement.bindparams(sa.bindparam("at", BORN, INSTANT())), {"version": version, "body": json.dumps(body), "state": state}
    )


def downgrade() -> None:
    """Back to the one before; rules fall back to the built-in ones, orders to one point a yuan."""
    op.drop_index(op.f("ix_shop_order_paid_at"), table_name="shop_order")
    op.create_table(
        "points_rule",
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("at", INSTANT(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_points_rule")),
    )
    op.add_column("points_order_earning", sa.Column("per_yuan", sa.Integer(), nullable=False, server_default="1"))
    for name in ("points_claim_attempt", "points_notice", "points_behaviour", "points_cap_use", "points_rules"):
        op.drop_table(name)
    for name in ("counted", "tier", "rule_version"):
        op.drop_column("points_order_earning", name)
    op.drop_index(op.f("ix_points_spend_state_until"), table_name="points_spend")
    op.add_column("points_spend", sa.Column("returned", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute("UPDATE points_spend SET returned = (state <> 'spent')")
    op.drop_column("points_spend", "until")
    op.drop_column("points_spend", "state")
    op.drop_column("points_lot", "idle_days")
    op.drop_column("points_holder", "household")
