"""A database that already holds points keeps them when the rules become data."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import command

from assistant.store import migrate
from tests.contract.test_migrations import empty

__all__ = ["empty"]
AT = datetime(2026, 11, 1, tzinfo=UTC)
BODY = '{"per_yuan": 2, "wait_days": 3, "expire_days": 90, "grace_days": 5}'
ROWS = (
    "INSERT INTO points_order_earning (order_id, member_id, per_yuan, earned, lot_id, version)"
    " VALUES ('o1', 'm', 1, 10, 'l1', 1), ('o2', 'm', 3, 30, 'l2', 1)",
    "INSERT INTO points_holder (member_id) VALUES ('m')",
    "INSERT INTO points_rule (name, body, at) VALUES ('earn', :body, :at)",
    "INSERT INTO points_spend (id, member_id, amount, reason, parts, transaction_id, returned, at)"
    " VALUES ('s1', 'm', 1, '', '[]', 't1', :no, :at), ('s2', 'm', 1, '', '[]', 't2', :yes, :at)",
)


def test_orders_keep_their_rate_and_the_rule_in_force_goes_on(empty: str) -> None:
    migrate._run(empty, lambda config: command.upgrade(config, "0002"))
    engine = migrate.open_engine(empty, writing=True, size=1)
    with engine.begin() as book:
        for statement in ROWS:
            values = {name: value for name, value in (("at", AT), ("no", False), ("yes", True), ("body", BODY)) if f":{name}" in statement}
            book.execute(sa.text(statement), values)
    migrate.upgrade(empty)
    with engine.begin() as book:
        earned = {row[0]: row[1] for row in book.execute(sa.text("SELECT order_id, rule_version FROM points_order_earning"))}
        versions = {row.version: row for row in book.execute(sa.select(migrate.metadata.tables["points_rules"]))}
        states = {row[0]: row[1] for row in book.execute(sa.text("SELECT id, state FROM points_spend"))}
    engine.dispose()
    assert earned["o1"] == 0
    assert versions[earned["o2"]].body["per_hundred"] == 300
    live = next(row.body for row in versions.values() if row.state == "live")
    assert live == {"per_hundred": 200, "wait_days": 3, "grace_days": 5, "expiry": {"mode": "rolling", "days": 90}}
    assert states == {"s1": "spent", "s2": "returned"}
