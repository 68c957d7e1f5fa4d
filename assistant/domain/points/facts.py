"""What this room says has happened."""

from __future__ import annotations

from typing import Any

from assistant.domain.points.sheet import Sheet
from assistant.store import Fact


def happened(name: str, member_id: str, amount: int, **more: Any) -> Fact:
    """``points.<name>`` of a member: earned, granted, matured, spent, returned, reversed, expired."""
    return Fact(f"points.{name}", f"member:{member_id}", {"amount": amount, **more}, member_id)


def turned(sheet: Sheet) -> list[Fact]:
    """What became available or was lost by time while the sheet was worked."""
    return [happened(name, lot.member_id, amount, lot_id=lot.id, order_no=lot.order_no) for name, lot, amount in sheet.turned if amount]


def rules_changed(name: str, version: int, **more: Any) -> Fact:
    """``points.rules_proposed`` or ``points.rules_live``."""
    return Fact(f"points.rules_{name}", f"points_rules:{version}", {"version": version, **more})
