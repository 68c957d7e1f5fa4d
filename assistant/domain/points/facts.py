"""What this room says has happened."""

from __future__ import annotations

from typing import Any

from assistant.domain.points.sheet import Sheet
from assistant.store import Fact


def happened(name: str, member_id: str, amount: int, **more: Any) -> Fact:
    """``points.<name>`` of a member: earned, granted, matured, reserved, released, spent, returned, reversed, expiring, expired."""
    return Fact(f"points.{name}", f"member:{member_id}", {"amount": amount, **more}, member_id)


def turned(sheet: Sheet) -> list[Fact]:
    """What became available, was lost by time or came back unused while the sheet was worked."""
    back = [happened("released", row.member_id, row.amount, spend_id=row.id, reason=row.reason) for row in sheet.released.values()]
    return back + [
        happened(name, lot.member_id, amount, lot_id=lot.id, order_no=lot.order_no) for name, lot, amount in sheet.turned if amount
    ]


def rules_changed(name: str, version: int, **more: Any) -> Fact:
    """``points.rules_proposed`` or ``points.rules_live``."""
    return Fact(f"points.rules_{name}", f"points_rules:{version}", {"version": version, **more})
